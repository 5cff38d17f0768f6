import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import { Answers, type Served, type ServedChange } from '../demand/answers.ts'
import { streamOf } from '../demand/want.ts'
import { isoOf } from '../market/time.ts'
import type { ServedBy } from './protocol.ts'
import type { Subject } from './subject.ts'
import type { Topic } from './topic.ts'

/** An acknowledgement waits so long for a stream that may carry its symbols, and then says what is true by then. */
const ACKNOWLEDGE_WITHIN_MS = 1000

/** After somebody waited in vain nobody waits for so long: a stream's process that hangs must not hold up every request. */
const WAIT_AGAIN_AFTER_MS = 10_000

export type ServingOptions = { readonly redis: Redis; readonly log: Pick<Logger, 'warn'> }

/** Who brings what clients of this process are subscribed to. */
export class Serving {
  readonly #answers: Answers
  /** `performance.now()` */
  #waitsAgainAt = 0
  readonly #listeners = new Set<(change: ServedChange) => void>()

  constructor(options: ServingOptions) {
    const onChange = (change: ServedChange) => {
      for (const listener of this.#listeners) listener(change)
    }
    this.#answers = new Answers({ ...options, onChange })
  }

  /** Rejects while Redis is away; then it may be started again. */
  start(): Promise<void> {
    return this.#answers.start()
  }

  /** Called when topics are served by somebody else than before. Returns how to stop that. */
  listen(listener: (change: ServedChange) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Waits, within bounds, until it is certain who serves the topics. */
  async decided(topics: readonly Topic[]): Promise<void> {
    if (performance.now() < this.#waitsAgainAt) return
    const names = topics.map(({ name }) => name)
    const areDecided = await this.#answers.decided(names, ACKNOWLEDGE_WITHIN_MS)
    if (!areDecided) this.#waitsAgainAt = performance.now() + WAIT_AGAIN_AFTER_MS
  }

  /** As clients are told. */
  servedBy(subject: Subject): ServedBy {
    if ('channel' in subject) return { servedBy: subject.channel === 'status' ? 'calendar' : 'polling' }
    return told(this.#answers.served(`${subject.stream}:${subject.symbol}`))
  }

  /** Those of some topics that a change is about. */
  concernedBy({ topics, streams }: ServedChange, held: Iterable<Topic>): Topic[] {
    return [...held].filter(
      ({ name }) => topics.has(name) || (streams.has(streamOf(name)) && this.#answers.served(name).by !== 'stream')
    )
  }

  close(): Promise<void> {
    return this.#answers.close()
  }
}

function told(served: Served): ServedBy {
  const { by: servedBy } = served
  if (served.by !== 'stream') return { servedBy, ...(served.reason !== undefined && { reason: served.reason }) }
  const { source, feed, since } = served
  return { servedBy, source, feed, since: isoOf(since) }
}
