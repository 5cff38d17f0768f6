import { describeLogDirsV4, listOffsetsV7, ListOffsetTimestamps } from '@platformatic/kafka'
import { compareIds, endOf, type EntryId, type EntryPosition } from '../entry-position.ts'
import type { LogSource, Row, ShardReach, Retention, Usage } from '../source.ts'
import { Epochs } from './epochs.ts'
import { settled } from './cluster.ts'
import { fetchRows, type Fetched } from './fetch.ts'
import { knownEntriesTopic, lookUpTopics, type TopicOptions } from './topics.ts'

const READ_UNCOMMITTED = 0
const ANY_LEADER_EPOCH = -1
/** Of the protocol: whoever asks is no replica. */
const NO_REPLICA = -1

/** The partitions of a log's topic. An id is the offset behind an entry, and when its broker took it. */
export class TopicSource implements LogSource {
  readonly #options: TopicOptions
  readonly #epochs: Epochs
  /** When the oldest entry of a shard came, by its offset. */
  readonly #firsts = new Map<number, { readonly offset: number; readonly at: number }>()

  constructor(options: TopicOptions) {
    this.#options = options
    this.#epochs = new Epochs(options.cluster)
  }

  get shards(): number {
    return this.#options.shards
  }

  epoch(): Promise<string> {
    return settled(async () => this.#epochs.current(await lookUpTopics(this.#options)))
  }

  renewEpoch(known: string): Promise<string> {
    return settled(async () => this.#epochs.end(await lookUpTopics(this.#options), known))
  }

  timeOf({ idLow }: EntryPosition): number {
    return idLow
  }

  async at(shard: number, timeMs: number): Promise<EntryPosition> {
    if (timeMs <= 0)
      return endOf(shard, { idHigh: await this.offsetAt(shard, ListOffsetTimestamps.EARLIEST), idLow: 0 })
    const ms = Math.floor(timeMs)
    const offset = await this.offsetAt(shard, BigInt(ms))
    const isThere = offset >= 0
    const idHigh = isThere ? offset : await this.offsetAt(shard, ListOffsetTimestamps.LATEST)
    return endOf(shard, { idHigh, idLow: ms - 1 })
  }

  async reach(shard: number): Promise<ShardReach> {
    const { begin, end } = await this.#ends(shard)
    if (end === 0) return { first: undefined, firstAt: undefined, last: undefined, isWhole: true, added: 0 }
    return {
      // Not later than any position behind the entry before: its own time is not known.
      first: endOf(shard, { idHigh: begin, idLow: 0 }),
      firstAt: begin < end ? await this.#firstAt(shard, begin) : undefined,
      // Of a newest one that was trimmed as well it is only known that it came before now.
      last: (await this.#idAt(shard, end - 1)) ?? { idHigh: end, idLow: Date.now() },
      isWhole: begin === 0,
      added: end
    }
  }

  async usage(shard: number): Promise<Usage> {
    const { cluster } = this.#options
    const { name, leaders } = await knownEntriesTopic(this.#options)
    const { begin, end } = await this.#ends(shard)
    const topics = [{ name, partitions: [shard] }]
    const { results } = await cluster.askBroker(leaders[shard]!, describeLogDirsV4.api, topics)
    const partitions = results.flatMap((folder) => folder.topics.flatMap((topic) => topic.partitions))
    return {
      nowMs: Date.now(),
      bytes: partitions.reduce((sum, { partitionSize }) => sum + Number(partitionSize), 0),
      entries: end - begin,
      added: end,
      firstMs: begin < end ? await this.#firstAt(shard, begin) : 0
    }
  }

  async retentionOf({ shard, idHigh, idLow }: EntryPosition): Promise<Retention> {
    const { begin, end } = await this.#ends(shard)
    if (idHigh > end) return 'lost'
    // Offsets leave nothing out: where the oldest one comes right behind it, nothing was trimmed that came since.
    if (idHigh <= begin) return idHigh === begin ? 'held' : 'trimmed'
    const id = await this.#idAt(shard, idHigh - 1)
    if (!id) return 'trimmed'
    return id.idLow === idLow ? 'held' : 'lost'
  }

  async withinReach(position: EntryPosition): Promise<EntryPosition> {
    const { shard, idHigh, idLow } = position
    const { begin, end } = await this.#ends(shard)
    if (idHigh <= begin) return position
    const id = idHigh > end ? undefined : await this.#idAt(shard, idHigh - 1)
    // Of another topic, or one that lost its end and went on, all is new that came later than what was read.
    return id?.idLow === idLow ? position : this.at(shard, idLow + 1)
  }

  async rowsFrom(shard: number, id: EntryId, maxRows: number): Promise<Row[]> {
    const rows: Row[] = []
    let offset = Math.max(0, id.idHigh - 1)
    for (;;) {
      const found = await this.#fetch(shard, offset)
      if (!found.rows) {
        const { begin, end } = await this.#ends(shard)
        if (offset >= end) return rows
        offset = begin
        continue
      }
      rows.push(...found.rows.filter((row) => compareIds(row.id, id) >= 0))
      offset = found.rows.at(-1)?.id.idHigh ?? offset
      if (rows.length >= maxRows || offset >= found.end) return rows.slice(0, maxRows)
    }
  }

  /** The first offset that came at an instant or later; -1 where there is none. */
  offsetAt(shard: number, timestamp: bigint): Promise<number> {
    const { cluster } = this.#options
    const partitions = [{ partitionIndex: shard, currentLeaderEpoch: ANY_LEADER_EPOCH, timestamp }]
    return settled(async () => {
      const { name, leaders } = await knownEntriesTopic(this.#options)
      const asked = [{ name, partitions }]
      const { topics } = await cluster.askBroker(
        leaders[shard]!,
        listOffsetsV7.api,
        NO_REPLICA,
        READ_UNCOMMITTED,
        asked
      )
      return Number(topics[0]!.partitions[0]!.offset)
    })
  }

  /** The offsets of the oldest entry and behind the newest one. */
  async #ends(shard: number): Promise<{ begin: number; end: number }> {
    const [begin, end] = await Promise.all([
      this.offsetAt(shard, ListOffsetTimestamps.EARLIEST),
      this.offsetAt(shard, ListOffsetTimestamps.LATEST)
    ])
    return { begin, end }
  }

  async #firstAt(shard: number, offset: number): Promise<number> {
    const known = this.#firsts.get(shard)
    if (known?.offset === offset) return known.at
    const at = (await this.#idAt(shard, offset))?.idLow ?? Date.now()
    this.#firsts.set(shard, { offset, at })
    return at
  }

  async #idAt(shard: number, offset: number): Promise<EntryId | undefined> {
    return (await this.#fetch(shard, offset)).rows?.[0]?.id
  }

  #fetch(shard: number, offset: number): Promise<Fetched> {
    return settled(async () => {
      const topic = await knownEntriesTopic(this.#options)
      const request = { leader: topic.leaders[shard]!, from: [{ shard, offset }], waitMs: 0 }
      const [found] = await fetchRows(this.#options.cluster, topic, request)
      return found!
    })
  }
}
