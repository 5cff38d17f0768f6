import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { MINUTE_MS } from '../../../market/time.ts'
import type { Scenario } from '../../scenarios.ts'
import type { StreamContext } from '../stream-vendor.ts'
import { Tape } from '../tape.ts'
import { TwsClient, type Line } from './client.ts'
import { Contracts, US_RULE, US_STEPS } from './contracts.ts'
import { barRequestIn, barsOf } from './past-bars.ts'
import { ticksOf } from './ticks.ts'

const FARM = 'usfarm'
const LATE = 3
const LIVE = 1

export type SimulatedTws = { readonly port: number; close(): Promise<void> }

export type TwsOptions = Pick<StreamContext, 'exchange' | 'tickMs' | 'troubles'> & {
  readonly host: string
  readonly port: number
  /** Of market data, for each client. */
  readonly maxLines: number
}

/** Serves TWS on a port of its own; rejects where that is taken. */
export async function serveTws(options: TwsOptions): Promise<SimulatedTws> {
  const { exchange, tickMs, troubles, host, port, maxLines } = options
  const tape = new Tape(exchange, tickMs)
  const contracts = new Contracts(exchange)
  const clients = new Set<TwsClient>()
  let active: readonly Scenario[] = []
  let lastTick = exchange.now()
  const has = (kind: Scenario['scenario'], symbol?: string, of = active) =>
    of.some((each) => each.scenario === kind && (each.symbol === undefined || each.symbol === symbol))
  const tellAll = (code: number, text: string) => {
    for (const client of clients) client.fail(-1, code, text)
  }

  function tick(): void {
    const at = exchange.now()
    // A timer that comes twice within a tick must not use up a scenario that holds for one.
    if (at === lastTick) return
    const before = active
    active = troubles()
    tellOutages(before)
    if (has('down')) for (const client of clients) client.drop()
    // Ticks that a busy process missed are told now: a tape has no holes.
    const first = Math.max(lastTick + tickMs, at - MINUTE_MS)
    for (let each = first; each <= at; each += tickMs) {
      if (!has('mute') && !has('upstream_lost') && !has('farm_broken')) for (const client of clients) tell(client, each)
    }
    lastTick = at
  }

  /** An outage of TWS's own sources begins and ends with its scenario. */
  function tellOutages(before: readonly Scenario[]): void {
    const change = (kind: Scenario['scenario']) => {
      const was = before.some(({ scenario }) => scenario === kind)
      return was === has(kind) ? undefined : has(kind)
    }
    const isLost = change('upstream_lost')
    if (isLost === true) tellAll(1100, 'Connectivity between IBKR and Trader Workstation has been lost.')
    if (isLost === false) {
      for (const { lines } of clients) lines.clear()
      tellAll(1101, 'Connectivity between IBKR and Trader Workstation has been restored - data lost.')
    }
    const isBroken = change('farm_broken')
    if (isBroken === true) tellAll(2103, `Market data farm connection is broken:${FARM}`)
    if (isBroken === false) tellAll(2104, `Market data farm connection is OK:${FARM}`)
  }

  function tell(client: TwsClient, at: number): void {
    for (const [id, line] of client.lines) {
      for (const message of ticksOf(exchange, tape, id, line, at)) client.send(...message)
      const isHalt = has('halt', line.instrument.symbol)
      if (isHalt || has('resume', line.instrument.symbol)) client.send(45, 6, id, line.isLate ? 90 : 49, isHalt ? 1 : 0)
    }
  }

  function asked(client: TwsClient, fields: readonly string[]): void {
    const [kind, , third = ''] = fields
    switch (kind) {
      case '49':
        return client.send(49, 1, Math.floor(Date.now() / 1000))
      case '59':
        client.takesLateData = Number(third) === LATE
        return
      case '9':
        return describe(client, Number(third), fields)
      case '91':
        if (Number(fields[1]) === US_RULE) client.send(93, US_RULE, US_STEPS.length / 2, ...US_STEPS)
        return
      case '1':
        return subscribe(client, Number(third), fields)
      case '20':
        return tellBars(client, Number(fields[1]), fields)
      case '2':
        if (!client.lines.delete(Number(third))) client.fail(Number(third), 300, "Can't find EId with ticker Id")
    }
  }

  /** Minutes and days of trades, as far back from an instant as is asked for. */
  function tellBars(client: TwsClient, id: number, fields: readonly string[]): void {
    const instrument = found(['', '', ...fields.slice(1)])
    if (!instrument) return client.fail(id, 200, 'No security definition has been found for the request')
    const request = barRequestIn(fields)
    const bars = request && barsOf(exchange, instrument, request)
    if (!bars) return client.fail(id, 321, 'Error validating request')
    if (has('rate_limited', undefined, troubles())) {
      return client.fail(id, 162, 'Historical Market Data Service error message:pacing violation')
    }
    if (bars.length === 0) {
      return client.fail(id, 162, 'Historical Market Data Service error message:HMDS query returned no data')
    }
    // TWS warns of answers that it gives all the same.
    client.fail(id, 2174, 'Warning: You submitted request with date-time attributes without explicit time zone')
    client.send(17, id, '', '', bars.length, ...bars.flat())
  }

  function found(fields: readonly string[]) {
    const [, , , conId = '', symbol = '', secType = ''] = fields
    const instrument = contracts.find({ conId, symbol, secType })
    return instrument && !has('unknown_symbol', instrument.symbol, troubles()) ? instrument : undefined
  }

  function describe(client: TwsClient, id: number, fields: readonly string[]): void {
    const instrument = found(fields)
    if (!instrument) return client.fail(id, 200, 'No security definition has been found for the request')
    client.send(10, id, ...contracts.details(instrument))
    client.send(52, 1, id)
  }

  function subscribe(client: TwsClient, id: number, fields: readonly string[]): void {
    const instrument = found(fields)
    if (!instrument) return client.fail(id, 200, 'No security definition has been found for the request')
    const { symbol } = instrument
    const now = troubles()
    if (has('evicted', symbol, now)) return client.fail(id, 10_197, 'No market data during competing live session')
    if (client.lines.size >= maxLines) return client.fail(id, 101, 'Max number of tickers has been reached.')
    const isLate = has('plan_refused', symbol, now)
    if (isLate && !client.takesLateData) return client.fail(id, 354, 'Requested market data is not subscribed.')
    const line: Line = { instrument, isLate }
    client.lines.set(id, line)
    if (isLate) client.fail(id, 10_167, 'Requested market data is not subscribed. Displaying delayed market data.')
    client.send(58, 1, id, isLate ? LATE : LIVE)
    client.send(81, id, US_STEPS.at(-1)!, 'a60001', 3)
    client.send(45, 6, id, isLate ? 90 : 49, 0)
    for (const message of ticksOf(exchange, tape, id, line, exchange.now())) client.send(...message)
  }

  const server = createServer((socket) => {
    const client = new TwsClient({
      socket,
      admits: ({ clientId }) => ![...clients].some((other) => other !== client && other.clientId === clientId),
      asked,
      isDead: () => has('half_open')
    })
    clients.add(client)
    socket.on('close', () => clients.delete(client))
  })
  server.listen(port, host)
  await once(server, 'listening')
  const timer = setInterval(tick, tickMs)
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      clearInterval(timer)
      for (const client of clients) client.drop()
      server.close()
      await once(server, 'close')
    }
  }
}
