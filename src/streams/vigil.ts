import { symbolOf } from '../demand/want.ts'
import type { MarketEvent, TopicName } from '../market/event.ts'
import type { SessionPhase } from '../market/session.ts'
import type { Clock } from './clock.ts'
import type { Feed } from './feed.ts'
import { Recovery, type RecoveryStep } from './recovery.ts'
import { SilenceWatch } from './silence-watch.ts'

export type VigilOptions = {
  readonly feed: Feed
  readonly clock: Clock
  /** What the market of a symbol does at an instant (epoch ms). */
  readonly phaseOf: (symbol: string, instant: number) => SessionPhase
}

/** Watches over what one connection brings: whether it is mute, and what to do about it. */
export class Vigil {
  readonly #options: VigilOptions
  readonly #silence: SilenceWatch | undefined
  /** Of the canary. */
  readonly #symbol: string
  #recovery: Recovery | undefined

  constructor(options: VigilOptions) {
    this.#options = options
    const { canary } = options.feed
    this.#silence = canary && new SilenceWatch(canary)
    this.#symbol = canary ? symbolOf(canary.topics[0]!) : ''
  }

  get isMute(): boolean {
    return this.#recovery !== undefined
  }

  /** Whether the feed may be silent now for as long as it likes. */
  get isQuiet(): boolean {
    const { feed, clock, phaseOf } = this.#options
    return feed.canary?.perMinute[phaseOf(this.#symbol, clock.now())] === undefined
  }

  /** Events came at an instant (epoch ms): it is not mute, or no longer. */
  came(events: readonly MarketEvent[], now: number): void {
    this.#recovery = undefined
    const ofCanary = events.filter(({ data }) => 'symbol' in data && data.symbol === this.#symbol)
    this.#silence?.came(ofCanary.length, now)
  }

  /** Nobody listened for a while. */
  restart(): void {
    this.#recovery = undefined
    this.#silence?.restart()
  }

  /** Time went by; what to do now, if anything. What is not acknowledged is not expected to bring something. */
  passed(lengthMs: number, acknowledged: ReadonlySet<TopicName>): RecoveryStep | undefined {
    const { clock, feed, phaseOf } = this.#options
    if (!this.#recovery && feed.canary?.topics.some((topic) => acknowledged.has(topic))) {
      const now = clock.now()
      const isSilent = this.#silence?.passed(lengthMs, phaseOf(this.#symbol, now), now)
      if (isSilent) this.#recovery = new Recovery(clock.elapsed())
    }
    return this.#recovery?.next(clock.elapsed())
  }
}
