import { compareInstantNs } from '../market/instant-ns.ts'
import { tapePlaceAt, type TapeEvent, type TapeInstrument, type TapePlace, type TapeStore } from '../market/tape.ts'

/** Of each instrument so many are held at once; corrections come on top. */
const TRADES_PER_PAGE = 500

/** How far the tape of one instrument was played. */
type Reel = {
  readonly instrument: TapeInstrument
  events: readonly TapeEvent[]
  at: number
  /** Undefined when everything was read. */
  next: TapePlace | undefined
}

/** The trades of several instruments as one tape. Calls must not overlap. */
export class Tape {
  readonly #store: TapeStore
  readonly #untilMs: number
  readonly #reels = new Map<string, Reel>()

  /** Ends before an instant, epoch milliseconds. */
  constructor(store: TapeStore, untilMs: number) {
    this.#store = store
    this.#untilMs = untilMs
  }

  /** The instruments' symbols. */
  get symbols(): readonly string[] {
    return [...this.#reels.keys()]
  }

  has(symbol: string): boolean {
    return this.#reels.has(symbol)
  }

  /** Plays an instrument too, from an instant on (epoch milliseconds). */
  add(instrument: TapeInstrument, fromMs: number): void {
    this.#reels.set(instrument.symbol, { instrument, events: [], at: 0, next: tapePlaceAt(fromMs) })
  }

  remove(symbol: string): void {
    this.#reels.delete(symbol)
  }

  /** When the next event happened, epoch milliseconds rounded down; undefined where none comes any more. */
  async nextAt(): Promise<number | undefined> {
    await this.#load()
    return this.#first()?.asOf.ms
  }

  /** The next events that happened up to an instant (epoch milliseconds), at most so many, in their order. */
  async take(untilMs: number, limit: number): Promise<TapeEvent[]> {
    const taken: TapeEvent[] = []
    while (taken.length < limit) {
      await this.#load()
      const event = this.#first()
      if (!event || event.asOf.ms > untilMs) break
      this.#reels.get(event.event.data.symbol)!.at++
      taken.push(event)
    }
    return taken
  }

  #first(): TapeEvent | undefined {
    let first: TapeEvent | undefined
    for (const { events, at } of this.#reels.values()) {
      const event = events[at]
      if (event && (!first || compareInstantNs(event.asOf, first.asOf) < 0)) first = event
    }
    return first
  }

  async #load(): Promise<void> {
    const spent: Promise<void>[] = []
    for (const reel of this.#reels.values())
      if (reel.at === reel.events.length && reel.next) spent.push(this.#turn(reel))
    if (spent.length > 0) await Promise.all(spent)
  }

  async #turn(reel: Reel): Promise<void> {
    while (reel.next && reel.at === reel.events.length) {
      const { events, next } = await this.#store.page(reel.instrument, reel.next, this.#untilMs, TRADES_PER_PAGE)
      reel.events = events
      reel.at = 0
      reel.next = next
    }
  }
}
