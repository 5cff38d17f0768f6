import type { Want } from '../../src/demand/want.ts'
import type { TopicName } from '../../src/market/event.ts'

/** All that is wanted: what clients want, and with less urgency what is configured, by name and by rules. */
export class OwnWants {
  /** By topic. What a client wants stands before what is configured. */
  readonly wanted = new Map<TopicName, Want>()
  readonly #own = new Map<TopicName, Want>()

  constructor(symbols: readonly string[]) {
    for (const symbol of symbols) this.#add(`trades:${symbol}`)
  }

  /** What clients want of some topics now; undefined: nobody does. */
  clientsWant(changes: Iterable<readonly [TopicName, Want | undefined]>): void {
    for (const [topic, want] of changes) {
      const next = want ?? this.#own.get(topic)
      if (next) this.wanted.set(topic, next)
      else this.wanted.delete(topic)
    }
  }

  /** Rules select other symbols: of those quotes are wanted, and all that they are made of. */
  select(added: readonly string[], removed: readonly string[]): void {
    for (const symbol of removed) this.#remove(`quotes:${symbol}`)
    for (const symbol of added) this.#add(`quotes:${symbol}`)
  }

  #add(topic: TopicName): void {
    const want: Want = { topic, priority: 'warm_up', leases: 1 }
    this.#own.set(topic, want)
    if (!this.wanted.has(topic)) this.wanted.set(topic, want)
  }

  #remove(topic: TopicName): void {
    if (this.wanted.get(topic) === this.#own.get(topic)) this.wanted.delete(topic)
    this.#own.delete(topic)
  }
}
