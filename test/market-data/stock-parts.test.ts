import { expect, test } from 'vitest'
import { fromQuote } from '../../src/market-data/stock-parts.ts'
import type { Quote } from '../../src/market/quote.ts'
import { quoteOf } from '../support/events.ts'

test('a market value beside a streamed price is there, of the provider that told it; of nobody it is not', () => {
  const { provenance, asOf } = quoteOf('SPY', 600)
  const streamed = { ...provenance, source: 'ibkr', delivery: 'stream' as const }
  const parts = [{ source: 'yahoo', feed: 'delayed' as const, asOf, groups: ['marketCap' as const] }]
  const told = (of: Quote['provenance']) => fromQuote(quoteOf('SPY', 600, { marketCap: 9e11, provenance: of }))
  expect(told({ ...streamed, parts })).toMatchObject({ marketCap: 9e11, marketCapSource: 'yahoo' })
  expect(told(provenance)).toMatchObject({ marketCap: 9e11, marketCapSource: 'sandbox' })
  expect(told(streamed)).not.toHaveProperty('marketCap')
})
