import assert from 'node:assert/strict'
import { Compile } from 'typebox/compile'
import type { TSchema } from 'typebox'
import { BarSeries } from '../../src/market/bar.ts'
import { Dividends, Splits } from '../../src/market/corporate-action.ts'
import { Fundamentals } from '../../src/market/fundamentals.ts'
import { Indices, Movers, Sectors } from '../../src/market/market-wide.ts'
import { MarketNews, News } from '../../src/market/news.ts'
import { OptionChain } from '../../src/market/option-chain.ts'
import { Profile } from '../../src/market/profile.ts'
import { Quote } from '../../src/market/quote.ts'
import { SearchResult } from '../../src/market/search.ts'
import { ProviderError, type Capability, type Provider, type ProviderErrorKind } from '../../src/providers/provider.ts'
import type { Recording } from '../../src/sandbox/recording.ts'
import type { Reach, RecordedVendors } from '../../src/sandbox/recordings.ts'

/** One call of the adapter that a recording answers, and what its value must say. */
export type Ask = {
  readonly capability: Capability
  run(provider: Provider, signal: AbortSignal): Promise<unknown>
  /** What this call must come to, where that is a refusal although the whole is none. */
  readonly refusal?: Refusal
  /** Throws where the value, as JSON, does not mean what the payload says. */
  check(value: never): void
}

export type Plan =
  | { readonly notApplicable: string }
  | {
      readonly asks: readonly Ask[]
      /** The adapter's clock, where it matters for the request: epoch milliseconds. */
      readonly now?: number
      /** The answer is the same whatever is asked: serve it everywhere. */
      readonly everywhere?: boolean
      readonly plan?: 'standard' | 'free'
      /** How far the recording is served, where `everywhere` does not say it. */
      readonly reach?: Reach
      /**
       * What it must come to in place of what its body looks like. Null where it is an answer although it does not look
       * like one: a crumb is no JSON.
       */
      readonly refusal?: Refusal | null
      /** Why it is an answer to nothing that is asked, where it is. */
      readonly foreign?: string
    }

export type Verdict = {
  readonly outcome: 'passed' | 'failed' | 'not applicable' | 'foreign'
  readonly detail: string
}

const SCHEMAS: Record<Capability, TSchema> = {
  quotes: Quote,
  bars: BarSeries,
  profile: Profile,
  news: News,
  marketNews: MarketNews,
  search: SearchResult,
  indices: Indices,
  sectors: Sectors,
  movers: Movers,
  options: OptionChain,
  fundamentals: Fundamentals,
  splits: Splits,
  dividends: Dividends
}

/** What a recording of a refusal must come to: one of these kinds, or the absence that `not_found` is in lists. */
export type Refusal = readonly ProviderErrorKind[] | undefined

/** An answer to another question that nothing tells from an answer to this one: it says nothing about the adapter. */
class ReadsAlike extends Error {}

/** Asks the adapter for what a recording answers, and judges the answer. */
export async function judge(
  recording: Recording,
  plan: Plan,
  refusal: Refusal,
  vendors: RecordedVendors,
  provider: Provider
): Promise<Verdict> {
  if ('notApplicable' in plan) return { outcome: 'not applicable', detail: plan.notApplicable }
  try {
    for (const ask of plan.asks) {
      if (plan.foreign && !provider[ask.capability]) continue
      vendors.use(recording.id, reachOf(plan))
      await judgeAsk(
        ask,
        plan.refusal === null ? undefined : (ask.refusal ?? plan.refusal ?? refusal),
        provider,
        plan.foreign !== undefined
      )
      const used = vendors.served.some((each) => each.recording === recording.id)
      assert(
        used,
        `${ask.capability} never asked for it, but for ${vendors.served.map((each) => each.asked.endpoint).join(', ')}`
      )
    }
    return plan.foreign ? { outcome: 'foreign', detail: plan.foreign } : { outcome: 'passed', detail: '' }
  } catch (error) {
    if (error instanceof ReadsAlike) return { outcome: 'not applicable', detail: `${plan.foreign}; ${error.message}` }
    return { outcome: 'failed', detail: error instanceof Error ? error.message : String(error) }
  }
}

export function reachOf(plan: { reach?: Reach; everywhere?: boolean }): Reach {
  return plan.reach ?? (plan.everywhere ? 'everywhere' : 'endpoint')
}

async function judgeAsk(ask: Ask, refusal: Refusal, provider: Provider, isForeign: boolean): Promise<void> {
  assert(provider[ask.capability], `${provider.name} has no ${ask.capability}`)
  let value: unknown
  try {
    value = asJson(await ask.run(provider, AbortSignal.timeout(5000)))
  } catch (error) {
    assert(error instanceof ProviderError, `rejected with ${String(error)}, which is no ProviderError`)
    assert(refusal, `${ask.capability} rejected with ${error.kind}: ${error.message}`)
    assert(refusal.includes(error.kind), `${ask.capability} rejected with ${error.kind}, not ${refusal.join(' or ')}`)
    if (error.kind === 'rate_limited') assert(error.scope !== undefined, 'the rate limit has no scope')
    return
  }
  if (isForeign && !isAbsence(value)) throw new ReadsAlike(`its rows read like those of ${ask.capability}`)
  if (refusal) {
    assert(refusal.includes('not_found') && isAbsence(value), `answered ${preview(value)}, not ${refusal.join(' or ')}`)
    return
  }
  checkShape(ask.capability, value)
  ask.check(value as never)
}

/** Throws where a value, as JSON, is not what the capability gives. */
export function checkShape(capability: Capability, value: unknown): void {
  const values = capability === 'quotes' ? (value as unknown[]) : [value]
  const schema = validators[capability]
  for (const each of values) {
    const [error] = schema.Errors(each)
    assert(error === undefined, `${capability} breaks its schema: ${JSON.stringify(error)} in ${preview(each)}`)
  }
}

const validators = Object.fromEntries(
  Object.entries(SCHEMAS).map(([capability, schema]) => [capability, Compile(schema)])
) as Record<Capability, ReturnType<typeof Compile>>

/** What would leave the server; a map of quotes becomes their list. */
export function asJson(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value instanceof Map ? [...value.values()] : value))
}

/** An empty list, or an answer whose lists are all empty: the symbol is not known. */
export function isAbsence(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0
  const lists = Object.entries(value as object).filter(([name, each]) => name !== 'provenance' && Array.isArray(each))
  const metrics = (value as { metrics?: object }).metrics ?? {}
  const isBare = Object.keys(metrics).length === 0
  return isBare && lists.length > 0 && lists.every(([, each]) => (each as unknown[]).length === 0)
}

function preview(value: unknown): string {
  return JSON.stringify(value)?.slice(0, 300) ?? 'nothing'
}
