import type { CarrierAnswer } from '../../src/demand/answers.ts'
import { streamOf, symbolOf } from '../../src/demand/want.ts'
import { topicOf, type MarketEvent, type TopicName } from '../../src/market/event.ts'

/** While better feeds have not said whether they bring something, the next one waits so long before it is asked. */
const DECIDE_WITHIN_MS = 2000
/** Whoever stands further behind waits longer, so that one that is enough is not asked together with the others. */
const PER_RANK_MS = 300
/** A better feed takes back once it has been well for so long: one that comes and goes is worse than the next. */
const STABLE_AFTER_MS = 15_000
/** A feed that takes back says so before it does: by then the other one knows, in whichever process it runs. */
const ANNOUNCED_BEFORE_MS = 1000
/** What happened before a feed took back may still come from the other one for so long. */
const STRAGGLERS_MS = 2000

export type PrecedenceOptions = {
  /** Whose stream this is. */
  readonly vendor: string
  /** Vendors that are to serve a topic rather than this one. */
  readonly betters: (topic: TopicName) => readonly string[]
  /** What the carriers of all processes say of a topic. */
  readonly said: (topic: TopicName) => Iterable<CarrierAnswer>
  /** Epoch milliseconds. */
  readonly now: () => number
}

/** Another vendor's stream brings what happens from an instant on (epoch ms). */
type Claim = { readonly isBetter: boolean; readonly since: number }

/** Since when this one serves something, and from which event time on (epoch ms) what it tells counts. */
type Own = { readonly since: number; readonly from: number }

/**
 * Decides what one vendor's stream serves where several could. The best feed that is well serves; when it is lost or mute the next
 * one does, and it takes back once it is stable. Which of two tells an event is decided by when the event happened, so that
 * a change loses nothing and tells nothing twice. Halts are taken from all: one that is told twice is one.
 */
export class Precedence {
  readonly #options: PrecedenceOptions
  /** By what they are about, then by the topic that is said to be carried. */
  readonly #claims = new Map<string, Map<TopicName, readonly Claim[]>>()
  readonly #own = new Map<string, Own>()
  /** Since when no better feed brings it. */
  readonly #lackedSince = new Map<string, number>()
  /** What a better feed has brought. */
  readonly #servedBefore = new Set<string>()
  /** Listened to so that a mute feed is noticed, and wanted of none. */
  #unwanted: ReadonlySet<TopicName> = new Set()
  #wellSince: number | undefined
  #isWaiting = false

  constructor(options: PrecedenceOptions) {
    this.#options = options
  }

  /** Carriers said something else of topics. */
  heard(topics: Iterable<TopicName>): void {
    for (const topic of topics) {
      const subject = subjectOf(topic)
      if (subject !== undefined) this.#note(subject, topic)
    }
  }

  /** The stream is live, or no longer; what it served somebody else may serve. */
  well(isWell: boolean): void {
    if (isWell) this.#wellSince ??= this.#options.now()
    else {
      this.#wellSince = undefined
      this.#own.clear()
    }
  }

  /** Those of all wanted topics that this stream is to serve now, or still serves. */
  due<Wanted extends { readonly topic: TopicName }>(wanted: Iterable<Wanted>): Wanted[] {
    this.#isWaiting = false
    const known = new Set<string>()
    const due = [...wanted].filter(({ topic }) => {
      known.add(subjectOf(topic) ?? '')
      return this.#isDue(topic)
    })
    for (const subject of this.#lackedSince.keys()) if (!known.has(subject)) this.#lackedSince.delete(subject)
    return due
  }

  /** Whether something may become due without a word of anybody. */
  get isWaiting(): boolean {
    return this.#isWaiting
  }

  /** What the vendor is asked for from now on, beside its canary's topics. */
  planned(topics: ReadonlySet<TopicName>, canary: readonly TopicName[]): void {
    const subjects = new Set([...topics].map(subjectOf))
    for (const subject of this.#own.keys()) if (!subjects.has(subject)) this.#own.delete(subject)
    this.#unwanted = new Set(canary.filter((topic) => !topics.has(topic) && this.#options.betters(topic).length > 0))
  }

  /** Whether a better feed served it before: then what was missed of its day is that feed's. */
  tookOver(topic: TopicName): boolean {
    return this.#servedBefore.has(subjectOf(topic) ?? '')
  }

  /**
   * From when on (epoch ms) this stream is said to serve what its vendor has acknowledged, at an instant; undefined while
   * another one serves it.
   */
  servesFrom(topic: TopicName, acknowledgedAt: number): number | undefined {
    const subject = subjectOf(topic)
    if (subject === undefined) return acknowledgedAt
    const own = this.#own.get(subject)
    if (own) return own.since
    const claims = this.#claimsOn(subject)
    if (claims.some(({ isBetter }) => isBetter)) return undefined
    const now = this.#options.now()
    // What it stood by for may have been acknowledged long before.
    if (claims.length === 0)
      return this.#serves(subject, this.#servedBefore.has(subject) ? now : acknowledgedAt, -Infinity)
    const isStable = this.#wellSince !== undefined && now - this.#wellSince >= STABLE_AFTER_MS
    const since = now + ANNOUNCED_BEFORE_MS
    return isStable ? this.#serves(subject, since, since) : undefined
  }

  /** Whether an event of this stream enters, or another one tells it. */
  admits(event: MarketEvent): boolean {
    if (this.#claims.size === 0 && this.#unwanted.size === 0) return true
    const topic = topicOf(event)
    if (this.#unwanted.has(topic)) return false
    const subject = subjectOf(topic)
    const claims = subject === undefined ? undefined : this.#claims.get(subject)
    if (!claims || !('timestamp' in event.data)) return true
    const at = Date.parse(event.data.timestamp)
    const from = this.#own.get(subject!)?.from ?? Infinity
    for (const several of claims.values()) {
      for (const { isBetter, since } of several) if (since <= at && (isBetter || at < from)) return false
    }
    return true
  }

  #serves(subject: string, since: number, from: number): number {
    this.#own.set(subject, { since, from })
    return since
  }

  #note(subject: string, topic: TopicName): void {
    const betters = this.#options.betters(topic)
    const claims: Claim[] = []
    for (const answer of this.#options.said(topic)) {
      if (answer.state !== 'carried' || answer.by === undefined || answer.by === this.#options.vendor) continue
      claims.push({ isBetter: betters.includes(answer.by), since: answer.since })
    }
    const byTopic = this.#claims.get(subject) ?? new Map<TopicName, readonly Claim[]>()
    if (claims.length > 0) this.#claims.set(subject, byTopic.set(topic, claims))
    else if (byTopic.delete(topic) && byTopic.size === 0) this.#claims.delete(subject)
    if (claims.some(({ isBetter }) => isBetter)) this.#servedBefore.add(subject)
  }

  #claimsOn(subject: string): Claim[] {
    return [...(this.#claims.get(subject)?.values() ?? [])].flat()
  }

  #isDue(topic: TopicName): boolean {
    const subject = subjectOf(topic)
    const betters = subject === undefined ? [] : this.#options.betters(topic)
    if (subject === undefined || betters.length === 0) return true
    const now = this.#options.now()
    const better = this.#claimsOn(subject).filter(({ isBetter }) => isBetter)
    if (better.length > 0) {
      this.#lackedSince.delete(subject)
      const isHandedOver = Math.min(...better.map(({ since }) => since)) + STRAGGLERS_MS <= now
      if (isHandedOver) this.#own.delete(subject)
      const isStillServed = this.#own.has(subject)
      if (isStillServed) this.#isWaiting = true
      return isStillServed
    }
    if (this.#own.has(subject)) return true
    const lackedSince = this.#lackedSince.get(subject) ?? now
    this.#lackedSince.set(subject, lackedSince)
    const isDue = this.#refused(topic, betters) || now - lackedSince >= DECIDE_WITHIN_MS + PER_RANK_MS * betters.length
    if (!isDue) this.#isWaiting = true
    return isDue
  }

  #refused(topic: TopicName, betters: readonly string[]): boolean {
    const refusing = new Set<string>()
    for (const answer of this.#options.said(topic)) {
      if (answer.state === 'refused' && answer.by !== undefined) refusing.add(answer.by)
    }
    return betters.every((vendor) => refusing.has(vendor))
  }
}

/** Bars and quotes are made of trades, or told in their place. Undefined for what all may tell. */
function subjectOf(topic: TopicName): string | undefined {
  const stream = streamOf(topic)
  if (stream === 'halts') return undefined
  return `${stream === 'bbo' ? 'bbo' : 'trades'}:${symbolOf(topic)}`
}
