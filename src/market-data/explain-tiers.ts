import { isNegative, type Entry } from '../cache/entry.ts'
import type { ExplainedTier } from '../market/explanation.ts'
import type { Quote } from '../market/quote.ts'

type Held = { memory: Entry<Quote> | undefined; redis: Entry<Quote> | undefined }

/** What each tier holds for a quote, nearest first. */
export async function explainTiers(
  held: Held,
  persisted: () => Promise<Quote | undefined>,
  now = Date.now()
): Promise<ExplainedTier[]> {
  return [
    tierOf('memory', held.memory, now),
    tierOf('redis', held.redis, now),
    await persisted().then(
      (quote): ExplainedTier =>
        quote
          ? { tier: 'postgres', state: 'stale', ...ageAndSource(quote, Date.parse(quote.provenance.receivedAt), now) }
          : { tier: 'postgres', state: 'absent' },
      (): ExplainedTier => ({ tier: 'postgres', state: 'unreachable' })
    )
  ]
}

function tierOf(tier: 'memory' | 'redis', entry: Entry<Quote> | undefined, now: number): ExplainedTier {
  if (!entry || isNegative(entry)) return { tier, state: 'absent' }
  const state = entry.freshUntil > now && entry.value.provenance.state !== 'stale' ? 'fresh' : 'stale'
  return { tier, state, ...ageAndSource(entry.value, entry.receivedAt, now) }
}

function ageAndSource(quote: Quote, receivedAt: number, now: number) {
  return { ageSeconds: Math.max(0, Math.round((now - receivedAt) / 1000)), source: quote.provenance.source }
}
