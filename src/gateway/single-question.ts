import type { Priority } from '../market/market-data.ts'
import type { Quote } from '../market/quote.ts'
import type { Provider } from '../providers/provider.ts'
import type { Fallback, Question } from './fallback.ts'
import type { Arbitration, Sourced } from './fallback-run.ts'

/** Who waits, whose share of the budgets it costs, and the values already had: a fresh one is never worse than those. */
export type Ask = {
  readonly priority: Priority
  readonly user?: string | undefined
  readonly held?: ReadonlyMap<string, Quote> | undefined
}

/** A question with one answer. The answer of one request to the provider is judged, unless there is nothing to judge. */
export type Single<T extends Sourced> = Pick<Question<T>, 'capability' | 'requestsOf'> & {
  readonly ask: (provider: Provider, signal: AbortSignal) => Promise<T>
  readonly judge?: (value: T) => ReturnType<Question<T>['judge']>
  /** Whether the subject is a symbol, as it is unless told. */
  readonly isOfSymbols?: boolean
  readonly isSparing?: boolean
}

/** The answer of the first provider that has one. Rejects with SymbolNotFound or MarketDataUnavailable. */
export type AskSingle = <T extends Sourced>(subject: string, ask: Ask, single: Single<T>) => Promise<T>

export function createSingle(
  fallback: Fallback,
  arbitration: Arbitration<Sourced>,
  labelled: <T extends Sourced>(value: T) => T
): AskSingle {
  return async <T extends Sourced>(subject: string, { priority, user }: Ask, single: Single<T>): Promise<T> => {
    const { capability, requestsOf, ask, judge = (value) => ({ value, doubts: [] }), isOfSymbols = true } = single
    const { isSparing = isOfSymbols } = single
    const answers = await fallback<T>({
      ...arbitration,
      capability,
      subjects: [subject],
      priority,
      user,
      isOfSymbols,
      isSparing,
      requestsOf,
      chunkSize: () => 1,
      ask: async (provider, _subjects, signal) => new Map([[subject, labelled(await ask(provider, signal))]]),
      judge
    })
    const answer = answers.get(subject)!
    if (answer instanceof Error) throw answer
    return answer
  }
}
