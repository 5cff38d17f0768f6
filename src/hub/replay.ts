import type { EventLog } from '../log/log.ts'
import { comparePositions, LAST_INDEX, MAX_ID_PART, type Place, type Position } from '../log/position.ts'
import type { Ending, Hub } from './hub.ts'
import type { Failure } from './protocol.ts'
import { eventsOf, type Chunk } from './recent.ts'
import { Standing } from './standing.ts'
import type { EventRef, Topic } from './topic.ts'
import type { SerialQueue } from './serial-queue.ts'

/** One write's worth: between two, the client may drain and others get their turn. */
const MAX_CHUNK_EVENTS = 500
/** An answer of Redis holds about so much; how many entries that is follows from those read before. */
const BYTES_PER_READ = 1024 * 1024
const FIRST_ENTRIES_PER_READ = 16
const MAX_ENTRIES_PER_READ = 2000
/** Replays that read the log of long ago, at a time; others wait for their turn. */
const MAX_DEEP_REPLAYS = 8
/** For how long an event that a client has already may be unknown here. */
const AHEAD_TIMEOUT_MS = 3000
/** Behind every id. */
const NEWEST = { idMs: MAX_ID_PART, idSeq: MAX_ID_PART }

/** Why events are missing: trimmed from the log, lost with it, or named by a cursor that was never given out. */
export type GapReason = 'trimmed' | 'log_replaced' | 'unknown_position'

/**
 * Nothing where the client has caught up; the ending where it has all that the hub saw of a former log; else why events are
 * missing, or why the replay ended before, and where.
 */
export type ReplayOutcome = undefined | GapReason | Ending | { readonly failure: Failure; readonly at: Place }

export type ReplayTarget = {
  readonly isOpen: boolean
  send(events: readonly EventRef[], epoch: string): void
  /** Pays for bytes that were read for the client; returns why it cannot. */
  pay(bytes: number): Failure | undefined
  /** Resolves when more can be sent. */
  drained(): Promise<void>
  /** The client is at the hub's head. Called in the very moment: from here on it listens. */
  caughtUp(): void
}

export type ReplayRequest = {
  readonly from: Place
  readonly topics: ReadonlySet<Topic>
  readonly target: ReplayTarget
}

/** What was read of the log itself tells how many entries to read next. */
type Step = Chunk & { readonly entriesPerRead?: number }

/** Brings clients from where they were to where the hub is: from its memory, and from the log where that is too short. */
export class Replays {
  readonly #hub: Hub
  readonly #log: EventLog
  readonly #serialQueue: SerialQueue
  readonly #queue: (() => void)[] = []
  #deep = 0

  constructor(hub: Hub, log: EventLog, serialQueue: SerialQueue) {
    this.#hub = hub
    this.#log = log
    this.#serialQueue = serialQueue
  }

  /**
   * Sends every event of the topics behind the place, each once, in order, and lets the target catch up: with the hub, or
   * with the end of the place's log, where that is a former one. What is gone from the log itself is in the hub's memory
   * or nowhere.
   */
  async run({ from, topics, target }: ReplayRequest): Promise<ReplayOutcome> {
    const { epoch } = from
    let at: Position = from
    let entriesPerRead = FIRST_ENTRIES_PER_READ
    const standing = new Standing(this.#hub.recent(at.shard).newestUpTo(at, statesOf(topics)))
    try {
      for (;;) {
        const recent = this.#hub.recent(at.shard)
        const ending = this.#hub.endingOf(epoch, at.shard)
        if (ending && comparePositions(at, ending.last) >= 0) return ending
        if (epoch !== this.#hub.epoch && !(ending && recent.covers(at))) return 'log_replaced'
        if (!ending && comparePositions(at, recent.head) > 0) {
          const reached = await this.#reach(at)
          if (!reached) return 'unknown_position'
          at = reached
          if (epoch !== this.#hub.epoch) continue
        }
        // Nothing is awaited from here until the client has caught up, where the hub's memory reaches back.
        const step: Step | GapReason = recent.covers(at)
          ? recent.after(at, topics, MAX_CHUNK_EVENTS, ending?.last)
          : await this.#readLog(at, topics, entriesPerRead)
        if (typeof step === 'string') return step
        // It may have been read of the log that came after.
        if (!ending && epoch !== this.#hub.epoch) return 'log_replaced'
        if (!target.isOpen) return undefined
        const failure = target.pay(step.bytes)
        if (failure) return { failure, at: { epoch, ...at } }
        target.send(standing.keep(step.events), epoch)
        if (ending && step.isHead) return ending
        if (step.isHead) {
          target.caughtUp()
          return undefined
        }
        at = step.until
        entriesPerRead = step.entriesPerRead ?? entriesPerRead
        await target.drained()
        await this.#serialQueue.next()
      }
    } catch (error) {
      if (!(error instanceof LogUnreadable)) throw error
      return { failure: LOG_UNREADABLE, at: { epoch, ...at } }
    }
  }

  /**
   * A client can be ahead of this process by what another one showed it. Returns where it goes on when this process is
   * there too, or nothing where the log does not hold its position. Where it never held anything, nothing can be missing to
   * who saw no event.
   */
  async #reach(at: Position): Promise<Position | undefined> {
    const { head } = this.#hub.recent(at.shard)
    const { last } = await readable(this.#log.reach(at.shard))
    if (!last) return at.index === LAST_INDEX ? head : undefined
    const isTold = comparePositions({ ...at, index: 0 }, { ...last, index: 0 }) <= 0
    return isTold && (await this.#hub.reaches({ ...at, index: 0 }, AHEAD_TIMEOUT_MS)) ? at : undefined
  }

  async #readLog(at: Position, topics: ReadonlySet<Topic>, maxEntries: number): Promise<Step | GapReason> {
    if (this.#deep >= MAX_DEEP_REPLAYS) await new Promise<void>((resolve) => this.#queue.push(resolve))
    this.#deep++
    try {
      const entries = await readable(this.#log.read(at, maxEntries))
      // Asked afterwards: what it still reaches back to was there to be read.
      const { first, last, isWhole } = await readable(this.#log.reach(at.shard))
      const nothing = { events: [], isHead: false, bytes: 0, entriesPerRead: maxEntries }
      const recent = this.#hub.recent(at.shard)
      // The hub saw what the log never held: it is another one, although nobody has noticed yet.
      const seenMs = recent.newestBefore(first ?? NEWEST) ?? 0
      if (isWhole && seenMs > this.#hub.beginsAfterMs(at.shard)) return 'log_replaced'
      // Nothing was appended since: what the hub has seen begins behind the position.
      if (!last || comparePositions({ ...last, index: LAST_INDEX }, at) <= 0) {
        return { ...nothing, until: recent.tail }
      }
      const isThere = first && comparePositions({ ...first, index: 0 }, { ...at, index: 0 }) <= 0
      if (!isThere && !isWhole) return 'trimmed'
      const newest = entries.at(-1)
      // What there is came after it was read.
      if (!newest) return { ...nothing, until: at }
      const bytes = entries.reduce((sum, entry) => sum + entry.bytes.length, 0)
      return {
        events: entries.flatMap((entry) => eventsOf(entry, at, topics, this.#hub.topics, 0)),
        until: { shard: at.shard, idMs: newest.idMs, idSeq: newest.idSeq, index: LAST_INDEX },
        isHead: false,
        bytes,
        entriesPerRead: Math.min(MAX_ENTRIES_PER_READ, Math.ceil((BYTES_PER_READ * entries.length) / bytes))
      }
    } finally {
      this.#deep--
      this.#queue.shift()?.()
    }
  }
}

const statesOf = (topics: ReadonlySet<Topic>): Topic[] => [...topics].filter(({ isState }) => isState)

class LogUnreadable extends Error {}

async function readable<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer
  } catch (cause) {
    throw new LogUnreadable('the log cannot be read', { cause })
  }
}

const LOG_UNREADABLE: Failure = {
  code: 'LOG_UNREADABLE',
  message: 'What was missed cannot be read now; what is in removed was unsubscribed: subscribe again with this since'
}
