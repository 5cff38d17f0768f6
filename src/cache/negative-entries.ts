import type { NegativeEntry } from './entry.ts'
import type { NegativePolicy } from './policy.ts'

/** What a kind of value remembers of errors that mean "there is no such thing", and tells again. */
export class Negatives {
  readonly #policy: NegativePolicy | undefined
  readonly #now: () => number

  constructor(policy: NegativePolicy | undefined, now: () => number) {
    this.#policy = policy
    this.#now = now
  }

  /** What to remember of an error; undefined for one that means no absence. */
  negativeIn(error: unknown): { readonly entry: NegativeEntry; readonly isUnconfirmed: boolean } | undefined {
    const found = this.#policy?.negativeIn(error)
    if (!found) return undefined
    const { reason, forMs, isUnconfirmed } = found
    const receivedAt = this.#now()
    return { entry: { absent: true, reason, receivedAt, freshUntil: receivedAt + forMs }, isUnconfirmed }
  }

  errorOf({ reason, freshUntil }: NegativeEntry): Error {
    return this.#policy!.errorOf(reason, freshUntil - this.#now())
  }
}
