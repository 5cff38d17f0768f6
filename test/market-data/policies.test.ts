import { describe, expect, test } from 'vitest'
import { createPolicies } from '../../src/market-data/policies.ts'
import { CALENDARS } from '../../src/market/calendars.ts'
import type { Quote } from '../../src/market/quote.ts'
import { SessionClock } from '../../src/market/session-clock.ts'
import { aQuote } from '../gateway/market.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

/** How long a quote that arrives at an instant is fresh. */
function freshMs(at: string, parts: Partial<Quote>): number {
  const quote = aQuote('AAPL', { asOf: at, ...parts })
  return createPolicies(new SessionClock(CALENDARS), {
    quoteRefreshMs: 30_000,
    now: () => Date.parse(at)
  }).quote.freshMs(quote)
}

describe('a quote stays fresh', () => {
  test.each<[string, string, Partial<Quote>, number]>([
    ['for a minute in session', '2026-11-20T15:00:00Z', { marketState: 'regular' }, MINUTE],
    [
      'for a minute although its vendor says closed in session',
      '2026-11-20T15:00:00Z',
      { marketState: 'closed' },
      MINUTE
    ],
    ['for a minute after hours', '2026-11-20T22:00:00Z', { marketState: 'post' }, MINUTE],
    [
      'for a minute while delayed vendors may not have seen the end',
      '2026-11-21T01:20:00Z',
      { marketState: 'closed' },
      MINUTE
    ],
    ['over the weekend until the pre-market', '2026-11-21T02:00:00Z', { marketState: 'closed' }, 55 * HOUR],
    ['over Thanksgiving', '2026-11-26T12:00:00Z', { marketState: 'closed' }, 21 * HOUR],
    ['after a half day until Monday', '2026-11-27T23:00:00Z', { marketState: 'closed' }, 58 * HOUR],
    [
      'over the weekend where the vendor tells no state but the price of the close',
      '2026-11-21T02:00:00Z',
      { asOf: '2026-11-20T20:59:58Z' },
      55 * HOUR
    ],
    [
      'for a minute where the vendor tells no state and an earlier price',
      '2026-11-21T02:00:00Z',
      { asOf: '2026-11-20T19:00:00Z' },
      MINUTE
    ],
    [
      'for a minute on an exchange whose hours are not known',
      '2026-11-21T02:00:00Z',
      { symbol: '7203.T', marketState: 'closed' },
      MINUTE
    ],
    [
      'for a minute where it never closes',
      '2026-11-21T02:00:00Z',
      { symbol: 'BTC-USD', marketState: 'regular' },
      MINUTE
    ],
    [
      'until Monday morning of Mumbai',
      '2026-11-20T12:00:00Z',
      { symbol: 'NSE:RELIANCE', marketState: 'closed' },
      63.5 * HOUR
    ]
  ])('%s', (_, at, parts, expected) => {
    expect(freshMs(at, parts)).toBe(expected)
  })

  test('for seconds where a rule doubts it, whatever the hour', () => {
    const doubted = {
      marketState: 'closed' as const,
      provenance: { ...aQuote('AAPL').provenance, state: 'suspect' as const }
    }
    expect(freshMs('2026-11-21T02:00:00Z', doubted)).toBe(10_000)
  })
})

test('a stale list of indices does not tell of any index that it is live', () => {
  const { indices } = createPolicies(new SessionClock(CALENDARS), { quoteRefreshMs: 30_000 })
  const quotes = ['^GSPC', '^VIX'].map((symbol) => aQuote(symbol))
  const stale = indices.stale({ indices: quotes, provenance: quotes[0]!.provenance }, undefined)
  expect([stale, ...stale.indices].map(({ provenance }) => provenance.state)).toEqual(['stale', 'stale', 'stale'])
})
