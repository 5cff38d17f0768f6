import type { LogEntry } from '../log/entry.ts'
import type { EventLog } from '../log/log.ts'
import { comparePositions, LAST_INDEX, type Position } from '../log/position.ts'
import type { Hub } from './hub.ts'
import { firstAfter, type Chunk } from './recent.ts'
import type { EventRef, Topic } from './topic.ts'

/** One write's worth: between two, the client may drain and others get their turn. */
const MAX_CHUNK_EVENTS = 500
const ENTRIES_PER_READ = 200
/** Replays that read the log of long ago, at a time; others wait for their turn. */
const MAX_DEEP_REPLAYS = 8
/** For how long an event that a client has already may be unknown here. */
const AHEAD_TIMEOUT_MS = 3000

/** Why events are missing: trimmed from the log, lost with it, or named by a cursor that was never given out. */
export type GapReason = 'trimmed' | 'log_replaced' | 'unknown_position'

export type ReplayTarget = {
  readonly isOpen: boolean
  send(events: readonly EventRef[]): void
  /** Resolves when more can be sent. */
  drained(): Promise<void>
  /** The client is at the hub's head. Called in the very moment: from here on it listens. */
  caughtUp(): void
}

export type ReplayRequest = {
  readonly from: Position
  readonly topics: ReadonlySet<Topic>
  readonly target: ReplayTarget
}

/** Brings clients from where they were to where the hub is: from its memory, and from the log where that is too short. */
export class Replays {
  readonly #hub: Hub
  readonly #log: EventLog
  readonly #queue: (() => void)[] = []
  #deep = 0

  constructor(hub: Hub, log: EventLog) {
    this.#hub = hub
    this.#log = log
  }

  /**
   * Sends every event of the topics behind the position, each once, in order. Resolves with the reason where that
   * cannot be done; then nothing was promised, and the target is not caught up. Rejects when the log cannot be read.
   */
  async run(request: ReplayRequest): Promise<GapReason | undefined> {
    const { target } = request
    let at = request.from
    for (;;) {
      const step = await this.#step(at, request)
      if (typeof step === 'string') return step
      if (!target.isOpen) return undefined
      target.send(step.events)
      if (step.isHead) {
        target.caughtUp()
        return undefined
      }
      at = step.until
      await target.drained()
      await new Promise(setImmediate)
    }
  }

  async #step(at: Position, { topics }: ReplayRequest): Promise<Chunk | GapReason> {
    const recent = this.#hub.recent(at.shard)
    if (!recent.covers(at)) return this.#deepStep(at, topics)
    if (comparePositions(at, recent.head) > 0 && !(await this.#isToCome(at))) return 'unknown_position'
    return recent.after(at, topics, MAX_CHUNK_EVENTS)
  }

  /** A client can be ahead of this process by what another one showed it. */
  async #isToCome(at: Position): Promise<boolean> {
    const { last } = await this.#log.reach(at.shard)
    const wasGiven = last !== undefined && comparePositions({ ...at, index: 0 }, { ...last, index: 0 }) <= 0
    return wasGiven && this.#hub.reaches({ ...at, index: 0 }, AHEAD_TIMEOUT_MS)
  }

  async #deepStep(at: Position, topics: ReadonlySet<Topic>): Promise<Chunk | GapReason> {
    if (this.#deep >= MAX_DEEP_REPLAYS) await new Promise<void>((resolve) => this.#queue.push(resolve))
    this.#deep++
    try {
      const entries = await this.#log.read(at, ENTRIES_PER_READ)
      // Asked afterwards: what it still reaches back to was there to be read.
      const { first, last, isWhole } = await this.#log.reach(at.shard)
      // Nothing was appended since: what the hub has seen begins behind the position.
      if (!last || comparePositions({ ...last, index: LAST_INDEX }, at) <= 0) {
        return { events: [], until: this.#hub.recent(at.shard).tail, isHead: false }
      }
      const isThere = first && comparePositions({ ...first, index: 0 }, { ...at, index: 0 }) <= 0
      if (!isThere && !isWhole) return 'trimmed'
      const newest = entries.at(-1)
      const until = newest && { shard: at.shard, idMs: newest.idMs, idSeq: newest.idSeq, index: LAST_INDEX }
      // What there is came after it was read.
      if (!until) return { events: [], until: at, isHead: false }
      return { events: entries.flatMap((entry) => this.#wantedOf(entry, at, topics)), until, isHead: false }
    } finally {
      this.#deep--
      this.#queue.shift()?.()
    }
  }

  #wantedOf(entry: LogEntry, at: Position, topics: ReadonlySet<Topic>): EventRef[] {
    const events: EventRef[] = []
    for (let index = firstAfter(entry, at); index < entry.count; index++) {
      const topic = this.#hub.topics.find(entry.topic(index))
      if (topic && topics.has(topic)) events.push({ topic, entry, index, sequence: 0 })
    }
    return events
  }
}
