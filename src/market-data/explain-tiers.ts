import { isNegative, type Entry } from '../cache/entry.ts'
import { CONFIRMED } from '../gateway/fallback-run.ts'
import type { ExplainedTier } from '../market/explanation.ts'
import type { Answer } from '../market/market-data.ts'
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

/** In words, why the quote that is served is the one. */
export function whyChosen({ value, receivedAt, freshUntil }: Answer<Quote>): string {
  const { source, state, attempts, notes = [] } = value.provenance
  const now = Date.now()
  const before = attempts.map(({ provider, outcome }) => `${provider} (${outcome})`).join(', ')
  const passed = before ? ` after ${before}` : ''
  const gave = `${source} gave it ${Math.max(0, Math.round((now - receivedAt) / 1000))} s ago${passed}`
  if (state === 'stale' && freshUntil <= now) return `${gave}; it outlived its freshness and is being renewed`
  if (state === 'stale') return `no provider could renew it${passed}; the last good value of ${source} stands in`
  if (state === 'suspect') return `${gave}, a quality rule doubts it and nobody contradicted it`
  const doubt = notes.find((note) => note.endsWith(CONFIRMED))
  return doubt ? `${gave}; ${doubt}` : `${gave} and it passed every quality rule`
}
