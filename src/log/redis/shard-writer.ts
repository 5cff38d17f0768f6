import { BEGINNING, endOf, isBefore, type EntryId, type EntryPosition } from '../entry-position.ts'
import { asVersion1 } from '../entry-version-1.ts'
import { readEntry, signEntry } from '../entry.ts'
import { behindId, TrimmedError } from '../source.ts'
import type { StreamSource } from './source.ts'

/** For so long an id says where the stream ends; then the search for an entry in doubt would be a long one. */
const END_KNOWN_FOR_MS = 1000
const ROWS_PER_SEARCH = 100

/** What a producer's writers share. */
export type Writing = {
  readonly id: number
  readonly source: StreamSource
  /** Whether somebody reads the log who only knows entries of the former version. Known when `recovered` resolves. */
  readonly hasFormerReaders: boolean
  /**
   * Resolves when nothing can reach Redis any more by a connection that was lost before, and when everybody knows of
   * what the log has lost meanwhile. At once where no connection was lost.
   */
  recovered(): Promise<void>
  /** Redis has acknowledged an entry. */
  wrote(position: EntryPosition): void
}

/**
 * Writes one producer's entries into one shard: in order, each exactly once. Entries are in doubt when their write did
 * not succeed, for Redis may have executed it; before they are written again, the stream is searched for them. Those of
 * one write are there together or not at all.
 */
export class ShardWriter {
  readonly #producer: Writing
  readonly #shard: number
  /** The stream reached so far before the entries that are being written. */
  #end: EntryId = BEGINNING
  #endKnownAt = -Infinity
  #number = 0
  /** Where the newest entry of this producer is. */
  #newest: EntryId | undefined
  /** What was given to be written, and as what it was sent. Not made anew: by its very bytes an entry is found. */
  #inDoubt: { readonly given: readonly Buffer[]; readonly sent: readonly Buffer[] } | undefined

  constructor(producer: Writing, shard: number) {
    this.#producer = producer
    this.#shard = shard
  }

  get newest(): EntryId | undefined {
    return this.#newest
  }

  /** See LogProducer. */
  async write(entries: readonly Buffer[]): Promise<void> {
    await this.#producer.recovered()
    const doubt = this.#inDoubt?.given === entries ? this.#inDoubt.sent : undefined
    const found = doubt && (await this.#search(doubt.at(-1)!))
    const sent = doubt ?? (await this.#prepare(entries))
    // Who knows the former version alone knows no heartbeats.
    if (sent.length === 0) return
    const id = found ?? (await this.#producer.source.add(this.#shard, sent))
    this.#inDoubt = undefined
    this.#endsAt(id)
    this.#newest = id
    this.#producer.wrote(endOf(this.#shard, id))
  }

  /** Leaves a number out, so that followers know that events are missing. */
  skip(): void {
    this.#number++
  }

  async #prepare(given: readonly Buffer[]): Promise<readonly Buffer[]> {
    if (performance.now() - this.#endKnownAt > END_KNOWN_FOR_MS) {
      const { last } = await this.#producer.source.reach(this.#shard)
      this.#endsAt(last ?? BEGINNING)
    }
    const sent = this.#producer.hasFormerReaders ? given.flatMap(former) : given
    for (const entry of sent) signEntry(entry, this.#producer.id, ++this.#number)
    this.#inDoubt = { given, sent }
    return sent
  }

  /**
   * Looks for the last entry, which outlives the others. Nothing of this producer can come while it searches: its former
   * connections are ended.
   */
  async #search(entry: Buffer): Promise<EntryId | undefined> {
    const { source } = this.#producer
    const { last: end = BEGINNING } = await source.reach(this.#shard)
    // Where the stream ends before that, it is another one.
    const begin = isBefore(end, this.#end) ? BEGINNING : this.#end
    let at = begin
    while (isBefore(at, end)) {
      const rows = await source.rowsFrom(this.#shard, behindId(at), ROWS_PER_SEARCH)
      const own = rows.find((row) => row.entry?.equals(entry))
      if (own) return own.id
      if (rows.length < ROWS_PER_SEARCH) break
      at = rows.at(-1)!.id
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

  #endsAt(id: EntryId): void {
    this.#end = id
    this.#endKnownAt = performance.now()
  }
}

const former = (entry: Buffer) => asVersion1(readEntry({ shard: 0, idHigh: 0, idLow: 0 }, entry))
