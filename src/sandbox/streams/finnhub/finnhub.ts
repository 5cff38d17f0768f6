import type { RawData, WebSocket } from 'ws'
import { MINUTE_MS } from '../../../market/time.ts'
import type { Scenario } from '../../scenarios.ts'
import type { StreamContext, StreamVendor } from '../stream-vendor.ts'
import { Tape } from '../tape.ts'

const MAX_SYMBOLS = 50

/** Finnhub's trades: nothing is acknowledged, a symbol too many is an error without a name, a second connection ends both. */
export function finnhubStream({ exchange, tickMs, troubles }: StreamContext): StreamVendor {
  const tape = new Tape(exchange, tickMs)
  const clients = new Map<WebSocket, Set<string>>()
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
    for (const [socket, symbols] of clients) {
      if (at % MINUTE_MS < tickMs) send(socket, { type: 'ping' })
      if (!has('mute')) tell(socket, symbols, at)
    }
  }

  function tell(socket: WebSocket, symbols: ReadonlySet<string>, at: number): void {
    const data = [...symbols].flatMap((symbol) => {
      const instrument = exchange.find(symbol)
      const trade = instrument && tape.trade(instrument, at)
      return trade ? [{ s: symbol, p: trade.price, t: trade.ms, v: trade.size, c: ['1'] }] : []
    })
    if (data.length > 0) send(socket, { type: 'trade', data })
  }

  function send(socket: WebSocket, message: object): void {
    if (!isDead && socket.readyState === socket.OPEN) socket.send(JSON.stringify(message))
  }

  function received(socket: WebSocket, symbols: Set<string>, data: RawData): void {
    const { type, symbol } = requestIn(data)
    if (type === 'unsubscribe') symbols.delete(symbol)
    if (type !== 'subscribe') return
    if (symbols.size >= MAX_SYMBOLS) send(socket, { type: 'error', msg: 'Subscribing to too many symbols' })
    else symbols.add(symbol)
  }

  return {
    knows: (path) => path === '/' || path === '',
    connected(socket) {
      if (clients.size > 0) {
        for (const other of [...clients.keys(), socket]) other.terminate()
        return
      }
      const symbols = new Set<string>()
      clients.set(socket, symbols)
      socket.on('message', (data) => isDead || received(socket, symbols, data))
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

function requestIn(data: RawData): { type: string; symbol: string } {
  try {
    const { type, symbol } = JSON.parse(Buffer.isBuffer(data) ? data.toString() : '') as Record<string, unknown>
    return { type: String(type), symbol: String(symbol) }
  } catch {
    return { type: '', symbol: '' }
  }
}
