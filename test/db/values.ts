import type { BarSeries } from '../../src/market/bar.ts'
import type { Provenance } from '../../src/market/provenance.ts'
import type { Quote } from '../../src/market/quote.ts'

export function provenance(over: Partial<Provenance> = {}): Provenance {
  return {
    source: 'yahoo',
    feed: 'consolidated',
    receivedAt: '2024-03-05T21:00:01.250Z',
    state: 'live',
    attempts: [],
    ...over
  }
}

export function quote(over: Partial<Quote> = {}): Quote {
  return { symbol: 'AAPL', price: 170.12, asOf: '2024-03-05T21:00:00.000Z', provenance: provenance(), ...over }
}

export function series(over: Partial<BarSeries> = {}): BarSeries {
  return {
    symbol: 'AAPL',
    interval: '1d',
    adjusted: 'none',
    bars: [
      { start: '2024-03-04', open: 176.15, high: 176.9, low: 173.79, close: 175.1, volume: 81_510_100 },
      { start: '2024-03-05', open: 170.76, high: 172.04, low: 169.62, close: 170.12 }
    ],
    provenance: provenance(),
    ...over
  }
}

/** Quotes that differ in nothing but their instants, in seconds. */
export function quoteAt(asOfSecond: number, receivedSecond: number, price = 100): Quote {
  return quote({
    price,
    asOf: new Date(asOfSecond * 1000).toISOString(),
    provenance: provenance({ receivedAt: new Date(receivedSecond * 1000).toISOString() })
  })
}
