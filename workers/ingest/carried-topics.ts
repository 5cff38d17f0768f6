import { sourceOfTrades } from '../../src/bars/series-names.ts'
import { everyTopicOf, type CarrierAnswer } from '../../src/demand/answers.ts'
import { streamOf, symbolOf } from '../../src/demand/want.ts'
import type { TopicName } from '../../src/market/event.ts'
import { tradesIn } from '../../src/market/feed-hours.ts'
import type { SessionPhase } from '../../src/market/session.ts'
import type { Feed } from '../../src/streams/feed.ts'
import { CARRIED_STREAMS, isCarriedStream, neededFor } from './needs.ts'
import type { Precedence } from './precedence.ts'

const QUOTES = 'quotes'

type Announce = (answers: Iterable<readonly [TopicName, CarrierAnswer | undefined]>) => void

export type CarriedTopicsOptions = {
  readonly announce: Announce
  readonly precedence: Pick<Precedence, 'servesFrom'>
  readonly phaseOf: (symbol: string, instant: number) => SessionPhase
}

/** Says of each topic that is wanted whether the stream brings it, and why not. */
export class CarriedTopics {
  readonly #options: CarriedTopicsOptions
  /** Since when, epoch milliseconds. */
  readonly #since = new Map<TopicName, number>()
  #wanted = new Set<TopicName>()
  #withoutSlot: ReadonlySet<TopicName> = new Set()
  #refused: ReadonlyMap<TopicName, string> = new Map()
  /** What of it comes late although the feed does not. */
  #late: ReadonlySet<TopicName> = new Set()
  #feed: Feed | undefined
  /** Why nothing is carried at all. */
  #awayBecause: string | undefined

  constructor(options: CarriedTopicsOptions) {
    this.#options = options
  }

  /** All topics that are wanted, and those of the feed that have no slot. */
  wanted(topics: readonly TopicName[], withoutSlot: ReadonlySet<TopicName>, feed: Feed): void {
    const before = this.#wanted
    this.#wanted = new Set(topics.filter((topic) => isCarriedStream(topic) || streamOf(topic) === QUOTES))
    this.#withoutSlot = withoutSlot
    this.#feed = feed
    this.#options.announce([...before].filter((topic) => !this.#wanted.has(topic)).map((topic) => [topic, undefined]))
    this.#tell()
  }

  /** What the vendor has acknowledged and refused by now. */
  carrying(
    topics: ReadonlySet<TopicName>,
    refused: ReadonlyMap<TopicName, string>,
    feed: Feed,
    late: ReadonlySet<TopicName>
  ): void {
    for (const topic of this.#since.keys()) if (!topics.has(topic)) this.#since.delete(topic)
    for (const topic of topics) if (!this.#since.has(topic)) this.#since.set(topic, Date.now())
    this.#refused = refused
    this.#late = late
    this.#feed = feed
    this.#tell()
  }

  /** Whether there is no connection, and for which reason. */
  away(isAway: boolean, reason: string): void {
    const because = isAway ? reason : undefined
    if (because === this.#awayBecause) return
    this.#awayBecause = because
    this.#tell()
  }

  /** Nothing is brought any more. */
  close(): void {
    this.#options.announce([...this.#wanted, ...CARRIED_STREAMS.map(everyTopicOf)].map((topic) => [topic, undefined]))
    this.#wanted.clear()
    this.#since.clear()
  }

  #tell(): void {
    const feed = this.#feed
    if (!feed) return
    const deciding: CarrierAnswer = { state: 'deciding' }
    this.#options.announce([
      ...CARRIED_STREAMS.map((stream) => [everyTopicOf(stream), this.#awayBecause ? undefined : deciding] as const),
      ...[...this.#wanted].map((topic) => [topic, this.#answerTo(topic, feed)] as const)
    ])
  }

  /** Of bars it is the trades that they are made of that are carried, or not. */
  #answerTo(topic: TopicName, feed: Feed): CarrierAnswer | undefined {
    if (streamOf(topic) === QUOTES) return this.#answerToQuotes(topic, feed)
    const needed = neededFor(topic)[0]!
    const source = needed === topic ? feed.source : sourceOfTrades(feed.source)
    const by = feed.source
    if (this.#awayBecause !== undefined) return { state: 'refused', reason: this.#awayBecause, by }
    if (!this.#tradesNow(needed, feed)) return { state: 'refused', reason: 'outside_its_hours', by }
    const since = this.#servedSince(needed)
    if (since !== undefined) return { state: 'carried', source, feed: this.#feedOf(needed, feed), since, by }
    if (!feed.serves(needed)) return { state: 'refused', reason: 'not_on_this_feed', by }
    if (this.#withoutSlot.has(needed)) return { state: 'refused', reason: 'over_the_cap', by }
    const reason = this.#refused.get(needed)
    return reason === undefined ? { state: 'deciding' } : { state: 'refused', reason, by }
  }

  /** Undefined for what the vendor did not acknowledge, and what another one serves. */
  #servedSince(topic: TopicName): number | undefined {
    const since = this.#since.get(topic)
    return since === undefined ? undefined : this.#options.precedence.servesFrom(topic, since)
  }

  /** Quotes are composed of the trades, or told; where they come late, or nothing trades now, who polls has newer ones. */
  #answerToQuotes(topic: TopicName, feed: Feed): CarrierAnswer | undefined {
    const by = feed.source
    if (this.#awayBecause !== undefined) return { state: 'refused', reason: this.#awayBecause, by }
    if (!this.#tradesNow(topic, feed)) return undefined
    for (const needed of [`trades:${symbolOf(topic)}`, topic]) {
      const told = this.#feedOf(needed, feed)
      const since = told === 'delayed' ? undefined : this.#servedSince(needed)
      if (since !== undefined) return { state: 'carried', source: by, feed: told, since, by }
    }
    return undefined
  }

  #tradesNow(topic: TopicName, { feed }: Feed): boolean {
    return tradesIn(feed, this.#options.phaseOf(symbolOf(topic), Date.now()))
  }

  #feedOf = (topic: TopicName, { feed }: Feed): Feed['feed'] => (this.#late.has(topic) ? 'delayed' : feed)
}
