import type { RawData, WebSocket } from 'ws'
import type { Instrument } from '../../universe/instrument.ts'
import { yahooSymbol } from '../../vendors/yahoo/symbols.ts'
import type { StreamContext, StreamVendor } from '../stream-vendor.ts'
import { objectIn, TickingClients } from '../ticking-stream.ts'
import { pricingFrame } from './pricing-message.ts'

/** Yahoo's streamer: it greets nobody, acknowledges nothing, and tells the price of what is named whenever it moves. */
export function yahooStream(context: StreamContext): StreamVendor {
  const { exchange } = context
  const bySpelling = new Map(exchange.instruments.map((instrument) => [yahooSymbol(instrument.symbol), instrument]))
  const clients: TickingClients<Set<Instrument>> = new TickingClients(context, {
    knows: (path) => path === '/' || path === '',
    connects: () => new Set<Instrument>(),
    says: received,
    ticks: (socket, instruments, at) => tell(socket, instruments, at)
  })

  function tell(socket: WebSocket, instruments: Iterable<Instrument>, at: number): void {
    if (clients.isMute) return
    for (const instrument of instruments) {
      const quote = exchange.quote(instrument, at)
      if (quote.phase !== 'closed') clients.send(socket, pricingFrame(quote, at))
    }
  }

  function received(socket: WebSocket, instruments: Set<Instrument>, data: RawData): void {
    const { subscribe, unsubscribe } = objectIn(data)
    for (const spelling of textsIn(unsubscribe)) instruments.delete(bySpelling.get(spelling)!)
    const named = textsIn(subscribe).flatMap((spelling) => bySpelling.get(spelling) ?? [])
    const added = named.filter((instrument) => !instruments.has(instrument))
    for (const instrument of added) instruments.add(instrument)
    tell(socket, added, exchange.now())
  }

  return clients.vendor()
}

const textsIn = (list: unknown): string[] => (Array.isArray(list) ? list.map(String) : [])
