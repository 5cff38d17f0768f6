import type { Logger } from 'pino'
import type { Redis } from 'ioredis'
import type { GapSubject } from '../../db/gaps.ts'
import type { CarrierAnswer } from '../../src/demand/answers.ts'
import type { Carrier } from '../../src/demand/carrier.ts'
import { streamOf, symbolOf, type Want } from '../../src/demand/want.ts'
import type { Intake } from '../../src/intake/intake.ts'
import type { TopicName } from '../../src/market/event.ts'
import type { NewsItem } from '../../src/market/news.ts'
import { Lease } from '../../src/redis/lease.ts'
import { systemClock } from '../../src/streams/clock.ts'
import type { Feed } from '../../src/streams/feed.ts'
import type { ListedInstrument } from '../../src/streams/mapper.ts'
import type { SessionPhase } from '../../src/market/session.ts'
import type { OpenSocket } from '../../src/streams/socket.ts'
import type { StreamState, StreamStatus } from '../../src/streams/stream-status.ts'
import { Supervisor } from '../../src/streams/supervisor.ts'
import { CarriedTopics } from './carried-topics.ts'
import type { GapWriter } from './gap-writer.ts'
import { LateJoins } from './late-joins.ts'
import { ListenedUntil } from './listened-until.ts'
import type { OverflowPolling } from './overflow-polling.ts'
import { Precedence } from './precedence.ts'
import type { ReferenceQuotes } from './reference-quotes.ts'
import { SlotPlan } from './slot-plan.ts'
import type { StreamCounts } from './stream-counts.ts'
import { StreamEntrance } from './stream-entrance.ts'

/** A dead owner is succeeded after this; the vendor may hold its connection for longer. */
const LEASE_MS = 10_000
/** Topics keep their slots for a while, and lose them when that is over. */
const PLAN_EVERY_MS = 5000
/** Demand comes in bursts. */
const PLAN_AFTER_MS = 50
/** While another feed has not said whether it serves something, or hands it over. */
const LOOK_AGAIN_AFTER_MS = 300
/** What quotes are made of. */
const PRICES: ReadonlySet<string> = new Set(['trades', 'quotes'])
/** Why nothing, or not all, is brought in these states, as it is told; others serve meanwhile. */
const AWAY: Partial<Readonly<Record<StreamState, string>>> = {
  mute: 'stream_mute',
  interrupted: 'stream_away',
  cooling_down: 'stream_away',
  stopped: 'stream_stopped'
}
const LOST: ReadonlySet<StreamState> = new Set(['connecting', 'mute', 'interrupted', 'cooling_down', 'stopped'])

/** Those that grow until something happens. */
const INHERITED_GAPS = ['outage', 'mute', 'overflow'] as const

export type StreamOwnerOptions = {
  /** Of one credential, in the order in which they are to be used. */
  readonly feeds: readonly Feed[]
  readonly open: OpenSocket
  readonly redis: Redis
  readonly log: Logger
  readonly processId: string
  readonly intake: Pick<Intake, 'acceptAll'>
  readonly carrier: Pick<Carrier, 'announce'>
  /** All that is wanted now. */
  readonly wanted: () => Iterable<Want>
  /** Vendors that are to serve a topic rather than this one; see Precedence. */
  readonly betters: (topic: TopicName) => readonly string[]
  /** What the carriers of all processes say of a topic. */
  readonly said: (topic: TopicName) => Iterable<CarrierAnswer>
  readonly gaps: GapWriter
  readonly references: ReferenceQuotes
  /** Where the vendor can be asked for what its plan has no place for. */
  readonly overflow?: Pick<OverflowPolling, 'want'> | undefined
  readonly news: (items: readonly NewsItem[], feed: Feed) => void
  readonly instruments: (listed: readonly ListedInstrument[]) => void
  readonly phaseOf: (symbol: string, instant: number) => SessionPhase
  /** See LateJoins. */
  readonly sessionStart: (symbol: string, instant: number) => number | undefined
  readonly counts: StreamCounts
}

/** What a stream does, and what its owner has noted of it. */
export type OwnedStatus = StreamStatus & {
  /** A better stream serves all that is wanted; this one is ready to. */
  readonly standsBy: boolean
  /** Since this process owns it. */
  readonly gaps: number
}

/** Owns one vendor's stream where no other process does: from the lease to the events in the log. */
export class StreamOwner {
  readonly #options: StreamOwnerOptions
  readonly #lease: Lease
  readonly #carried: CarriedTopics
  readonly #precedence: Precedence
  readonly #plan = new SlotPlan()
  readonly #listenedUntil: ListenedUntil
  readonly #lateJoins: LateJoins
  readonly #entrance: StreamEntrance
  #supervisor: Supervisor | undefined
  #plannedFor: string | undefined
  #hasEndedInherited = false
  /** Whether it is asked for more than what keeps it watched. */
  #serves = false
  #gaps = 0
  /** What the ledger says to be withheld. */
  #withholds: GapSubject | undefined
  #planTimer: NodeJS.Timeout | undefined
  #waitsFor: string | undefined

  constructor(options: StreamOwnerOptions) {
    const { feeds, redis, log, processId, carrier, gaps, phaseOf } = options
    const name = feeds[0]!.leaseKey
    const announce: Carrier['announce'] = (answers) => carrier.announce(answers)
    this.#options = options
    this.#precedence = new Precedence({ ...options, vendor: feeds[0]!.source, now: Date.now })
    this.#carried = new CarriedTopics({ announce, precedence: this.#precedence, phaseOf })
    this.#listenedUntil = new ListenedUntil({
      redis,
      log,
      name,
      now: Date.now,
      unwrittenSince: () => gaps.unwrittenSince
    })
    this.#lateJoins = new LateJoins({ ...options, name, now: Date.now })
    this.#entrance = new StreamEntrance({
      ...options,
      precedence: this.#precedence,
      listenedUntil: this.#listenedUntil
    })
    this.#lease = new Lease({
      redis,
      log,
      name,
      holder: processId,
      lifeMs: LEASE_MS,
      begin: (fence) => this.#begin(fence),
      onWaiting: (holder) => {
        this.#waitsFor = holder
        log.info(
          { stream: feeds[0]!.name, holder },
          'another process owns the stream; this one takes over when it ends'
        )
      }
    })
  }

  /** What the stream does now; undefined where another process owns it. */
  get status(): OwnedStatus | undefined {
    const supervisor = this.#supervisor
    if (!supervisor) return undefined
    const { feed, status } = supervisor
    return { ...status, standsBy: this.#standsBy(feed), gaps: this.#gaps }
  }

  /** Another process that owns the stream. */
  get owner(): string | undefined {
    return this.#supervisor ? undefined : this.#waitsFor
  }

  /** Something else is wanted. */
  demandChanged(): void {
    this.#planSoon(PLAN_AFTER_MS)
  }

  /** Carriers of any process say something else of topics. */
  answersChanged(topics: Iterable<TopicName>): void {
    this.#precedence.heard(topics)
    this.#planSoon(PLAN_AFTER_MS)
  }

  /** The credential was replaced. */
  credentialChanged(): void {
    this.#supervisor?.renew()
  }

  async close(): Promise<void> {
    await this.#lease.close()
  }

  #begin(fence: number): () => Promise<void> {
    const { feeds, log, phaseOf, open } = this.#options
    const supervisor = new Supervisor({
      feeds,
      fence,
      open,
      clock: systemClock,
      random: Math.random,
      phaseOf,
      events: {
        mapped: (mapped, feed) => this.#entrance.take(mapped, feed),
        changed: (status) => this.#changed(status),
        carrying: (topics, refused, feed, late) => {
          this.#carried.carrying(topics, refused, feed, late)
          this.#lateJoins.carrying(topics, feed)
        },
        gapBegan: ({ reason, from, text }, feed) => {
          if (this.#standsBy(feed)) return
          this.#gaps++
          log.warn({ stream: feed.name, reason, from }, `data may be missing: ${text}`)
          this.#options.gaps.begin({ source: feed.source, feed: feed.feed, reason }, from - delayOf(feed))
        },
        gapEnded: (reason, until, feed) =>
          this.#options.gaps.end({ source: feed.source, feed: feed.feed, reason }, until - delayOf(feed)),
        notice: (text, feed) => log.info({ stream: feed.name }, text)
      }
    })
    this.#supervisor = supervisor
    this.#hasEndedInherited = false
    log.info({ stream: feeds[0]!.name, fence }, 'this process owns the stream')
    void this.#start(supervisor)
    return () => this.#stop(supervisor)
  }

  async #start(supervisor: Supervisor): Promise<void> {
    const since = await this.#listenedUntil.last().catch(() => undefined)
    if (this.#supervisor !== supervisor) return
    this.#replan()
    supervisor.start(since)
  }

  async #stop(supervisor: Supervisor): Promise<void> {
    this.#supervisor = undefined
    clearTimeout(this.#planTimer)
    this.#planTimer = undefined
    supervisor.close()
    this.#options.overflow?.want(new Set())
    this.#carried.close()
    this.#forgetWithheld()
    await this.#lateJoins.close()
    await this.#listenedUntil.close()
  }

  /** What it misses meanwhile is another feed's. */
  #standsBy({ canary }: Feed): boolean {
    return !this.#serves && (canary?.topics.some((topic) => this.#options.betters(topic).length > 0) ?? false)
  }

  #planSoon(delayMs: number): void {
    if (!this.#supervisor || (this.#planTimer && delayMs >= PLAN_EVERY_MS)) return
    clearTimeout(this.#planTimer)
    this.#planTimer = setTimeout(() => this.#replan(), delayMs)
  }

  #replan(): void {
    const supervisor = this.#supervisor
    if (!supervisor) return
    this.#planTimer = undefined
    const { references } = this.#options
    const wanted = this.#precedence.due(this.#options.wanted())
    this.#plannedFor = supervisor.feed.name
    const { feed } = supervisor
    const { topics, refused } = this.#plan.plan(feed, wanted, performance.now())
    this.#precedence.planned(topics, feed.canary?.topics ?? [])
    this.#serves = topics.size > 0
    // So that the first price finds what it is compared with.
    for (const topic of topics) if (PRICES.has(streamOf(topic))) references.streams(symbolOf(topic))
    this.#lateJoins.planned(
      [...topics].filter((topic) => !this.#precedence.tookOver(topic)),
      feed
    )
    supervisor.want(topics)
    this.#options.overflow?.want(new Set([...refused].map(symbolOf)))
    this.#carried.wanted(
      wanted.map(({ topic }) => topic),
      refused,
      feed
    )
    this.#noteWithheld(supervisor)
    this.#planSoon(this.#precedence.isWaiting ? LOOK_AGAIN_AFTER_MS : PLAN_EVERY_MS)
  }

  /** Of a feed that tells everything late, what it has not told yet. While it tells nothing, the gap of that says so. */
  #noteWithheld({ feed, status }: Supervisor): void {
    const subject = { source: feed.source, feed: feed.feed, reason: 'withheld' } as const
    if (feed.delayMs !== undefined && status.state === 'live') {
      this.#withholds = subject
      this.#options.gaps.withheld(subject, Date.now() - feed.delayMs)
    } else this.#forgetWithheld()
  }

  #forgetWithheld(): void {
    if (this.#withholds) this.#options.gaps.forget(this.#withholds)
    this.#withholds = undefined
  }

  #changed(status: StreamStatus): void {
    this.#options.log.info({ stream: status.feed, state: status.state }, status.text)
    this.#listenedUntil.listening(status.state === 'live')
    if (status.feed !== this.#plannedFor) this.#planSoon(0)
    if (status.state === 'live') this.#endInherited()
    if (status.state === 'live') this.#precedence.well(true)
    if (LOST.has(status.state)) this.#precedence.well(false)
    const because = AWAY[status.state]
    this.#carried.away(because !== undefined, because ?? '')
  }

  /** Gaps that a former owner left growing when it died. */
  #endInherited(): void {
    if (this.#hasEndedInherited) return
    this.#hasEndedInherited = true
    for (const feed of this.#options.feeds) {
      for (const reason of INHERITED_GAPS) {
        this.#options.gaps.end({ source: feed.source, feed: feed.feed, reason }, Date.now() - delayOf(feed))
      }
    }
  }
}

/** The market is so much ahead of what a feed tells. */
const delayOf = ({ delayMs = 0 }: Feed): number => delayMs
