import type { CursorStem } from '../log/cursor.ts'
import { Audiences } from './audiences.ts'
import { changeFrame } from './change-frame.ts'
import { encodeEvents } from './format.ts'
import type { Audience, EventList, EventRef, Format, Member, MissedEvents, Topic } from './topic.ts'
import { Window } from './window.ts'

/**
 * A round of deliveries is interrupted after so long: what came from the log meanwhile is taken in, and goes out with the
 * same round to all whose turn is yet to come. Others (REST) are answered in between too.
 */
const SLICE_MS = 3
/**
 * After a round the process is left to others for this share of the time that the round took. Under load the next round
 * delivers more at once, so that a delivery costs less; a quiet market does not notice.
 */
const REST_SHARE = 0.35
/** Round and rest together take no longer, as far as the rest can help it: where a round is slow, clients wait enough. */
const MAX_CYCLE_MS = 8
/** Timers know no shorter time. */
const MIN_TIMER_MS = 1

export type FanoutOptions = {
  /** Rounds begin at least so far apart; 0: at the end of every turn of the event loop, if the hub is not busy. */
  flushMs: number
  /** A round comes early where more bytes of entries came: what waits still lies where they came from. */
  maxUnflushedBytes: number
  /** Told after each round how long the delivered entries took since their append, in milliseconds. */
  onFlushed: (lagsMs: readonly number[]) => void
}

/**
 * Brings events to audiences, in rounds. An event is encoded once; in a round each audience's frames are assembled
 * once and written to each member in one piece. A busy round becomes longer and its writes larger, which is cheaper:
 * what a write costs hardly depends on its size. While there is more to do, an audience waits one round for its turn.
 */
export class Fanout {
  readonly audiences = new Audiences((audience) => this.#settle(audience))
  readonly #flushMs: number
  readonly #maxUnflushedBytes: number
  readonly #window = new Window()
  /** Audiences for which events wait, or did, in the order of their turns. */
  readonly #dirty: Audience[] = []
  /** The next one's place, and that behind the last one of the round. */
  #next = 0
  #roundEnd = 0
  readonly #onFlushed: FanoutOptions['onFlushed']
  readonly #appended: number[] = []
  /** Of those so many came before the round. */
  #appendedBefore = 0
  #conflated = 0
  /** Of entries that came before the round, and since. */
  #bytesBefore = 0
  #bytesSince = 0
  #roundBegunAt = 0
  /** What the round took so far. */
  #roundMs = 0
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
    if (this.#bytesBefore + this.#bytesSince + bytes > this.#maxUnflushedBytes) this.flush()
    this.#bytesSince += bytes
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
      audience.enqueue(number)
    }
    this.#schedule()
  }

  /** Delivers what waits for a member, so that it has everything that was published, or knows that it missed it. */
  settle({ audience }: Member): void {
    if (audience) this.#settle(audience)
  }

  /** Notes when an entry that somebody listens to was appended (epoch ms), to tell its lag after the round. */
  noteAppend(appendedAt: number): void {
    if (this.#timer ?? this.#immediate) this.#appended.push(appendedAt)
  }

  /** Delivers everything that was published. */
  flush(): void {
    if (this.#roundEnd > 0) this.#deliverUntil(Infinity)
    this.#beginRound()
    this.#deliverUntil(Infinity)
  }

  /** Delivers what waits for the next round. Conflated values were delivered to each member when it left. */
  close(): void {
    this.flush()
    clearTimeout(this.#timer)
    clearImmediate(this.#immediate)
  }

  #schedule(): void {
    if (this.#timer ?? this.#immediate) return
    const waitMs = this.#nextAt - performance.now()
    if (waitMs < MIN_TIMER_MS) this.#immediate = setImmediate(this.#work)
    else this.#timer = setTimeout(this.#work, waitMs)
  }

  readonly #work = (): void => {
    this.#timer = this.#immediate = undefined
    if (this.#roundEnd === 0) this.#beginRound()
    this.#deliverUntil(performance.now() + SLICE_MS)
    if (this.#roundEnd > 0) this.#immediate = setImmediate(this.#work)
    else if (this.#dirty.length > 0) this.#schedule()
  }

  #beginRound(): void {
    this.#roundBegunAt = performance.now()
    this.#roundMs = 0
    this.#roundEnd = this.#dirty.length
    this.#bytesBefore = this.#bytesSince
    this.#bytesSince = 0
    this.#appendedBefore = this.#appended.length
    this.#window.turn()
  }

  #deliverUntil(endAt: number): void {
    const begunAt = performance.now()
    let now = begunAt
    while (this.#next < this.#roundEnd && now < endAt) {
      this.#deliver(this.#dirty[this.#next++]!)
      now = performance.now()
    }
    this.#roundMs += now - begunAt
    if (this.#next === this.#roundEnd) this.#endRound(now)
  }

  /** All that was published before the round is delivered. */
  #endRound(now: number): void {
    this.#dirty.splice(0, this.#roundEnd)
    this.#next = this.#roundEnd = 0
    this.#bytesBefore = 0
    const restMs = Math.min(this.#roundMs * REST_SHARE, Math.max(0, MAX_CYCLE_MS - (now - this.#roundBegunAt)))
    this.#nextAt = Math.max(this.#roundBegunAt + this.#flushMs, now + restMs)
    const delivered = this.#appended.splice(0, this.#appendedBefore)
    if (delivered.length === 0) return
    const deliveredAt = performance.timeOrigin + now
    this.#onFlushed(delivered.map((appendedAt) => Math.max(0, deliveredAt - appendedAt)))
  }

  #settle(audience: Audience): void {
    this.#deliver(audience)
    this.#deliverPending(audience)
  }

  #deliver(audience: Audience): void {
    const { eventCount, members } = audience
    if (eventCount === 0) return
    if (members.size === 1) this.#deliverTo(members.items[0]!, audience)
    else this.#deliverToAll(audience)
    audience.dequeueAll()
  }

  /** In pieces: of one that the kernel takes in part, all stays in memory until the client has read it. */
  #deliverTo(member: Member, { events, eventCount, format }: Audience): void {
    for (let from = 0; from < eventCount;) {
      if (member.isBehind) return member.miss(this.#missed(this.#window.list(events, from, eventCount), format))
      const to = this.#window.endOfPiece(events, from, eventCount, format)
      const bytes = this.#window.assemble(events, from, to, format, !member.isWriting)
      member.deliver(bytes, to - from)
      if (member.isWriting) this.#window.leave(bytes, member)
      from = to
    }
  }

  #deliverToAll({ events, eventCount, members, format }: Audience): void {
    const takers = members.items.some(({ isBehind }) => !isBehind)
    const bytes = takers ? this.#window.assemble(events, 0, eventCount, format, false) : undefined
    const missed = this.#missed(this.#window.list(events, 0, eventCount), format)
    for (const member of members.items) {
      if (bytes && !member.isBehind) member.deliver(bytes, eventCount)
      else member.miss(missed)
    }
  }

  #missed(events: EventList, format: Format): MissedEvents {
    const frames: Buffer[] = []
    return { ...events, frame: (at) => (frames[at] ??= encodeEvents([events.event(at)], format)) }
  }

  #conflate(audience: Audience, topic: Topic): void {
    audience.pending ??= new Set()
    if (audience.pending.has(topic)) this.#conflated += audience.members.size
    audience.pending.add(topic)
    audience.timer ??= setTimeout(() => this.#deliverPending(audience), audience.format.conflateMs)
  }

  /** The newest event of each pending topic, in the order of the log: a cursor must not pass an undelivered value. */
  #deliverPending(audience: Audience): void {
    clearTimeout(audience.timer)
    audience.timer = undefined
    if (!audience.pending?.size) return
    const newest = [...audience.pending].map(newestOf).toSorted((a, b) => a.sequence - b.sequence)
    audience.pending.clear()
    const bytes = encodeEvents(newest, audience.format)
    const events = this.#missed(
      { count: newest.length, topic: (at) => newest[at]!.topic, event: (at) => newest[at]! },
      audience.format
    )
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
