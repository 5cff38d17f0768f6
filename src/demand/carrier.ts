import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import type { TopicName } from '../market/event.ts'
import type { CarrierAnswer } from './answers.ts'
import { RowHolder } from './row-holder.ts'
import { RowReader } from './row-reader.ts'
import { Wants, type Want } from './want.ts'

/** What of the demand changed: what is wanted of each topic now; undefined: nobody wants it any more. */
export type WantedChanges = ReadonlyMap<TopicName, Want | undefined>

export type CarrierOptions = {
  readonly redis: Redis
  readonly log: Pick<Logger, 'warn'>
  /** Names this process among all that carry. */
  readonly processId: string
}

/** The port of a process that brings what is wanted: it sees what that is, and says what it brings. */
export class Carrier {
  readonly #options: CarrierOptions
  readonly #answers = new Map<TopicName, string>()
  readonly #holder: RowHolder
  readonly #ends = new AbortController()

  constructor(options: CarrierOptions) {
    const { redis, log, processId } = options
    this.#options = options
    this.#holder = new RowHolder({ redis, log, table: 'answers', holder: processId, rows: () => this.#answers })
  }

  /** Says something else of some topics than before; undefined: nothing any more. Everything ends with the process. */
  announce(answers: Iterable<readonly [TopicName, CarrierAnswer | undefined]>): void {
    for (const [topic, answer] of answers) {
      const told = answer ? JSON.stringify(answer) : ''
      if (told === (this.#answers.get(topic) ?? '')) continue
      if (answer) this.#answers.set(topic, told)
      else this.#answers.delete(topic)
      this.#holder.changed(topic, told)
    }
  }

  /**
   * All that is wanted, then what changes in it, until the carrier closes. The consumer's pace decides: what changes meanwhile
   * comes together, each topic once. Rejects where Redis is away at the beginning.
   */
  async *wanted(): AsyncGenerator<WantedChanges, void> {
    const { signal } = this.#ends
    if (signal.aborted) return
    const wants = new Wants()
    const pending = new Map<TopicName, Want | undefined>()
    let news = Promise.withResolvers<void>()
    const reader = new RowReader({
      ...this.#options,
      table: 'leases',
      onChanges(changes) {
        for (const topic of wants.apply(changes)) pending.set(topic, wants.get(topic))
        news.resolve()
      }
    })
    const end = () => news.resolve()
    signal.addEventListener('abort', end)
    try {
      await reader.start()
      while (!signal.aborted) {
        if (pending.size > 0) {
          const changes = new Map(pending)
          pending.clear()
          yield changes
        }
        if (pending.size === 0) await news.promise
        news = Promise.withResolvers()
        if (signal.aborted) news.resolve()
      }
    } finally {
      signal.removeEventListener('abort', end)
      await reader.close()
    }
  }

  /** It brings nothing any more. */
  async close(): Promise<void> {
    this.#ends.abort()
    await this.#holder.close()
  }
}
