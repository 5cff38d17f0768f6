export type BacklogOptions<T> = {
  /** How much may wait, in the unit of `weightOf`. Over it the oldest go, and are counted. */
  readonly maxWeight: number
  /** 1 for each value where it is not given. */
  readonly weightOf?: (value: T) => number
  /** What to keep of two values with one key; the one that came later where it is not given. */
  readonly merge?: (held: T, value: T) => T
}

/** Values that wait to be written: one per key, oldest first, bounded. */
export class Backlog<T> {
  readonly #maxWeight: number
  readonly #weightOf: (value: T) => number
  readonly #merge: (held: T, value: T) => T
  #waiting = new Map<string, T>()
  #weight = 0
  #dropped = 0

  constructor({ maxWeight, weightOf = () => 1, merge = (_, value) => value }: BacklogOptions<T>) {
    this.#maxWeight = maxWeight
    this.#weightOf = weightOf
    this.#merge = merge
  }

  get size(): number {
    return this.#waiting.size
  }

  get weight(): number {
    return this.#weight
  }

  /** Values that gave way to newer ones since the start. */
  get dropped(): number {
    return this.#dropped
  }

  add(key: string, value: T): void {
    const held = this.#waiting.get(key)
    const kept = held === undefined ? value : this.#merge(held, value)
    this.#weight += this.#weightOf(kept) - (held === undefined ? 0 : this.#weightOf(held))
    this.#waiting.set(key, kept)
    this.#dropOldest()
  }

  /** Hands over all that waits. */
  take(): Map<string, T> {
    const taken = this.#waiting
    this.#waiting = new Map()
    this.#weight = 0
    return taken
  }

  /** Puts back what was taken and could not be written, before all that came since. */
  restore(taken: ReadonlyMap<string, T>): void {
    const since = this.take()
    for (const [key, value] of taken) this.add(key, value)
    for (const [key, value] of since) this.add(key, value)
  }

  #dropOldest(): void {
    for (const [key, value] of this.#waiting) {
      if (this.#weight <= this.#maxWeight) return
      this.#waiting.delete(key)
      this.#weight -= this.#weightOf(value)
      this.#dropped++
    }
  }
}
