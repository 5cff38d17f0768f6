import { stemOf, type CursorStem } from '../log/cursor.ts'
import type { LogEntry } from '../log/log-entry.ts'
import type { LogReader } from '../log/log.ts'
import type { Place, Position } from '../log/position.ts'
import { behind, comparePositions, compareRecord, recordsBefore } from '../log/positions.ts'
import type { Ending } from './former-logs.ts'
import type { Hub } from './hub.ts'
import { LogReads } from './log-reads.ts'
import { eventsOf, type Chunk } from './recent.ts'
import { isQuote, REORDERED_WITHIN_MS, SupersededFilter } from './superseded-filter.ts'
import type { EventRef, Topic } from './topic.ts'

/** One write's worth: between two, the client may drain and others get their turn. */
const MAX_CHUNK_EVENTS = 500
/** For how long an event that a client has already may be unknown here. */
const AHEAD_TIMEOUT_MS = 3000
/** For how long another process may know already that the log was replaced: one looks every two seconds, and doubts for one. */
const AHEAD_EPOCH_TIMEOUT_MS = 5000

/** Why events are missing: trimmed from the log, lost with it, or named by a cursor that was never given out. */
export type GapReason = 'trimmed' | 'log_replaced' | 'unknown_position'

/**
 * What comes next in a shard: events; that it has to be looked for again; the ending where the client has all that the hub saw
 * of a former log; or why events are missing.
 */
export type Step = Chunk | 'again' | Ending | GapReason

export const isChunk = (step: Step): step is Chunk => typeof step === 'object' && 'events' in step
export const isEnding = (step: Step): step is Ending => typeof step === 'object' && 'next' in step

/** The log cannot be read now. */
export class LogUnreadable extends Error {}

/** What the replays of a process share. */
export class Replays {
  readonly hub: Hub
  readonly log: LogReader
  readonly reads: LogReads

  constructor(hub: Hub, log: LogReader) {
    this.hub = hub
    this.log = log
    this.reads = new LogReads(log, () => hub.epoch)
  }

  ofShard(place: Place, topics: ReadonlySet<Topic>): ShardReplay {
    return new ShardReplay(this, place, topics)
  }
}

/**
 * One client's way through one shard, from where it was to where the hub is, or to the end of a former log: by the hub's memory,
 * and by the log where that is too short. What is gone from the log itself is in the hub's memory or nowhere.
 */
export class ShardReplay {
  readonly topics: ReadonlySet<Topic>
  readonly #hub: Hub
  readonly #log: LogReader
  readonly #reads: LogReads
  #place: Place
  /** Unknown as long as no quote is to be shown. */
  #filter: SupersededFilter | undefined
  /** Bytes that were looked through to find it. */
  #lookedThrough = 0

  constructor({ hub, log, reads }: Replays, place: Place, topics: ReadonlySet<Topic>) {
    this.topics = topics
    this.#hub = hub
    this.#log = log
    this.#reads = reads
    this.#place = place
  }

  /** The client has everything up to here. */
  get place(): Place {
    return this.#place
  }

  /** Whether nothing newer was seen by the hub. */
  get isAtHead(): boolean {
    const { epoch, at } = this.#place
    return epoch === this.#hub.epoch && comparePositions(at, this.#recent.head) === 0
  }

  /** What comes next. Not a promise where the hub's memory has it: nothing happens until the client has it, too. */
  next(): Step | Promise<Step> {
    const { epoch, at } = this.#place
    const recent = this.#recent
    const ending = this.#hub.former.endingOf(epoch, at.shard)
    if (ending && comparePositions(at, ending.last) >= 0) return ending
    if (epoch !== this.#hub.epoch && !ending) return this.#reachEpoch(epoch)
    if (ending && !recent.covers(at)) return 'log_replaced'
    if (!ending && comparePositions(at, recent.head) > 0) return this.#reach(at)
    if (!recent.covers(at) || (!ending && this.#isBeforeBegin)) return this.#readLog(this.#place)
    return this.#shown(recent.after(at, this.topics, MAX_CHUNK_EVENTS, ending?.last))
  }

  /** Takes what came next; returns the events that the client is to be shown, each with its cursor. `places`: by shard. */
  take({ events, until }: Chunk, places: readonly (Place | undefined)[]): readonly EventRef[] {
    const { epoch } = this.#place
    this.#place = { epoch, at: until }
    this.#lookedThrough = 0
    let last: LogEntry | undefined
    let stem: CursorStem | undefined
    return (this.#filter?.keep(events) ?? events).map((event) => {
      if (event.entry !== last) stem = stemOf(event.entry, places)
      last = event.entry
      return { ...event, stem }
    })
  }

  /** Goes on from another place: what the client was shown before it no longer counts. */
  restart(place: Place): void {
    this.#place = place
    this.#filter = undefined
  }

  /** Goes on behind the end of a former log. */
  pass({ last, next }: Ending): void {
    // Another process can have shown a client more of the former log, or more of the next one before it noticed.
    const { at } = this.#place
    const isAhead = comparePositions(next.at, last) >= 0 && comparePositions(at, next.at) > 0
    this.#place = isAhead ? { epoch: next.epoch, at } : next
  }

  get #recent() {
    return this.#hub.recent(this.#place.at.shard)
  }

  /** A client can be ahead of this process by what another one showed it: it goes on when this process is there, too. */
  async #reach(at: Position): Promise<Step> {
    const { last } = await readable(this.#log.reach(at.shard))
    const isKnown = last && comparePositions(at, last) <= 0
    return isKnown && (await this.#hub.reaches(at, AHEAD_TIMEOUT_MS)) ? 'again' : 'unknown_position'
  }

  /** It can also have come from a process that knows the present log already. */
  async #reachEpoch(epoch: string): Promise<Step> {
    const isPresent = (await readable(this.#log.epoch())) === epoch
    return isPresent && (await this.#hub.reachesEpoch(epoch, AHEAD_EPOCH_TIMEOUT_MS)) ? 'again' : 'log_replaced'
  }

  /** What the hub saw before it noticed that the log was replaced is in its memory as the former log's. */
  get #isBeforeBegin(): boolean {
    const { at } = this.#place
    const begin = this.#hub.former.beginOf(at.shard)
    return begin !== undefined && comparePositions(at, begin) < 0
  }

  async #readLog({ epoch, at }: Place): Promise<Step> {
    const read = await readable(this.#reads.behind(at))
    // It may have been read of the log that came after.
    if (epoch !== this.#hub.epoch) return 'again'
    const { first, last, isWhole } = read.reach
    const recent = this.#recent
    // The hub saw what the log never held: it is another one, although nobody has noticed yet.
    const seen = recent.newestBefore(first)
    const begin = this.#hub.former.beginOf(at.shard)
    if (isWhole && seen && !(begin && comparePositions(seen, begin) <= 0)) return 'log_replaced'
    // Nothing was appended since: what the hub has seen begins behind the position.
    if (!last || comparePositions(last, at) <= 0) {
      return { events: [], until: begin && this.#isBeforeBegin ? begin : recent.tail, isHead: false, bytes: 0 }
    }
    if (!isWhole && !(first && comparePositions(first, at) <= 0)) return 'trimmed'
    // What there is came after it was read.
    if (read.entries.length === 0) return 'again'
    return this.#shown(this.#chunkOf(read.entries))
  }

  /** Events behind the client's place, and at most a chunk of them. */
  #chunkOf(entries: readonly LogEntry[]): Chunk {
    const { at } = this.#place
    const events: EventRef[] = []
    let bytes = 0
    let until = at
    for (const entry of entries) {
      if (recordsBefore(entry, at) === entry.count) continue
      if (events.length >= MAX_CHUNK_EVENTS) break
      events.push(...eventsOf(entry, at, this.topics, this.#hub.topics, 0))
      bytes += entry.bytes.length
      until = behind(entry)
    }
    return { events, until, isHead: false, bytes }
  }

  #shown(chunk: Chunk): Chunk | Promise<Step> {
    if (!this.#filter && chunk.events.some(isQuote)) return this.#fillFilter(this.#place)
    return { ...chunk, bytes: chunk.bytes + this.#lookedThrough }
  }

  /** Which quotes the client was shown last: of those before its place one may come in order after what came behind it. */
  async #fillFilter({ epoch, at }: Place): Promise<Step> {
    const filter = new SupersededFilter()
    const { shard } = at
    let from = await readable(this.#log.at(shard, this.#log.timeOf(at) - REORDERED_WITHIN_MS))
    // Of a former log nothing is left but the hub's memory.
    while (epoch === this.#hub.epoch && comparePositions(from, at) < 0 && !this.#recent.covers(from)) {
      const { entries, until } = await readable(this.#reads.behind(from))
      if (entries.length === 0) break
      for (const entry of entries) {
        if (recordsBefore(entry, at) === 0) break
        const events = eventsOf(entry, from, this.topics, this.#hub.topics, 0)
        filter.keep(events.filter(({ index }) => compareRecord(entry, index, at) <= 0))
        this.#lookedThrough += entry.bytes.length
      }
      from = until
    }
    const states = [...this.topics].filter(({ isState }) => isState)
    filter.keep([...this.#recent.newestUpTo(at, states).values()])
    this.#filter = filter
    return 'again'
  }
}

async function readable<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer
  } catch (cause) {
    throw new LogUnreadable('the log cannot be read', { cause })
  }
}
