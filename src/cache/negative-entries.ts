import type { Absence } from './entry.ts'
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
  absenceIn(error: unknown): { readonly entry: Absence; readonly isUnconfirmed: boolean } | undefined {
    const found = this.#policy?.absenceIn(error)
    if (!found) return undefined
    const { reason, forMs, isUnconfirmed } = found
    const receivedAt = this.#now()
    return { entry: { absent: true, reason, receivedAt, freshUntil: receivedAt + forMs }, isUnconfirmed }
  }

  errorOf({ reason, freshUntil }: Absence): Error {
    return this.#policy!.errorOf(reason, freshUntil - this.#now())
  }
}
