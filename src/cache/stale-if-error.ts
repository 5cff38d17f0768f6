import type { Answer } from '../market/market-data.ts'
import { answerUnder } from './entry.ts'
import type { Policy } from './policy.ts'

/** How long a stale answer stands in after a failed renewal before the source is asked again. */
const REST_AFTER_FAILURE_MS = 2000

/** Stale answers, labelled as such: what memory, Redis or Postgres held last. */
export class StaleIfError<T> {
  readonly #policy: Policy<T>
  readonly #now: () => number
  readonly #labels = new WeakMap<Answer<T>, Answer<T> | Promise<Answer<T>>>()
  readonly #found = new WeakSet<Answer<T>>()

  constructor(policy: Policy<T>, now: () => number) {
    this.#policy = policy
    this.#now = now
  }

  /** An answer that outlived its freshness and is served while it is renewed: encoded once. */
  labelled(answer: Answer<T>): Answer<T> | Promise<Answer<T>> {
    const known = this.#labels.get(answer)
    if (known) return known
    const labelled = answerUnder(this.#policy, this.#policy.stale(answer.value, undefined), answer)
    this.#labels.set(answer, labelled)
    return labelled
  }

  /** Whether an answer only stands in for one that could not be had: its freshness is but a rest for the source. */
  has(answer: Answer<T>): boolean {
    return this.#found.has(answer)
  }

  /** What stands in after a failed renewal: what the tiers hold, then what was persisted; undefined: nothing. */
  async find(
    held: Answer<T> | undefined,
    error: Error,
    persisted: () => Promise<T | undefined>
  ): Promise<Answer<T> | undefined> {
    const inTiers = held && held.staleUntil > this.#now() ? held : undefined
    const value = inTiers ? inTiers.value : await persisted().catch(() => undefined)
    if (value === undefined) return undefined
    const now = this.#now()
    const answer = await answerUnder(this.#policy, this.#policy.stale(value, error), {
      // Not the vendor's own instant, which is a little earlier: memory keeps what was received later.
      receivedAt: inTiers?.receivedAt ?? this.#policy.receivedAt(value),
      freshUntil: now + REST_AFTER_FAILURE_MS,
      staleUntil: inTiers?.staleUntil ?? now + this.#policy.staleMs
    })
    this.#found.add(answer)
    return answer
  }
}
