import type { CursorStem } from '../log/cursor.ts'
import { Audiences } from './audiences.ts'
import { changeFrame, encodeEvents } from './format.ts'
import type { Audience, EventRef, Member, Topic } from './topic.ts'
import { Window } from './window.ts'

/** The room of more events than these is given back after a flush. */
const MAX_KEPT_EVENTS = 1024
/**
 * After a flush the process is left to others for this share of the time that the flush took. Under load the next batch
 * becomes larger, so that a delivery costs less, and REST is answered in between; a quiet market does not notice.
 */
const REST_SHARE = 0.35
/** Flush and rest together take no longer, as far as the rest can help it: where a flush is slow, clients wait enough. */
const MAX_CYCLE_MS = 8
/** Timers know no shorter time. */
const MIN_TIMER_MS = 1

export type FanoutOptions = {
  /** Flushes come at least so far apart; 0: at the end of every turn of the event loop, if the hub is not busy. */
  flushMs: number
  /** A flush comes early where more bytes of entries came: what waits still lies where they came from. */
  maxUnflushedBytes: number
  /** Told after each flush how long the flushed entries took since their append, in milliseconds. */
  onFlushed: (lagsMs: readonly number[]) => void
}

/**
 * Brings events to audiences. An event is encoded once; at the end of the turn each audience's frames are assembled
 * once and written to each member in one piece. A busy turn becomes longer and its writes larger, which is cheaper:
 * what a write costs hardly depends on its size.
 */
export class Fanout {
  readonly audiences = new Audiences((audience) => this.#settle(audience))
  readonly #flushMs: number
  readonly #maxUnflushedBytes: number
  readonly #window = new Window()
  readonly #dirty: Audience[] = []
  readonly #onFlushed: FanoutOptions['onFlushed']
  readonly #appended: number[] = []
  #conflated = 0
  #unflushedBytes = 0
  #nextAt = 0
  #timer: NodeJS.Timeout | undefined
  #immediate: NodeJS.Immediate | undefined

  constructor({ flushMs, maxUnflushedBytes, onFlushed }: FanoutOptions) {
    this.#flushMs = flushMs
    this.#maxUnflushedBytes = maxUnflushedBytes
    this.#onFlushed = onFlushed
  }

  /** Values that were passed over because a newer one came before the next conflated flush. */
  get conflated(): number {
    return this.#conflated
  }

  /** To be called before an entry of so many bytes is held and its events are published. */
  makeRoom(bytes: number): void {
    if (this.#unflushedBytes + bytes > this.#maxUnflushedBytes) this.flush()
    this.#unflushedBytes += bytes
  }

  /** Takes an event for everybody who listens. `previous` is the newest event of the topic before it. */
  publish(event: EventRef & { readonly stem: CursorStem }, previous: EventRef | undefined): void {
    const { topic, stem } = event
    for (const audience of topic.conflated.items) this.#conflate(audience, topic)
    if (topic.immediate.size === 0) return
    if (!this.#window.hasRoomFor(event, stem)) this.flush()
    const change = topic.wants.changes > 0 && previous ? changeFrame(previous, event, stem) : undefined
    const number = this.#window.add(event, stem, topic.wants, change)
    for (const audience of topic.immediate.items) {
      if (audience.eventCount === 0) this.#dirty.push(audience)
      audience.events[audience.eventCount++] = number
    }
    this.#scheduleFlush()
  }

  /** Delivers what waits for a member, so that it has everything that was published, or knows that it missed it. */
  settle({ audience }: Member): void {
    if (audience) this.#settle(audience)
  }

  /** Notes when an entry that somebody listens to was appended (epoch ms), to tell its lag after the flush. */
  noteAppend(appendedAt: number): void {
    if (this.#timer ?? this.#immediate) this.#appended.push(appendedAt)
  }

  flush(): void {
    clearTimeout(this.#timer)
    clearImmediate(this.#immediate)
    this.#timer = this.#immediate = undefined
    const begunAt = performance.now()
    this.#unflushedBytes = 0
    for (const audience of this.#dirty) this.#deliver(audience)
    this.#dirty.length = 0
    this.#window.clear()
    const endedAt = performance.now()
    const restMs = Math.min((endedAt - begunAt) * REST_SHARE, Math.max(0, MAX_CYCLE_MS - (endedAt - begunAt)))
    this.#nextAt = Math.max(begunAt + this.#flushMs, endedAt + restMs)
    if (this.#appended.length === 0) return
    const now = performance.timeOrigin + performance.now()
    this.#onFlushed(this.#appended.map((appendedAt) => Math.max(0, now - appendedAt)))
    this.#appended.length = 0
  }

  /** Delivers what waits for the next flush. Conflated values were delivered to each member when it left. */
  close(): void {
    this.flush()
  }

  #scheduleFlush(): void {
    if (this.#timer ?? this.#immediate) return
    const waitMs = this.#nextAt - performance.now()
    if (waitMs < MIN_TIMER_MS) this.#immediate = setImmediate(() => this.flush())
    else this.#timer = setTimeout(() => this.flush(), waitMs)
  }

  #settle(audience: Audience): void {
    this.#deliver(audience)
    this.#deliverPending(audience)
  }

  #deliver(audience: Audience): void {
    const { events, eventCount, members } = audience
    if (eventCount === 0) return
    if (members.size === 1) this.#deliverTo(members.items[0]!, audience)
    else this.#deliverToAll(audience)
    audience.eventCount = 0
    if (eventCount > MAX_KEPT_EVENTS) events.length = 0
  }

  /** In pieces: of one that the kernel takes in part, all stays in memory until the client has read it. */
  #deliverTo(member: Member, { events, eventCount, format }: Audience): void {
    for (let from = 0; from < eventCount;) {
      if (member.isBehind) return member.miss(this.#window.list(events, from, eventCount))
      const to = this.#window.endOfPiece(events, from, eventCount, format)
      const bytes = this.#window.assemble(events, from, to, format, !member.isWriting)
      member.deliver(bytes, to - from)
      if (member.isWriting) this.#window.leave(bytes)
      from = to
    }
  }

  #deliverToAll({ events, eventCount, members, format }: Audience): void {
    const takers = members.items.some(({ isBehind }) => !isBehind)
    const bytes = takers ? this.#window.assemble(events, 0, eventCount, format, false) : undefined
    const missed = this.#window.list(events, 0, eventCount)
    for (const member of members.items) {
      if (bytes && !member.isBehind) member.deliver(bytes, eventCount)
      else member.miss(missed)
    }
  }

  #conflate(audience: Audience, topic: Topic): void {
    if (audience.pending.has(topic)) this.#conflated += audience.members.size
    audience.pending.add(topic)
    audience.timer ??= setTimeout(() => this.#deliverPending(audience), audience.format.conflateMs)
  }

  /** The newest event of each pending topic, in the order of the log: a cursor must not pass an undelivered value. */
  #deliverPending(audience: Audience): void {
    clearTimeout(audience.timer)
    audience.timer = undefined
    if (audience.pending.size === 0) return
    const newest = [...audience.pending].map(newestOf).toSorted((a, b) => a.sequence - b.sequence)
    audience.pending.clear()
    const bytes = encodeEvents(newest, audience.format)
    const events = {
      count: newest.length,
      topic: (at: number) => newest[at]!.topic,
      event: (at: number) => newest[at]!
    }
    for (const member of audience.members.items) {
      if (member.isBehind) member.miss(events)
      else member.deliver(bytes, newest.length)
    }
  }
}

/** The newest event of a topic that had one. */
export function newestOf(topic: Topic): EventRef {
  return { topic, entry: topic.entry!, index: topic.index, sequence: topic.sequence, stem: topic.stem }
}
