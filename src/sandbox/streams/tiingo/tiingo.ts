import type { RawData, WebSocket } from 'ws'
import { SECOND_MS } from '../../../market/time.ts'
import { COMPACT_SPELLING, spelledIssue, usIssue } from '../../../market/us-issue.ts'
import type { Scenario } from '../../scenarios.ts'
import type { Instrument } from '../../universe/instrument.ts'
import type { StreamContext, StreamVendor } from '../stream-vendor.ts'
import { Tape } from '../tape.ts'

const WRONG_TOKEN = 'wrong'
const REFERENCE_LEVEL = '6'
const HEARTBEAT_EVERY_MS = 30 * SECOND_MS
const SUCCESS = { code: 200, message: 'Success' }

type Client = { readonly tickers: Set<string>; subscriptionId: number | undefined }

/** Tiingo's IEX stream at the reference level: whoever asks says who he is with each request, and is told his subscription's number. */
export function tiingoStream({ exchange, tickMs, troubles }: StreamContext): StreamVendor {
  const tape = new Tape(exchange, tickMs)
  const listed = exchange.instruments.filter(({ venue }) => venue === 'nasdaq' || venue === 'nyse' || venue === 'arca')
  const byTicker = new Map(listed.map((instrument) => [tickerOf(instrument), instrument]))
  const clients = new Map<WebSocket, Client>()
  let subscriptions = 0
  let lastTick = exchange.now()
  let isDead = false
  const timer = setInterval(tick, tickMs)

  function tick(): void {
    const active = troubles()
    const has = (kind: Scenario['scenario']) => active.some(({ scenario }) => scenario === kind)
    isDead = has('half_open')
    if (has('down')) for (const socket of clients.keys()) socket.terminate()
    const at = exchange.now()
    if (at === lastTick) return
    lastTick = at
    for (const [socket, { tickers }] of clients) {
      if (at % HEARTBEAT_EVERY_MS < tickMs)
        send(socket, { messageType: 'H', response: { code: 200, message: 'HeartBeat' } })
      if (has('mute')) continue
      for (const ticker of tickers) tell(socket, ticker, at)
    }
  }

  function tell(socket: WebSocket, ticker: string, at: number): void {
    const instrument = byTicker.get(ticker)
    const trade = instrument && tape.trade(instrument, at)
    if (!trade) return
    const date = `${new Date(trade.ms).toISOString().slice(0, -1)}${String(trade.ns).padStart(6, '0')}+00:00`
    send(socket, { messageType: 'A', service: 'iex', data: [date, ticker, trade.price] })
  }

  function send(socket: WebSocket, message: object): void {
    if (!isDead && socket.readyState === socket.OPEN) socket.send(JSON.stringify(message))
  }

  const refuse = (socket: WebSocket, code: number, message: string) =>
    send(socket, { messageType: 'E', response: { code, message } })

  function received(socket: WebSocket, client: Client, data: RawData): void {
    const request = requestIn(data)
    if (request.authorization === '' || request.authorization === WRONG_TOKEN) {
      return refuse(socket, 401, 'Unauthorized')
    }
    const isFirst = client.subscriptionId === undefined
    if (isFirst && request.thresholdLevel !== REFERENCE_LEVEL) return refuse(socket, 400, 'thresholdLevel not valid')
    for (const ticker of request.tickers) {
      if (request.eventName === 'subscribe') client.tickers.add(ticker)
      else client.tickers.delete(ticker)
    }
    if (isFirst) {
      client.subscriptionId = ++subscriptions
      return send(socket, { messageType: 'I', data: { subscriptionId: client.subscriptionId }, response: SUCCESS })
    }
    const state = { tickers: [...client.tickers], thresholdLevel: REFERENCE_LEVEL }
    send(socket, { messageType: 'I', data: state, response: SUCCESS })
  }

  return {
    knows: (path) => path === '/iex',
    connected(socket) {
      const client: Client = { tickers: new Set(), subscriptionId: undefined }
      clients.set(socket, client)
      socket.on('message', (data) => isDead || received(socket, client, data))
      socket.on('close', () => clients.delete(socket))
      socket.on('error', () => undefined)
      socket.on('ping', (data) => isDead || socket.pong(data))
    },
    close() {
      clearInterval(timer)
      for (const socket of clients.keys()) socket.terminate()
    }
  }
}

function tickerOf({ symbol }: Instrument): string {
  const issue = usIssue(symbol)
  return ((issue && spelledIssue(issue, COMPACT_SPELLING)) ?? symbol).toLowerCase()
}

function requestIn(data: RawData) {
  const nothing = { eventName: '', authorization: '', thresholdLevel: '', tickers: [] as string[] }
  try {
    const request = JSON.parse(Buffer.isBuffer(data) ? data.toString() : '') as Record<string, unknown>
    const { tickers, thresholdLevel } = request['eventData'] as Record<string, unknown>
    return {
      eventName: String(request['eventName']),
      authorization: String(request['authorization']),
      thresholdLevel: String(thresholdLevel),
      tickers: Array.isArray(tickers) ? tickers.map(String) : []
    }
  } catch {
    return nothing
  }
}
