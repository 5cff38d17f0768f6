import type { LogEntry } from '../log/log-entry.ts'
import type { CursorStem } from '../log/cursor.ts'
import { topicKeyOf, type TopicKey } from '../log/topic-name.ts'
import type { TopicName } from '../market/event.ts'
import { Bag, MAX_SEARCHED_RARELY } from '../demand/bag.ts'
import { BarDeduplicator } from './bar-deduplicator.ts'

/** What a quote's event says. */
export type QuoteData = { symbol: string; quote: Record<string, unknown>; timestamp: string }

/** How a connection wants its events. Connections of one format share what is encoded. */
export type Format = {
  readonly binary: boolean
  /** Events that travel together come as one JSON array. */
  readonly batch: boolean
  /** Quotes come as what changed in them. */
  readonly changes: boolean
  /** The newest value per topic every so often; 0: every value at once. Trades and bars are never conflated. */
  readonly conflateMs: number
}

/** An event as it lies in the log, with the topic as this process knows it. */
export type EventRef = {
  readonly topic: Topic
  readonly entry: LogEntry
  readonly index: number
  /** Where the hub had it among all events. */
  readonly sequence: number
  /** Its cursor's, where it was given to somebody who listens. */
  readonly stem: CursorStem | undefined
}

/** Events that were published together, in order. Nothing is made of one that nobody looks at. */
export interface EventList {
  readonly count: number
  topic(at: number): Topic
  event(at: number): EventRef
}

/** The same for connections of one format that could not take them. */
export interface MissedEvents extends EventList {
  /** Made once for all that missed the event. */
  frame(at: number): Buffer
}

/** A connection, as those see it who deliver to it. */
export interface Member {
  /** Whom it listens with; kept by the audiences. */
  audience: Audience | undefined
  /** It cannot take more now: what it misses is told to it, nothing is encoded for it. */
  readonly isBehind: boolean
  /** Something that it was given is not written yet: its bytes must stay. */
  readonly isWriting: boolean
  /** Takes ready frames of `count` events, if it is not behind. */
  deliver(bytes: Buffer, count: number): void
  /** Keeps what it needs of events that it cannot take now. */
  miss(events: MissedEvents): void
}

const NO_EVENTS = new Uint32Array(0)
const MIN_EVENTS = 16
/** The room of so many events is kept; of more, while a round needs an eighth of it. */
const MAX_KEPT_EVENTS = 1024
const HARDLY_USED = 8

/** Connections with the same topics in the same format: what is assembled for one goes to all. */
export class Audience {
  readonly format: Format
  readonly members = new Bag<Member>()
  readonly topics = new Bag<Topic>()
  /** Its topics' joined. */
  fingerprint: readonly [number, number] = [0, 0]
  key = ''
  /** Numbers of the window's events that wait for its turn: the first `eventCount`. */
  events = NO_EVENTS
  eventCount = 0
  /** Topics whose newest event waits for the next conflated flush; absent where the audience has no such flushes. */
  pending: Set<Topic> | undefined
  timer: NodeJS.Timeout | undefined

  constructor(format: Format) {
    this.format = format
  }

  /** Lets an event wait for the audience's turn. */
  enqueue(number: number): void {
    if (this.eventCount === this.events.length) this.#grow()
    this.events[this.eventCount++] = number
  }

  /** Nothing waits any more. The room stays for what comes next, unless it is much more than was needed. */
  dequeueAll(): void {
    const { length } = this.events
    if (length > MAX_KEPT_EVENTS && this.eventCount < length / HARDLY_USED) this.events = NO_EVENTS
    this.eventCount = 0
  }

  #grow(): void {
    const grown = new Uint32Array(Math.max(MIN_EVENTS, 2 * this.events.length))
    grown.set(this.events)
    this.events = grown
  }
}

const BARS = 'bars.'
/** A band of prices says nothing of a halt that came before it, so that halts are no states. */
const HISTORIES = /^(trades:|halts:|bars\.)/

/** One thing that can be subscribed to, with the newest event seen about it. */
export class Topic {
  readonly name: TopicName
  /** By it the entries of the log know the topic. */
  readonly key: TopicKey
  /** Stands for the topic in binary records. */
  readonly id: number
  /** Only the newest value counts (quotes, best bids, channels); of trades, halts and bars every one does. */
  readonly isState: boolean
  /** 64 random bits: audiences are found by those of their topics, joined. */
  readonly fingerprint: readonly [number, number] = [randomBits(), randomBits()]
  /** Who gets each event as it comes. */
  readonly immediate = new Bag<Audience>(MAX_SEARCHED_RARELY)
  /** Who gets the newest event every so often. */
  readonly conflated = new Bag<Audience>(MAX_SEARCHED_RARELY)
  /** How many hold it, so that it is not forgotten: subscriptions and what replays for them. */
  holders = 0
  /** The newest event: its entry and its place there. Undefined where the hub's memory had none, and none came since. */
  entry: LogEntry | undefined
  index = 0
  /** Counts events over all topics of the hub: of two newest events the greater is the later. */
  sequence = 0
  /** See EventRef. */
  stem: CursorStem | undefined
  /** Absent where its events are no bars. */
  readonly barDeduplicator: BarDeduplicator | undefined
  /** How many of the immediate audiences want each encoding: what nobody wants is not made. */
  readonly wants = { text: 0, changes: 0, binary: 0 }

  constructor(name: TopicName, id: number) {
    this.name = name
    this.key = topicKeyOf(name)
    this.id = id
    this.isState = !HISTORIES.test(name)
    this.barDeduplicator = name.startsWith(BARS) ? new BarDeduplicator() : undefined
  }

  get hasAudience(): boolean {
    return this.immediate.size > 0 || this.conflated.size > 0
  }
}

const randomBits = (): number => Math.floor(Math.random() * 2 ** 32) | 0
