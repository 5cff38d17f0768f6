import type { Ask, Plan } from './harness.ts'
import type { Recording } from '../../src/sandbox/recording.ts'
import { askedOf } from '../../src/sandbox/recording-match.ts'
import type { Capability, Provider, ProviderErrorKind } from '../../src/providers/provider.ts'
import { canonical } from './checks.ts'

const DAY_MS = 86_400_000

/** What an answer to another question may come to. */
export const NO_VALUE: readonly ProviderErrorKind[] = [
  'bad_payload',
  'not_found',
  'not_covered',
  'unavailable',
  'rate_limited',
  'unauthorized'
]

/**
 * For an answer to a question that no capability asks: whatever an adapter asks, should this be what comes back (from a
 * proxy, a cache, a vendor that moved its endpoints), it must not be made a value of, where its shape tells it apart.
 */
export function planForeign(recording: Recording, why: string, reach: 'data' | 'everywhere' = 'data'): Plan {
  const [wire = 'AAPL'] = askedOf(recording.vendor, recording.url).symbols
  const symbol = canonical(wire)
  const ask = (capability: Capability, run: (provider: Provider, signal: AbortSignal) => Promise<unknown>): Ask => ({
    capability,
    run,
    check() {
      throw new Error('it was taken for an answer')
    }
  })
  const to = Date.UTC(2024, 0, 31)
  const range = { symbol, interval: '1d', from: to - 30 * DAY_MS, to, adjusted: 'splits' } as const
  const asks = [
    ask('quotes', (provider, signal) => provider.quotes!([symbol], signal)),
    ask('bars', (provider, signal) => provider.bars!(range, signal)),
    ask('profile', (provider, signal) => provider.profile!(symbol, signal)),
    ask('news', (provider, signal) => provider.news!(symbol, 10, signal)),
    ask('search', (provider, signal) => provider.search!('apple', 10, signal)),
    ask('movers', (provider, signal) => provider.movers!('gainers', signal)),
    ask('options', (provider, signal) => provider.options!(symbol, undefined, signal)),
    ask('fundamentals', (provider, signal) => provider.fundamentals!(symbol, signal)),
    ask('splits', (provider, signal) => provider.splits!(symbol, signal)),
    ask('dividends', (provider, signal) => provider.dividends!(symbol, signal))
  ]
  return { asks, reach, refusal: NO_VALUE, foreign: why, now: to }
}
