import type { RawData, WebSocket } from 'ws'
import { SECOND_MS } from '../../../market/time.ts'
import { COMPACT_SPELLING, spelledIssue, usIssue } from '../../../market/us-issue.ts'
import type { Instrument } from '../../universe/instrument.ts'
import type { StreamContext, StreamVendor } from '../stream-vendor.ts'
import { Tape } from '../tape.ts'
import { objectIn, TickingClients } from '../ticking-stream.ts'

const WRONG_TOKEN = 'wrong'
const REFERENCE_LEVEL = '6'
const HEARTBEAT_EVERY_MS = 30 * SECOND_MS
const HEARTBEAT = { code: 200, message: 'HeartBeat' }
const SUCCESS = { code: 200, message: 'Success' }

type Client = { readonly tickers: Set<string>; subscriptionId: number | undefined }

/** Tiingo's streams of IEX and Blue Ocean at the reference level: whoever asks says who he is with each request, and is told his subscription's number. */
export function tiingoStream(context: StreamContext): StreamVendor {
  const { exchange, tickMs } = context
  const tape = new Tape(exchange, tickMs)
  const listed = exchange.instruments.filter(({ venue }) => venue === 'nasdaq' || venue === 'nyse' || venue === 'arca')
  const byTicker = new Map(listed.map((instrument) => [tickerOf(instrument), instrument]))
  let subscriptions = 0
  const clients: TickingClients<Client> = new TickingClients(context, {
    knows: (path) => path === '/iex' || path === '/boats',
    connects: (): Client => ({ tickers: new Set(), subscriptionId: undefined }),
    says: received,
    ticks(socket, { tickers }, at) {
      if (at % HEARTBEAT_EVERY_MS < tickMs) send(socket, { messageType: 'H', response: HEARTBEAT })
      if (clients.isMute) return
      for (const ticker of tickers) tell(socket, ticker, at)
    }
  })
  const send = (socket: WebSocket, message: object) => clients.send(socket, JSON.stringify(message))

  function tell(socket: WebSocket, ticker: string, at: number): void {
    const instrument = byTicker.get(ticker)
    const trade = instrument && tape.trade(instrument, at)
    if (!trade) return
    const date = `${new Date(trade.ms).toISOString().slice(0, -1)}${String(trade.ns).padStart(6, '0')}+00:00`
    send(socket, { messageType: 'A', service: 'iex', data: [date, ticker, trade.price] })
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

  return clients.vendor()
}

function tickerOf({ symbol }: Instrument): string {
  const issue = usIssue(symbol)
  return ((issue && spelledIssue(issue, COMPACT_SPELLING)) ?? symbol).toLowerCase()
}

function requestIn(data: RawData) {
  const { eventName, authorization, eventData } = objectIn(data)
  const { tickers, thresholdLevel } = (eventData ?? {}) as Readonly<Record<string, unknown>>
  return {
    eventName: String(eventName),
    authorization: typeof authorization === 'string' ? authorization : '',
    thresholdLevel: String(thresholdLevel),
    tickers: Array.isArray(tickers) ? tickers.map(String) : []
  }
}
