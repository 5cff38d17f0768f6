import type { WebSocket } from 'ws'
import { MINUTE_MS } from '../../../market/time.ts'
import { cryptoPair } from '../../../market/symbol.ts'
import type { Instrument } from '../../universe/instrument.ts'
import type { Scenario } from '../../scenarios.ts'
import type { StreamContext, StreamRequest, StreamVendor } from '../stream-vendor.ts'
import { Tape, type TapeBar, type TapeQuote, type TapeTrade } from '../tape.ts'
import { AlpacaConnection, WireInstant, type Channel, type Message } from './connection.ts'
import { OptionTape } from './options.ts'

/** `free` has the vendor's free plan: one venue, so many symbols of trades and quotes together. */
const FREE_KEY = 'free'
const FREE_SYMBOLS = 30
const WRONG_KEY = 'wrong'

const STOCK_CHANNELS: readonly Channel[] = ['trades', 'quotes', 'bars', 'updatedBars', 'dailyBars', 'statuses', 'lulds']
const COIN_CHANNELS: readonly Channel[] = ['trades', 'quotes', 'bars', 'updatedBars', 'dailyBars']
const OPTION_CHANNELS: readonly Channel[] = ['trades', 'quotes']
const BAND = 0.05
/** At night nothing trades at the simulated exchanges; these paths are there and silent. */
const PATHS: Readonly<
  Record<
    string,
    {
      readonly channels: readonly Channel[]
      readonly delayMs?: number
      readonly isPaid?: true
      readonly isOptions?: true
    }
  >
> = {
  '/v2/iex': { channels: STOCK_CHANNELS },
  '/v2/sip': { channels: STOCK_CHANNELS, isPaid: true },
  '/v2/delayed_sip': { channels: STOCK_CHANNELS, delayMs: 15 * MINUTE_MS },
  '/v2/test': { channels: STOCK_CHANNELS },
  '/v1beta1/boats': { channels: STOCK_CHANNELS, isPaid: true },
  '/v1beta1/overnight': { channels: STOCK_CHANNELS },
  '/v1beta3/crypto/us': { channels: COIN_CHANNELS },
  '/v1beta1/indicative': { channels: OPTION_CHANNELS, isOptions: true },
  '/v1beta1/opra': { channels: OPTION_CHANNELS, isOptions: true, isPaid: true }
}

type Client = { readonly connection: AlpacaConnection; readonly path: string }

/** Alpaca's streams: whoever authenticates with a key that is in use on a path is refused, and the first one stays. */
export function alpacaStream({ exchange, tickMs, troubles }: StreamContext): StreamVendor {
  const tape = new Tape(exchange, tickMs)
  const options = new OptionTape(exchange)
  const clients = new Set<Client>()
  let lastTick = exchange.now()
  let isDead = false
  const timer = setInterval(tick, tickMs)

  function tick(): void {
    const at = exchange.now()
    // A timer that comes twice within a tick must not use up a scenario that holds for one.
    if (at === lastTick) return
    const active = troubles()
    const has = (kind: Scenario['scenario']) => active.some(({ scenario }) => scenario === kind)
    isDead = has('half_open')
    if (has('down')) for (const { connection } of clients) connection.drop()
    if (has('slow_client')) for (const { connection } of clients) connection.fail(407)
    // Ticks that a busy process missed are told now: a tape has no holes.
    const first = Math.max(lastTick + tickMs, at - MINUTE_MS)
    for (let each = first; each <= at; each += tickMs) {
      if (!has('mute')) for (const client of clients) tell(client, each, active)
    }
    lastTick = at
  }

  function tell({ connection, path }: Client, at: number, active: readonly Scenario[]): void {
    const { delayMs = 0, isOptions } = PATHS[path]!
    const messages: Message[] = []
    for (const spelling of isOptions ? connection.symbols : spellings(connection, path)) {
      if (isOptions) {
        const on = (channel: Channel) => connection.isSubscribed(channel, spelling)
        messages.push(...options.messages(spelling, at, on))
        continue
      }
      const instrument = exchange.find(canonical(spelling))
      if (instrument) messages.push(...messagesOf(connection, instrument, spelling, at - delayMs, active))
    }
    connection.send(messages)
  }

  function messagesOf(
    connection: AlpacaConnection,
    instrument: Instrument,
    spelling: string,
    at: number,
    active: readonly Scenario[]
  ): Message[] {
    const messages: Message[] = []
    const on = (channel: Channel) => connection.isSubscribed(channel, spelling)
    const trade = tape.trade(instrument, at)
    if (trade && on('trades')) {
      messages.push(tradeMessage(trade, spelling))
      messages.push(...troubledTrades(trade, spelling, active))
    }
    const quote = on('quotes') ? tape.quote(instrument, at) : undefined
    if (quote) messages.push({ T: 'q', S: spelling, ...quoteFields(quote) })
    if (on('statuses')) messages.push(...statusMessages(spelling, instrument, at, active))
    const isNewMinute = at % MINUTE_MS < tickMs
    const minute = isNewMinute && on('bars') ? tape.minuteBefore(instrument, at) : undefined
    if (minute) messages.push(barMessage('b', spelling, minute))
    const day = isNewMinute && on('dailyBars') ? tape.day(instrument, at) : undefined
    if (day) messages.push(barMessage('d', spelling, day))
    if (trade && isNewMinute && on('lulds')) {
      const [u, d] = [round(trade.price * (1 + BAND)), round(trade.price * (1 - BAND))]
      messages.push({ T: 'l', S: spelling, u, d, i: 'B', z: 'B', t: new WireInstant(at) })
    }
    return messages
  }

  function admits(key: string, secret: string, path: string): number | undefined {
    if (key === '' || key === WRONG_KEY || secret === '') return 402
    if (PATHS[path]!.isPaid && key === FREE_KEY) return 409
    const isTaken = [...clients].some((client) => client.path === path && client.connection.key === key)
    return isTaken ? 406 : undefined
  }

  return {
    knows: (path) => Object.hasOwn(PATHS, path),
    connected(socket: WebSocket, { path, headers }: StreamRequest) {
      const connection: AlpacaConnection = new AlpacaConnection({
        socket,
        isBinary: headers['content-type'] === 'application/msgpack',
        maxSymbolsOf: (key) => (key === FREE_KEY ? FREE_SYMBOLS : Infinity),
        hasChannel: (channel) => PATHS[path]!.channels.some((each) => each === channel),
        admits: (key, secret) => admits(key, secret, path),
        isDead: () => isDead
      })
      const client = { connection, path }
      clients.add(client)
      socket.on('close', () => clients.delete(client))
      socket.on('ping', (data) => isDead || socket.pong(data))
    },
    close() {
      clearInterval(timer)
      for (const { connection } of clients) connection.drop()
    }
  }

  /** `*` is everything that trades there. */
  function spellings(connection: AlpacaConnection, path: string): Set<string> {
    const { symbols } = connection
    if (!symbols.delete('*')) return symbols
    const isOfPath = (instrument: Instrument) =>
      (cryptoPair(instrument.symbol) !== undefined) === path.includes('crypto')
    return new Set(exchange.instruments.filter(isOfPath).map(({ symbol }) => spelt(symbol)))
  }
}

/** A trade as REST tells it, and the stream within its messages. */
export function tradeFields({ id, price, size, ms, ns, isExtended }: TapeTrade) {
  const c = ['@', ...(isExtended ? ['T'] : []), ...(size < 100 ? ['I'] : [])]
  return { i: id, x: 'V', p: price, s: size, c, z: 'B', t: new WireInstant(ms, ns) }
}

/** The same of a quote. */
export const quoteFields = ({ bid, ask, bidSize, askSize, ms, ns }: TapeQuote) => ({
  bx: 'V',
  bp: bid,
  bs: bidSize,
  ax: 'V',
  ap: ask,
  as: askSize,
  c: ['R'],
  z: 'B',
  t: new WireInstant(ms, ns)
})

const tradeMessage = (trade: TapeTrade, spelling: string): Message => ({ T: 't', S: spelling, ...tradeFields(trade) })

/** A trade is told late, corrected, or taken back. */
function troubledTrades(trade: TapeTrade, spelling: string, active: readonly Scenario[]): Message[] {
  const told = tradeMessage(trade, spelling)
  const t = new WireInstant(trade.ms, trade.ns)
  return active.flatMap(({ scenario, symbol }): Message[] => {
    if (symbol !== undefined && symbol !== trade.instrument.symbol) return []
    switch (scenario) {
      case 'late_trade': {
        const late = new WireInstant(trade.ms - 2 * MINUTE_MS, trade.ns)
        return [{ ...told, i: trade.id + 1_000_000, t: late, c: ['@', 'Z'] }]
      }
      case 'trade_correction': {
        const original = { oi: trade.id, op: trade.price, os: trade.size, oc: told.c }
        const right = { ci: trade.id + 2_000_000, cp: trade.price, cs: trade.size + 1, cc: told.c }
        return [{ T: 'c', S: spelling, x: 'V', ...original, ...right, t, z: 'B' }]
      }
      case 'trade_cancel':
        return [{ T: 'x', S: spelling, i: trade.id, x: 'V', p: trade.price, s: trade.size, a: 'C', t, z: 'B' }]
      default:
        return []
    }
  })
}

function statusMessages(spelling: string, { symbol }: Instrument, at: number, active: readonly Scenario[]): Message[] {
  return active.flatMap(({ scenario, symbol: about }): Message[] => {
    if ((scenario !== 'halt' && scenario !== 'resume') || (about !== undefined && about !== symbol)) return []
    const status =
      scenario === 'halt'
        ? { sc: 'H', sm: 'Trading Halt', rc: 'T1', rm: 'Halt News Pending' }
        : { sc: 'T', sm: 'Trading Resumption', rc: 'T3', rm: 'News and Resumption Times' }
    return [{ T: 's', S: spelling, ...status, z: 'C', t: new WireInstant(at) }]
  })
}

function barMessage(kind: 'b' | 'd', spelling: string, bar: TapeBar): Message {
  const { start, open, high, low, close, volume } = bar
  const vw = round((open + high + low + close) / 4)
  return { T: kind, S: spelling, o: open, h: high, l: low, c: close, v: volume, n: 60, vw, t: new WireInstant(start) }
}

const round = (price: number): number => Math.round(price * 100) / 100
const canonical = (spelling: string): string => spelling.replace('/', '-')
export const spelt = (symbol: string): string => {
  const pair = cryptoPair(symbol)
  return pair ? `${pair.base}/${pair.quoted}` : symbol
}
