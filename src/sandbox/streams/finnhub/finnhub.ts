import type { RawData, WebSocket } from 'ws'
import { MINUTE_MS } from '../../../market/time.ts'
import type { StreamContext, StreamVendor } from '../stream-vendor.ts'
import { Tape } from '../tape.ts'
import { objectIn, TickingClients } from '../ticking-stream.ts'

const MAX_SYMBOLS = 50

/** Finnhub's trades: nothing is acknowledged, a symbol too many is an error without a name, a second connection ends both. */
export function finnhubStream(context: StreamContext): StreamVendor {
  const { exchange, tickMs } = context
  const tape = new Tape(exchange, tickMs)
  const clients: TickingClients<Set<string>> = new TickingClients(context, {
    knows: (path) => path === '/' || path === '',
    connects() {
      if (clients.size === 0) return new Set()
      clients.endAll()
      return undefined
    },
    says: received,
    ticks(socket, symbols, at) {
      if (at % MINUTE_MS < tickMs) send(socket, { type: 'ping' })
      if (!clients.isMute) tell(socket, symbols, at)
    }
  })
  const send = (socket: WebSocket, message: object) => clients.send(socket, JSON.stringify(message))

  function tell(socket: WebSocket, symbols: ReadonlySet<string>, at: number): void {
    const data = [...symbols].flatMap((symbol) => {
      const instrument = exchange.find(symbol)
      const trade = instrument && tape.trade(instrument, at)
      return trade ? [{ s: symbol, p: trade.price, t: trade.ms, v: trade.size, c: ['1'] }] : []
    })
    if (data.length > 0) send(socket, { type: 'trade', data })
  }

  function received(socket: WebSocket, symbols: Set<string>, data: RawData): void {
    const { type, symbol } = objectIn(data)
    if (typeof symbol !== 'string') return
    if (type === 'unsubscribe') symbols.delete(symbol)
    if (type !== 'subscribe') return
    if (symbols.size >= MAX_SYMBOLS) send(socket, { type: 'error', msg: 'Subscribing to too many symbols' })
    else symbols.add(symbol)
  }

  return clients.vendor()
}
