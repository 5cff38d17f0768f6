import { randomBytes } from 'node:crypto'
import { initProducerIdV4, NumericMap, ProduceAcks, produceV9 } from '@platformatic/kafka'
import type { Logger } from 'pino'
import { endOf, type EntryId, type EntryPosition } from '../entry-position.ts'
import { signEntry } from '../entry.ts'
import { EpochWatch } from '../epoch-watch.ts'
import { heartbeatEntry } from '../heartbeat.ts'
import type { LogProducer } from '../source.ts'
import { isRefusal, REQUEST_TIMEOUT_MS } from './cluster.ts'
import { ENTRY_KEY } from './fetch.ts'
import type { TopicSource } from './source.ts'
import { applySettings, knownEntriesTopic, type TopicOptions } from './topics.ts'

/** Of a producer's sequence numbers, which then begin again. */
const SEQUENCE_NUMBERS = 2 ** 31
/** Kafka has lost what came before, so that this producer cannot go on as the one that it was. */
const NOT_CONTINUED = ['OUT_OF_ORDER_SEQUENCE_NUMBER', 'UNKNOWN_PRODUCER_ID']

type ProduceResponse = Exclude<Awaited<ReturnType<typeof produceV9.api.async>>, boolean>

type Identity = { readonly producerId: bigint; readonly producerEpoch: number }

/** One shard's part of what this producer wrote. */
type Writing = {
  /** Of its entries, for followers. */
  number: number
  /** Of the next record, for Kafka. */
  sequence: number
  /** As whom it writes this shard. */
  identity: Identity | undefined
  inDoubt: readonly Buffer[] | undefined
  /** Where the newest entry is; undefined where Kafka did not say. */
  newest: EntryId | undefined
}

/**
 * Writes to the partitions of a log as one of Kafka's idempotent producers. Entries are in doubt when their write did not
 * succeed; they are sent again as they were, with the sequence numbers that they had, for as long as it takes: by these the
 * broker that leads their partition knows whether it has them.
 */
export class TopicProducer implements LogProducer {
  readonly #id = randomBytes(4).readUInt32LE()
  readonly #options: TopicOptions & { readonly log: Pick<Logger, 'warn'> }
  readonly #watch: EpochWatch
  #epoch = ''
  readonly #shards: readonly Writing[]
  #identity: Promise<Identity> | undefined
  #recovery: Promise<void> | undefined
  /** Connections that were lost before. */
  #losses = 0
  #isSetUp = false

  constructor(options: TopicOptions, source: TopicSource) {
    this.#options = options
    this.#watch = new EpochWatch(source)
    this.#shards = Array.from({ length: options.shards }, () => ({
      number: 0,
      sequence: 0,
      identity: undefined,
      inDoubt: undefined,
      newest: undefined
    }))
  }

  async write(shard: number, entries: readonly Buffer[]): Promise<void> {
    await this.#recovered()
    const writing = this.#shards[shard]!
    writing.identity ??= await this.#identify()
    if (writing.inDoubt !== entries) {
      for (const entry of entries) signEntry(entry, this.#id, ++writing.number)
      writing.inDoubt = entries
    }
    const position = await this.#send(shard, writing, entries)
    writing.inDoubt = undefined
    writing.sequence = (writing.sequence + entries.length) % SEQUENCE_NUMBERS
    writing.newest = position
    if (position) this.#watch.saw(position)
  }

  heartbeat(shard: number, isLast: boolean): Buffer {
    return heartbeatEntry({ epoch: this.#epoch, before: this.#shards[shard]!.newest, isLast })
  }

  async look(): Promise<string> {
    await this.#recovered()
    return this.#look()
  }

  skip(): void {
    for (const writing of this.#shards) writing.number++
  }

  tellGap(): Promise<void> {
    return this.#watch.renew()
  }

  close(): void {
    this.#options.cluster.close()
  }

  /** Where the last entry is; undefined where Kafka only says that it has them. */
  async #send(shard: number, writing: Writing, entries: readonly Buffer[]): Promise<EntryPosition | undefined> {
    const { cluster } = this.#options
    const { name, leaders } = await knownEntriesTopic(this.#options)
    const timestamp = BigInt(Date.now())
    const records = entries.map((value) => ({ topic: name, partition: shard, key: ENTRY_KEY, value, timestamp }))
    const sequences = new NumericMap([[`${name}:${shard}`, writing.sequence]])
    const options = { ...writing.identity!, sequences }
    const api = produceV9.api
    try {
      const answer = await cluster.askBroker(
        leaders[shard]!,
        api,
        ProduceAcks.ALL,
        REQUEST_TIMEOUT_MS,
        records,
        options
      )
      const { baseOffset, logAppendTimeMs } = (answer as ProduceResponse).responses[0]!.partitionResponses[0]!
      const at = Number(logAppendTimeMs < 0n ? timestamp : logAppendTimeMs)
      return endOf(shard, { idHigh: Number(baseOffset) + entries.length, idLow: at })
    } catch (error) {
      if (isRefusal(error, 'DUPLICATE_SEQUENCE_NUMBER')) return undefined
      if (NOT_CONTINUED.some((id) => isRefusal(error, id))) this.#beginAnew(writing)
      throw error
    }
  }

  /** What is in doubt is not there: otherwise Kafka would have known what comes next. */
  #beginAnew(writing: Writing): void {
    writing.identity = undefined
    writing.sequence = 0
    this.#identity = undefined
    this.#recovery = undefined
  }

  #identify(): Promise<Identity> {
    const identity = (this.#identity ??= this.#options.cluster.ask(initProducerIdV4.api, null, REQUEST_TIMEOUT_MS))
    identity.catch(() => (this.#identity = undefined))
    return identity
  }

  /** Resolves when everybody knows of what the log has lost while a connection was lost. At once where none was. */
  #recovered(): Promise<void> {
    const { losses } = this.#options.cluster
    if (this.#losses !== losses) this.#recovery = undefined
    this.#losses = losses
    return (this.#recovery ??= this.#recover().catch((error: unknown) => {
      this.#recovery = undefined
      throw error
    }))
  }

  async #look(): Promise<string> {
    this.#epoch = (await this.#watch.look()).epoch
    return this.#epoch
  }

  async #recover(): Promise<void> {
    await this.#look()
    if (this.#isSetUp) return
    await applySettings(this.#options)
    this.#isSetUp = true
  }
}
