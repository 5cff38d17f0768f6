import type { RawData, WebSocket } from 'ws'
import type { Scenario } from '../../scenarios.ts'
import type { Instrument } from '../../universe/instrument.ts'
import { yahooSymbol } from '../../vendors/yahoo/symbols.ts'
import type { StreamContext, StreamVendor } from '../stream-vendor.ts'
import { pricingFrame } from './pricing-message.ts'

/** Yahoo's streamer: it greets nobody, acknowledges nothing, and tells the price of what is named whenever it moves. */
export function yahooStream({ exchange, tickMs, troubles }: StreamContext): StreamVendor {
  const bySpelling = new Map(exchange.instruments.map((instrument) => [yahooSymbol(instrument.symbol), instrument]))
  const clients = new Map<WebSocket, Set<Instrument>>()
  let lastTick = exchange.now()
  let isDead = false
  let isMute = false
  const timer = setInterval(tick, tickMs)

  function tick(): void {
    const active = troubles()
    const has = (kind: Scenario['scenario']) => active.some(({ scenario }) => scenario === kind)
    isDead = has('half_open')
    isMute = has('mute')
    if (has('down')) for (const socket of clients.keys()) socket.terminate()
    const at = exchange.now()
    if (at === lastTick) return
    lastTick = at
    for (const [socket, instruments] of clients) tell(socket, instruments, at)
  }

  function tell(socket: WebSocket, instruments: Iterable<Instrument>, at: number): void {
    if (isDead || isMute || socket.readyState !== socket.OPEN) return
    for (const instrument of instruments) {
      const quote = exchange.quote(instrument, at)
      if (quote.phase !== 'closed') socket.send(pricingFrame(quote, at))
    }
  }

  function received(socket: WebSocket, instruments: Set<Instrument>, data: RawData): void {
    const { subscribe, unsubscribe } = requestIn(data)
    for (const spelling of unsubscribe) instruments.delete(bySpelling.get(spelling)!)
    const named = subscribe.flatMap((spelling) => bySpelling.get(spelling) ?? [])
    const added = named.filter((instrument) => !instruments.has(instrument))
    for (const instrument of added) instruments.add(instrument)
    tell(socket, added, exchange.now())
  }

  return {
    knows: (path) => path === '/' || path === '',
    connected(socket) {
      const instruments = new Set<Instrument>()
      clients.set(socket, instruments)
      socket.on('message', (data) => isDead || received(socket, instruments, data))
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

function requestIn(data: RawData): { subscribe: string[]; unsubscribe: string[] } {
  const listIn = (list: unknown) => (Array.isArray(list) ? list.map(String) : [])
  try {
    const request = JSON.parse(Buffer.isBuffer(data) ? data.toString() : '') as Record<string, unknown>
    return { subscribe: listIn(request['subscribe']), unsubscribe: listIn(request['unsubscribe']) }
  } catch {
    return { subscribe: [], unsubscribe: [] }
  }
}
