import type { EntryPosition } from '../entry-position.ts'
import type { ShardsReader, Row } from '../source.ts'
import { keyOf, type Broker } from './cluster.ts'
import { fetchRows, type Fetched } from './fetch.ts'
import type { TopicSource } from './source.ts'
import { knownEntriesTopic, type TopicOptions } from './topics.ts'

/** Rows that came and were not read yet, behind an offset. No more of a shard than one answer holds. */
type Held = { offset: number; rows: readonly Row[] }

/** Waits for what is added to partitions, at each broker that leads some of them. */
export class TopicReader implements ShardsReader {
  /** The reader's own: while it waits, nobody else would be answered. */
  readonly #options: TopicOptions
  readonly #source: TopicSource
  /** By shard. */
  readonly #held = new Map<number, Held>()
  /** By the broker that was asked; it answers when something came, or when it has waited as long as it may. */
  readonly #asked = new Map<string, Promise<void>>()

  constructor(options: TopicOptions, source: TopicSource) {
    this.#options = options
    this.#source = source
  }

  /** Connections are opened by the first read. */
  async connect(): Promise<void> {}

  async read(
    positions: readonly EntryPosition[],
    { maxRows, blockMs }: { maxRows: number; blockMs: number }
  ): Promise<(readonly [at: number, rows: readonly Row[]])[]> {
    const held = this.#take(positions, maxRows)
    if (held.length > 0) return held
    const { leaders } = await knownEntriesTopic(this.#options)
    for (const [key, led] of Map.groupBy(positions, ({ shard }) => keyOf(leaders[shard]!))) {
      if (this.#asked.has(key)) continue
      const asking = this.#ask(leaders[led[0]!.shard]!, led, blockMs).finally(() => this.#asked.delete(key))
      asking.catch(() => undefined) // told by a read that waits for it, or once it is asked again
      this.#asked.set(key, asking)
    }
    await Promise.race(this.#asked.values())
    return this.#take(positions, maxRows)
  }

  close(): void {
    this.#options.cluster.close()
  }

  #take(positions: readonly EntryPosition[], maxRows: number): [at: number, rows: readonly Row[]][] {
    return positions.flatMap(({ shard, idHigh }, at) => {
      const held = this.#held.get(shard)
      if (!held) return []
      this.#held.delete(shard)
      // Whoever reads went elsewhere meanwhile.
      if (held.offset !== idHigh) return []
      const rows = held.rows.slice(0, maxRows)
      if (rows.length < held.rows.length) {
        this.#held.set(shard, { offset: rows.at(-1)!.id.idHigh, rows: held.rows.slice(maxRows) })
      }
      return [[at, rows]]
    })
  }

  async #ask(leader: Broker, positions: readonly EntryPosition[], waitMs: number): Promise<void> {
    const topic = await knownEntriesTopic(this.#options)
    const from = positions.map(({ shard, idHigh }) => ({ shard, offset: idHigh }))
    const answers = await fetchRows(this.#options.cluster, topic, { leader, from, waitMs })
    const offsets = new Map(from.map(({ shard, offset }) => [shard, offset]))
    for (const answer of answers) await this.#hold(answer, offsets.get(answer.shard)!)
  }

  async #hold({ shard, rows }: Fetched, offset: number): Promise<void> {
    if (rows && rows.length > 0) this.#held.set(shard, { offset, rows })
    if (rows) return
    // What comes next of it was trimmed: then it goes on with the oldest that is there.
    const oldest = await this.#source.rowsFrom(shard, { idHigh: offset + 1, idLow: 0 }, 1)
    if (oldest.length === 0) throw new Error(`shard ${shard} of the log ends before what was read of it`)
    this.#held.set(shard, { offset, rows: oldest })
  }
}
