import type { Intake } from '../../src/intake/intake.ts'
import type { MarketEvent } from '../../src/market/event.ts'
import { kindOfSymbol } from '../../src/market/instrument-kind.ts'
import type { NewsItem } from '../../src/market/news.ts'
import type { Feed } from '../../src/streams/feed.ts'
import type { ListedInstrument, Mapped } from '../../src/streams/mapper.ts'
import type { GapWriter } from './gap-writer.ts'
import type { ListenedUntil } from './listened-until.ts'
import type { Precedence } from './precedence.ts'
import { RecentTrades } from './recent-trades.ts'
import type { ReferenceQuotes } from './reference-quotes.ts'
import type { StreamCounts } from './stream-counts.ts'

export type StreamEntranceOptions = {
  readonly intake: Pick<Intake, 'acceptAll'>
  readonly precedence: Pick<Precedence, 'admits'>
  readonly listenedUntil: Pick<ListenedUntil, 'onTheWay'>
  readonly gaps: Pick<GapWriter, 'begin' | 'end'>
  readonly references: Pick<ReferenceQuotes, 'streams'>
  readonly news: (items: readonly NewsItem[], feed: Feed) => void
  readonly instruments: (listed: readonly ListedInstrument[]) => void
  readonly counts: StreamCounts
}

/** Brings what one stream tells to the entrance of all events: without what another feed tells, or it told before. */
export class StreamEntrance {
  readonly #options: StreamEntranceOptions
  readonly #recent = new RecentTrades()
  #overflowOf: Feed | undefined

  constructor(options: StreamEntranceOptions) {
    this.#options = options
  }

  /** Takes what a frame came to. */
  take({ events, news, refusals, instruments = [], unknownFields = [] }: Mapped, feed: Feed): void {
    const { counts, listenedUntil } = this.#options
    for (const { reason, kind } of refusals) counts.refused(feed.name, reason, kind)
    for (const field of unknownFields) counts.refused(feed.name, 'unknown_field', field)
    if (news.length > 0) this.#options.news(news, feed)
    if (instruments.length > 0) this.#options.instruments(instruments)
    const appended = this.#accept(events, feed)
    if (!appended) return
    const receivedAt = Date.now()
    listenedUntil.onTheWay(appended)
    appended.then(
      () => this.#logTakes(),
      () => this.#logRefuses(feed, receivedAt)
    )
  }

  /** Resolves, where it is a promise, when the log holds what entered. */
  #accept(events: readonly MarketEvent[], feed: Feed): Promise<void> | undefined {
    const { intake, counts, references, precedence } = this.#options
    const admitted = events.filter((event) => precedence.admits(event))
    if (admitted.length < events.length)
      counts.judged(feed.name, events[0]!.type, 'told_by_another_feed', events.length - admitted.length)
    const fresh = admitted.filter((event) => event.type !== 'trade' || this.#recent.isNew(event))
    if (fresh.length < admitted.length) counts.judged(feed.name, 'trade', 'duplicate', admitted.length - fresh.length)
    const { outcomes, appended } = intake.acceptAll(fresh)
    for (const [at, event] of fresh.entries()) {
      const outcome = outcomes[at]!
      counts.judged(feed.name, event.type, outcome)
      if (outcome === 'accepted' && isPriced(event)) references.streams(event.data.symbol)
    }
    return appended
  }

  /** What the log does not take is lost to all who follow it. */
  #logRefuses(feed: Feed, receivedAt: number): void {
    if (this.#overflowOf) return
    this.#overflowOf = feed
    this.#options.gaps.begin({ source: feed.source, feed: feed.feed, reason: 'overflow' }, receivedAt)
  }

  #logTakes(): void {
    const feed = this.#overflowOf
    this.#overflowOf = undefined
    if (feed) this.#options.gaps.end({ source: feed.source, feed: feed.feed, reason: 'overflow' }, Date.now())
  }
}

/** Most options are quoted and not traded: what one traded at last is told by who is asked. */
function isPriced(event: MarketEvent): event is Extract<MarketEvent, { type: 'trade' | 'quote_update' | 'bbo' }> {
  if (event.type === 'bbo') return kindOfSymbol(event.data.symbol) === 'option'
  return event.type === 'trade' || event.type === 'quote_update'
}
