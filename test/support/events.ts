import { quoteUpdate, type BarUpdate, type QuoteUpdate, type TradeReport } from '../../src/market/event.ts'
import type { Provenance } from '../../src/market/provenance.ts'
import type { Quote } from '../../src/market/quote.ts'

const provenance = (receivedAt: string): Provenance => ({
  source: 'sandbox',
  feed: 'sandbox',
  receivedAt,
  state: 'live',
  attempts: []
})

export function quoteOf(symbol: string, price: number, more: Partial<Quote> = {}): Quote {
  const now = new Date().toISOString()
  return { symbol, price, volume: 1000, currency: 'USD', asOf: now, provenance: provenance(now), ...more }
}

export const quoteEvent = (symbol: string, price: number, more: Partial<Quote> = {}): QuoteUpdate =>
  quoteUpdate(quoteOf(symbol, price, more))

let tradeCount = 0

export function tradeEvent(symbol: string, price: number, size: number): TradeReport {
  const now = new Date().toISOString()
  const order = { asOf: now, sequence: ++tradeCount, tradeDate: now.slice(0, 10) }
  const trade = { symbol, price, size, ...order, source: 'sandbox', feed: 'sandbox' as const, receivedAt: now }
  return { type: 'trade', data: { symbol, trade, timestamp: now } }
}

export function barEvent(symbol: string, close: number): BarUpdate {
  const now = new Date().toISOString()
  const bar = { start: '2026-01-05T14:30:00.000Z', open: close, high: close + 1, low: close - 1, close, volume: 500 }
  return {
    type: 'bar_update',
    data: { symbol, interval: '1m', bar, state: 'final', revision: 0, provenance: provenance(now), timestamp: now }
  }
}

/** A quote as the market answers it, of an instant (epoch ms). */
export function marketQuote(symbol: string, price: number, receivedAt: number) {
  const told = new Date(receivedAt).toISOString()
  const value = quoteOf(symbol, price, { asOf: told, provenance: provenance(told) })
  return { value, body: Buffer.from(JSON.stringify(value)), receivedAt }
}
