import type { GapReason } from '../market/gap.ts'
import type { Feed } from './feed.ts'

/** An interval that may lack data, from an instant (epoch ms) on. */
export type StreamGap = { readonly reason: GapReason; readonly from: number; readonly text: string }

export type GapEvents = {
  /** It grows until it is said to have ended. */
  gapBegan(gap: StreamGap, feed: Feed): void
  /** `until` in epoch milliseconds. */
  gapEnded(reason: GapReason, until: number, feed: Feed): void
}

/** At most one gap grows at a time, of the feed that was lost, whichever feed ends it. */
export class GrowingGap {
  readonly #events: GapEvents
  #growing: { readonly reason: GapReason; readonly feed: Feed } | undefined

  constructor(events: GapEvents) {
    this.#events = events
  }

  /** Why what grows began; undefined where nothing grows. */
  get reason(): GapReason | undefined {
    return this.#growing?.reason
  }

  begin(gap: StreamGap, feed: Feed): void {
    if (this.#growing) return
    this.#growing = { reason: gap.reason, feed }
    this.#events.gapBegan(gap, feed)
  }

  end(until: number): void {
    const growing = this.#growing
    this.#growing = undefined
    if (growing) this.#events.gapEnded(growing.reason, until, growing.feed)
  }

  /** One that is over already. */
  add(gap: StreamGap, until: number, feed: Feed): void {
    this.#events.gapBegan(gap, feed)
    this.#events.gapEnded(gap.reason, until, feed)
  }
}
