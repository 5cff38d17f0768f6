import { createHash } from 'node:crypto'
import { ProduceAcks, produceV9 } from '@platformatic/kafka'
import { EPOCH_BYTES } from '../cursor.ts'
import { REQUEST_TIMEOUT_MS, type Cluster } from './cluster.ts'
import { ENTRY_KEY, fetchRows } from './fetch.ts'
import type { LogTopics } from './topics.ts'

/**
 * The epoch of a log: a name for its topics and for the last change that counts. A change is a record that says which epoch
 * it ends. Of several that end the same one the first counts, for it ends it; so all who read them know the same epoch.
 */
export class Epochs {
  readonly #cluster: Cluster
  /** Of both topics: others begin anew. */
  #topics = ''
  #next = 0
  /** Where the last change that counts stands. */
  #changedAt = -1
  #reading: Promise<string> | undefined

  constructor(cluster: Cluster) {
    this.#cluster = cluster
  }

  /** The one in force. */
  async current(topics: LogTopics): Promise<string> {
    await this.#reading?.catch(() => undefined)
    return (this.#reading ??= this.#read(topics).finally(() => (this.#reading = undefined)))
  }

  /** Ends an epoch unless it has ended; returns the one in force. */
  async end(topics: LogTopics, known: string): Promise<string> {
    const current = await this.current(topics)
    if (current !== known) return current
    const { epochs } = topics
    const record = { topic: epochs.name, partition: 0, key: ENTRY_KEY, value: Buffer.from(known) }
    await this.#cluster.askBroker(epochs.leaders[0]!, produceV9.api, ProduceAcks.ALL, REQUEST_TIMEOUT_MS, [record])
    return this.current(topics)
  }

  async #read(topics: LogTopics): Promise<string> {
    const { entries, epochs } = topics
    const names = `${entries.id} ${epochs.id}`
    if (this.#topics !== names) {
      this.#topics = names
      this.#next = 0
      this.#changedAt = -1
    }
    for (let isRead = false; !isRead;) {
      const from = [{ shard: 0, offset: this.#next }]
      const [found] = await fetchRows(this.#cluster, epochs, { leader: epochs.leaders[0]!, from, waitMs: 0 })
      if (!found?.rows) throw new Error(`the topic ${epochs.name} has lost what it held`)
      for (const { id, entry } of found.rows) {
        if (entry?.toString() === this.#name) this.#changedAt = this.#next
        this.#next = id.idHigh
      }
      isRead = this.#next >= found.end
    }
    return this.#name
  }

  get #name(): string {
    return createHash('sha256')
      .update(`${this.#topics} ${this.#changedAt}`)
      .digest('hex')
      .slice(0, 2 * EPOCH_BYTES)
  }
}
