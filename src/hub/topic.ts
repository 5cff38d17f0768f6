import type { LogEntry } from '../log/entry.ts'
import type { TopicName } from '../market/event.ts'

/** Topics without an audience are forgotten above this number, those that were silent for longest first. */
const MAX_TOPICS = 100_000
const FORGET_AT_ONCE = 10_000
/** A topic that is younger may be about to get its audience. */
const MIN_AGE_MS = 600_000

/** So that the sum of 32,768 fingerprints is still exact. */
const MAX_FINGERPRINT = 2 ** 38

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
}

/** Events that were published together, in order. Nothing is made of one that nobody looks at. */
export interface EventList {
  readonly count: number
  topic(at: number): Topic
  event(at: number): EventRef
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
  miss(events: EventList): void
}

/** Connections with the same topics in the same format: what is assembled for one goes to all. */
export class Audience {
  readonly format: Format
  readonly members: Member[] = []
  /** Ascending by id. */
  topics: readonly Topic[] = []
  key = ''
  /** Numbers of the window's events that wait for the flush: the first `eventCount`; the room is used again. */
  readonly events: number[] = []
  eventCount = 0
  /** Topics whose newest event waits for the next conflated flush. */
  readonly pending = new Set<Topic>()
  timer: NodeJS.Timeout | undefined

  constructor(format: Format) {
    this.format = format
  }
}

/** One thing that can be subscribed to, with the newest event seen about it. */
export class Topic {
  readonly name: TopicName
  /** Stands for the topic in binary records. */
  readonly id: number
  /** Only the newest value counts (quotes, channels); of trades and bars every one does. */
  readonly isState: boolean
  /** Random: audiences are found by the sum of their topics'. */
  readonly fingerprint = Math.floor(Math.random() * MAX_FINGERPRINT)
  /** Who gets each event as it comes. */
  readonly immediate: Audience[] = []
  /** Who gets the newest event every so often. */
  readonly conflated: Audience[] = []
  /** The newest event: its entry and its place there. Undefined until one was seen. */
  entry: LogEntry | undefined
  index = 0
  /** Counts events over all topics of the hub: of two newest events the greater is the later. */
  sequence = 0
  readonly createdAt = performance.now()
  /** How many of the immediate audiences want each encoding: what nobody wants is not made. */
  readonly wants = { text: 0, changes: 0, binary: 0 }

  constructor(name: TopicName, id: number) {
    this.name = name
    this.id = id
    this.isState = !name.startsWith('trades:') && !name.startsWith('bars.')
  }

  get hasAudience(): boolean {
    return this.immediate.length > 0 || this.conflated.length > 0
  }
}

/** The topics of this process, by name. */
export class Topics {
  readonly #byName = new Map<TopicName, Topic>()
  readonly #freeIds: number[] = []
  #nextId = 1

  get size(): number {
    return this.#byName.size
  }

  get(name: TopicName): Topic {
    return this.#byName.get(name) ?? this.#create(name)
  }

  find(name: TopicName): Topic | undefined {
    return this.#byName.get(name)
  }

  [Symbol.iterator](): Iterator<Topic> {
    return this.#byName.values()
  }

  #create(name: TopicName): Topic {
    if (this.#byName.size >= MAX_TOPICS) this.#forgetSilent()
    const topic = new Topic(name, this.#freeIds.pop() ?? this.#nextId++)
    this.#byName.set(name, topic)
    return topic
  }

  #forgetSilent(): void {
    const youngest = performance.now() - MIN_AGE_MS
    const silent = [...this.#byName.values()].filter((topic) => !topic.hasAudience && topic.createdAt < youngest)
    silent.sort((a, b) => a.sequence - b.sequence)
    for (const topic of silent.slice(0, FORGET_AT_ONCE)) {
      this.#byName.delete(topic.name)
      this.#freeIds.push(topic.id)
    }
  }
}
