import type { Producer } from './producer.ts'
import { signEntry } from './entry.ts'
import { idOfRow } from './source.ts'
import { BEGINNING, endOf, isBefore, type StreamId } from './stream-position.ts'

/** For so long an id says where the stream ends; then the search for an entry in doubt would be a long one. */
const END_KNOWN_FOR_MS = 1000
const ROWS_PER_SEARCH = 100

/** Whether the log held an entry cannot be known any more. */
export class TrimmedError extends Error {
  constructor() {
    super('the log was trimmed before it was known whether it held these events')
    this.name = 'TrimmedError'
  }
}

/**
 * Writes one producer's entries into one shard: in order, each exactly once. Entries are in doubt when their write did
 * not succeed, for Redis may have executed it; before they are written again, the stream is searched for them. Those of
 * one write are there together or not at all.
 */
export class ShardWriter {
  readonly #producer: Producer
  readonly #shard: number
  /** The stream reached so far before the entries that are being written. */
  #end: StreamId = BEGINNING
  #endKnownAt = -Infinity
  #number = 0
  #inDoubt: readonly Buffer[] | undefined

  constructor(producer: Producer, shard: number) {
    this.#producer = producer
    this.#shard = shard
  }

  /**
   * Resolves when they are there. Rejects when they may not be there: then the same list must be given again,
   * before any other. Throws TrimmedError where nobody will ever know; then it must not.
   */
  async write(entries: readonly Buffer[]): Promise<void> {
    await this.#producer.recovered()
    const found = entries === this.#inDoubt ? await this.#search(entries.at(-1)!) : await this.#prepare(entries)
    const id = found ?? (await this.#producer.source.add(this.#shard, entries))
    this.#inDoubt = undefined
    this.#endsAt(id)
    this.#producer.wrote(endOf(this.#shard, id))
  }

  /** Leaves a number out, so that followers know that events are missing. */
  skip(): void {
    this.#number++
  }

  async #prepare(entries: readonly Buffer[]): Promise<undefined> {
    if (performance.now() - this.#endKnownAt > END_KNOWN_FOR_MS) {
      const { last } = await this.#producer.source.reach(this.#shard)
      this.#endsAt(last ?? BEGINNING)
    }
    for (const entry of entries) signEntry(entry, this.#producer.id, ++this.#number)
    this.#inDoubt = entries
  }

  /**
   * Looks for the last entry, which outlives the others. Nothing of this producer can come while it searches: its former
   * connections are ended.
   */
  async #search(entry: Buffer): Promise<StreamId | undefined> {
    const { source } = this.#producer
    const { last: end = BEGINNING } = await source.reach(this.#shard)
    // Where the stream ends before that, it is another one.
    const begin = isBefore(end, this.#end) ? BEGINNING : this.#end
    let at = begin
    while (isBefore(at, end)) {
      const rows = await source.rowsAfter(this.#shard, at, ROWS_PER_SEARCH)
      const own = rows.find(([, fields]) => entry.equals(fields[1]!))
      if (own) return idOfRow(own[0])
      if (rows.length < ROWS_PER_SEARCH) break
      at = idOfRow(rows.at(-1)![0])
    }
    const { first, isWhole } = await source.reach(this.#shard)
    // It would stand behind the end that was known before it was sent: what was trimmed before that is none of it.
    if (!isWhole && (!first || isBefore(this.#end, first)) && isBefore(this.#end, end)) {
      this.#inDoubt = undefined
      throw new TrimmedError()
    }
    this.#endsAt(end)
    return undefined
  }

  #endsAt(id: StreamId): void {
    this.#end = id
    this.#endKnownAt = performance.now()
  }
}
