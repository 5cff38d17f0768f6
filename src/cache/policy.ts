/**
 * How one kind of value is kept. `prefix` and `key` make the Redis key (`quote:` + `AAPL`);
 * all times are milliseconds.
 */
export type Policy<T> = {
  readonly name: string
  readonly prefix: string
  /** How long a value is served as it is, counted from its load. */
  freshMs(value: T): number
  /** How long past its freshness it is served at once, labelled stale, while it is renewed behind the scenes. */
  readonly revalidateMs: number
  /** How long past its freshness it is kept for the day when nobody can renew it. */
  readonly staleMs: number
  /** When the source gave the value. */
  receivedAt(value: T): number
  /**
   * Where the value stands among all values of its key, compared number by number; a value is never replaced by one that
   * comes before it. Absent where what was received later is the newer.
   */
  readonly order?: (value: T) => readonly number[]
  /** The value labelled stale; `cause` is the error of the failed renewal, if there was one. */
  stale(value: T, cause: unknown): T
  readonly negative?: NegativePolicy
  /** Values may be so long that one is not encoded at once, for that would keep others waiting. */
  readonly areLong?: true
  readonly maxEntries: number
  readonly maxBytes: number
}

/** How "there is no such thing" is remembered, and told again. */
export type NegativePolicy = {
  /** What to remember of an error that means absence; undefined for every other error. */
  negativeIn(error: unknown): NegativeFound | undefined
  /** The error anew; `leftMs` is how long the absence is still remembered. */
  errorOf(reason: unknown, leftMs: number): Error
}

export type NegativeFound = {
  readonly reason: unknown
  readonly forMs: number
  /** Not everybody could be asked: what was persisted stands in before the absence is believed. */
  readonly isUnconfirmed: boolean
}
