import type { TopicName } from '../market/event.ts'
import type { SessionPhase } from '../market/session.ts'
import { Backoff, restMs } from './backoff.ts'
import type { Clock } from './clock.ts'
import type { Feed, Problem, Signal } from './feed.ts'
import type { Mapped } from './mapper.ts'
import { FeedChoice } from './feed-choice.ts'
import { GrowingGap } from './growing-gap.ts'
import { PauseWatch, type Pause } from './pause-watch.ts'
import type { RecoveryStep } from './recovery.ts'
import type { OpenSocket } from './socket.ts'
import { StatusTracker, type StreamState, type StreamStatus } from './stream-status.ts'
import { SubscriptionBook } from './subscription-book.ts'
import type { SupervisorEvents } from './supervisor-events.ts'
import { Upstream } from './upstream.ts'
import { Vigil } from './vigil.ts'

const LOOK_EVERY_MS = 1000
/** A connection has proved itself once it brought something after so long; before, each failure makes the next wait longer. */
const STABLE_AFTER_MS = 10_000
/** A vendor that does not answer a subscription is not going to. */
const ACKNOWLEDGE_WITHIN_MS = 15_000

export type SupervisorOptions = {
  /** In the order in which they are to be used; at least one. */
  readonly feeds: readonly Feed[]
  readonly fence: number
  readonly open: OpenSocket
  readonly clock: Clock
  /** As Math.random. */
  readonly random: () => number
  /** What the market of a symbol does at an instant (epoch ms). */
  readonly phaseOf: (symbol: string, instant: number) => SessionPhase
  readonly events: SupervisorEvents
}

/** Keeps one connection to the first of its feeds that works, and subscribed to what is wanted. */
export class Supervisor {
  readonly #options: SupervisorOptions
  readonly #book = new SubscriptionBook()
  readonly #backoff: Backoff
  readonly #pauses: PauseWatch
  readonly #choice: FeedChoice
  readonly #gap: GrowingGap
  readonly #tracker: StatusTracker
  #wanted: ReadonlySet<TopicName> = new Set()
  #vigil: Vigil | undefined
  #upstream: Upstream | undefined
  #connections = 0
  #sequence = 0
  /** Of the steady clock. */
  #authenticatedAt = 0
  #askedAt: number | undefined
  #lastEventAt: number | undefined
  /** Why the vendor says that data may be missing. */
  #interruption: string | undefined
  #cancelAttempt: () => void = () => undefined
  #cancelLook: () => void = () => undefined
  #isClosed = false

  constructor(options: SupervisorOptions) {
    this.#options = options
    this.#backoff = new Backoff(options.random)
    this.#pauses = new PauseWatch(options.clock, LOOK_EVERY_MS)
    this.#choice = new FeedChoice(options.feeds)
    this.#gap = new GrowingGap(options.events)
    this.#tracker = new StatusTracker(options.clock)
  }

  get feed(): Feed {
    return this.#choice.current
  }

  get status(): StreamStatus {
    const credentialUntil = this.feed.credentialUntil?.()
    return this.#tracker.status({
      feed: this.feed.name,
      limits: this.feed.slots,
      ...(credentialUntil !== undefined && { credentialUntil }),
      wanted: this.#book.wanted.size,
      carried: this.#book.acknowledged.size,
      connections: this.#connections,
      ...(this.#lastEventAt !== undefined && { lastEventAt: this.#lastEventAt })
    })
  }

  /** `downSince`: since when nobody listened, epoch ms; undefined where that is not known. */
  start(downSince?: number): void {
    if (downSince !== undefined) {
      this.#gap.begin({ reason: 'down', from: downSince, text: 'no process listened' }, this.feed)
    }
    this.#look()
    this.#connect()
  }

  /** Replaces what is wanted; what the present feed does not serve is left out. */
  want(topics: ReadonlySet<TopicName>): void {
    this.#wanted = topics
    this.#chooseTopics()
    this.#ask()
  }

  /** The credential was replaced: what the vendor does not take on the open connection counts from the next one on. */
  renew(): void {
    if (this.#upstream) this.#upstream.renew()
    else if (this.#tracker.state === 'stopped' && !this.#isClosed) this.#connect()
  }

  close(): void {
    this.#isClosed = true
    this.#cancelAttempt()
    this.#cancelLook()
    this.#leave()
    this.#to('stopped', 'this process ends')
  }

  #connect(): void {
    if (this.#isClosed) return
    const { open, clock, fence, events, phaseOf } = this.#options
    const { feed } = this
    this.#connections++
    this.#book.begin()
    this.#chooseTopics()
    this.#vigil = new Vigil({ feed, clock, phaseOf })
    this.#to('connecting')
    this.#upstream = new Upstream({
      feed,
      open,
      clock,
      fence,
      nextSequence: () => this.#sequence++,
      onSignal: (signal) => this.#told(signal),
      onMapped: (mapped) => {
        this.#noteEvents(mapped)
        events.mapped(mapped, feed)
      },
      onEnded: (problem) => this.#lost(problem)
    })
  }

  #chooseTopics(): void {
    const canary = this.feed.canary?.topics ?? []
    this.#book.want(new Set([...canary, ...this.#wanted].filter((topic) => this.feed.serves(topic))))
  }

  #told(signal: Signal): void {
    const { clock, events } = this.#options
    switch (signal.is) {
      case 'authenticated':
        this.#authenticatedAt = clock.elapsed()
        this.#to('authenticated')
        break
      case 'carrying':
        this.#book.acknowledge(signal.topics, signal.late)
        break
      case 'interrupted':
        this.#interruption = signal.text
        if (this.#book.acknowledged.size > 0) {
          this.#gap.begin({ reason: 'outage', from: clock.now(), text: signal.text }, this.feed)
        }
        break
      case 'resumed':
        this.#interruption = undefined
        break
      case 'refused':
        this.#book.refuse(signal.topics, signal.reason)
        events.notice(`${signal.topics.join(', ')}: ${signal.problem.reason}`, this.feed)
        break
      case 'notice':
        return events.notice(signal.text, this.feed)
    }
    // An answer: what is still open has its time from here on.
    this.#askedAt = this.#book.isPending ? clock.elapsed() : undefined
    this.#ask()
    if (signal.is !== 'authenticated') this.#tellCarrying()
  }

  /** Asks the vendor for what is wanted and not carried, and tells what state that leaves. */
  #ask(): void {
    if (!this.#upstream || this.#tracker.state === 'connecting') return
    const { subscribe, unsubscribe } = this.#book.change()
    if (subscribe.length + unsubscribe.length > 0) this.#askedAt ??= this.#options.clock.elapsed()
    this.#upstream?.unsubscribe(unsubscribe)
    this.#upstream?.subscribe(subscribe)
    this.#settle()
  }

  #settle(): void {
    if (this.#interruption !== undefined) return this.#to('interrupted', this.#interruption)
    if (!this.#upstream || this.#vigil?.isMute) return
    const { wanted, acknowledged, refused } = this.#book
    if (wanted.size === 0) return this.#to('authenticated')
    const isAnswered = [...wanted].every((topic) => acknowledged.has(topic) || refused.has(topic))
    if (!isAnswered) return this.#to('subscribing')
    // A vendor that was mute has to say something: it acknowledged before, too.
    if (this.#gap.reason !== 'mute') this.#gap.end(this.#options.clock.now())
    this.#to('live')
  }

  #noteEvents({ events }: Mapped): void {
    if (events.length === 0) return
    const { clock } = this.#options
    const now = clock.now()
    const wasMute = this.#vigil?.isMute
    this.#lastEventAt = now
    this.#choice.proved()
    this.#vigil?.came(events, now)
    if (clock.elapsed() - this.#authenticatedAt >= STABLE_AFTER_MS) this.#backoff.reset()
    if (this.#gap.reason === 'mute') this.#gap.end(now)
    if (wasMute) this.#settle()
  }

  /** Every second: has the host slept, does the vendor answer, does the feed say something? */
  #look(): void {
    if (this.#isClosed) return
    const pause = this.#pauses.look()
    if (pause) this.#paused(pause)
    else this.#judge()
    this.#cancelLook = this.#options.clock.after(LOOK_EVERY_MS, () => this.#look())
  }

  #paused({ from, until, text }: Pause): void {
    const { events } = this.#options
    this.#vigil?.restart()
    if (this.#upstream && this.#book.acknowledged.size > 0) {
      this.#gap.add({ reason: 'suspended', from, text }, until, this.feed)
    }
    events.notice(text, this.feed)
    if (this.#askedAt !== undefined) this.#askedAt = this.#options.clock.elapsed()
    this.#upstream?.forgive()
  }

  #judge(): void {
    this.#upstream?.look()
    // What nobody tells is neither late nor silent.
    if (this.#interruption !== undefined) return
    const elapsed = this.#options.clock.elapsed()
    const isOverdue = this.#askedAt !== undefined && elapsed - this.#askedAt >= ACKNOWLEDGE_WITHIN_MS
    if (this.#upstream && isOverdue && !this.#upstream.overdue()) {
      return this.#giveUp({ kind: 'transient', reason: 'the vendor does not acknowledge subscriptions' })
    }
    const { feed } = this
    if (this.#upstream && this.#choice.returns(elapsed)) return this.#leaveFor(feed)
    const step = this.#upstream && this.#vigil?.passed(LOOK_EVERY_MS, this.#book.acknowledged)
    if (step) this.#recover(step)
    // From now on nothing is to be expected.
    else if (this.#gap.reason === 'mute' && this.#vigil?.isQuiet) this.#gap.end(this.#options.clock.now())
  }

  /** Another feed was chosen although the former one works. */
  #leaveFor(former: Feed): void {
    const from = this.#options.clock.now()
    this.#leave()
    this.#gap.begin({ reason: 'outage', from, text: `${this.feed.name} is tried again` }, former)
    this.#connect()
  }

  #recover({ step, text }: RecoveryStep): void {
    const { clock } = this.#options
    switch (step) {
      case 'probe': {
        const from = Math.max(this.#lastEventAt ?? 0, clock.now() - (clock.elapsed() - this.#authenticatedAt))
        this.#gap.begin({ reason: 'mute', from, text: 'the feed was silent when it should not be' }, this.feed)
        this.#to('mute', text)
        return this.#upstream?.probe()
      }
      case 'resubscribe':
        this.#to('mute', text)
        return this.#upstream?.unsubscribe(this.#book.renewal(this.feed.canary?.topics ?? []))
      case 'reconnect':
        return this.#giveUp({ kind: 'transient', reason: 'the feed is mute' })
    }
  }

  #giveUp(problem: Problem): void {
    this.#upstream?.drop()
    this.#lost(problem)
  }

  /** The connection is gone, or was never made. */
  #lost(problem: Problem): void {
    const { clock } = this.#options
    const { feed } = this
    const wasCarrying = this.#book.acknowledged.size > 0
    const wasAuthenticated = this.#tracker.state !== 'connecting'
    const from = clock.now() - (this.#upstream?.silentMs ?? 0)
    this.#leave()
    if (wasCarrying) this.#gap.begin({ reason: 'outage', from, text: problem.reason }, feed)
    this.#tracker.failed(problem)
    if (problem.kind === 'fatal') return this.#to('stopped', problem.reason)
    const isLeft = this.#choice.failed(problem, wasAuthenticated, clock.elapsed())
    const delayMs = this.#backoff.nextMs()
    this.#connectAfter(isLeft ? delayMs : Math.max(delayMs, restMs(problem, feed)), problem.reason)
  }

  #connectAfter(delayMs: number, reason: string): void {
    this.#tracker.waitsFor(delayMs)
    this.#to('cooling_down', reason)
    this.#cancelAttempt = this.#options.clock.after(delayMs, () => this.#connect())
  }

  #leave(): void {
    this.#upstream?.drop()
    this.#upstream = undefined
    this.#askedAt = undefined
    this.#interruption = undefined
    const wasCarrying = this.#book.acknowledged.size > 0
    this.#book.begin()
    if (wasCarrying) this.#tellCarrying()
  }

  #tellCarrying(): void {
    this.#options.events.carrying(this.#book.acknowledged, this.#book.refused, this.feed, this.#book.late)
  }

  #to(state: StreamState, reason?: string): void {
    if (this.#tracker.become(state, reason)) this.#options.events.changed(this.status)
  }
}
