import { beforeNextPaint } from './frame.ts'

/** Something that changes and is shown: who listens is told once before the next paint, however often it changed. */
export class Value<T> {
  #now: T
  readonly #listeners = new Set<() => void>()
  readonly #tell = (): void => {
    for (const listener of this.#listeners) listener()
  }

  constructor(first: T) {
    this.#now = first
  }

  get now(): T {
    return this.#now
  }

  set(value: T): void {
    if (Object.is(value, this.#now)) return
    this.#now = value
    beforeNextPaint(this.#tell)
  }

  /** Returns how to stop listening. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}
