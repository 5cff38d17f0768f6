import type { Logger } from 'pino'
import { isValueAtFault } from '../../db/failures.ts'
import type { GapStore, GapSubject } from '../../db/gaps.ts'
import type { InstrumentStore } from '../../db/instruments.ts'
import { isoOf } from '../../src/market/time.ts'

/** While Postgres is away. Of more, the oldest are lost and that is logged; gaps are rare. */
const MAX_WAITING = 10_000
const AGAIN_AFTER_MS = 1000
/** Thousands of symbols are joined at once; so many of their gaps are one write. */
const MISSED_AT_ONCE = 500

export type GapWriterOptions = {
  readonly gaps: Pick<GapStore, 'begin' | 'end' | 'addAll' | 'moveBeginning' | 'forget'>
  readonly instruments: Pick<InstrumentStore, 'upsert'>
  readonly log: Pick<Logger, 'warn' | 'error'>
}

/** What one symbol missed, from an instant to another. */
export type Missed = { readonly symbol: string; readonly from: number; readonly until: number }

type Entry = {
  readonly write: () => Promise<unknown>
  /** When a gap began of which the ledger does not know yet. */
  readonly beganAt?: number
  /** The same as two entries, where it can be. */
  readonly halves?: () => readonly Entry[]
}

/** Writes gaps into the ledger in their order, and does not lose them while Postgres is away. Instants are epoch milliseconds. */
export class GapWriter {
  readonly #options: GapWriterOptions
  readonly #waiting: Entry[] = []
  #writing: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  #isAway = false

  constructor(options: GapWriterOptions) {
    this.#options = options
  }

  /** Since when there is a gap of which Postgres does not know yet; undefined where it knows of all. */
  get unwrittenSince(): number | undefined {
    const begun = this.#waiting.flatMap(({ beganAt }) => beganAt ?? [])
    return begun.length > 0 ? Math.min(...begun) : undefined
  }

  begin(subject: GapSubject, from: number): void {
    this.#add({ write: () => this.#options.gaps.begin(subject, isoOf(from)), beganAt: from })
  }

  end(subject: GapSubject, until: number): void {
    this.#add({ write: () => this.#options.gaps.end(subject, isoOf(until)) })
  }

  /** Gaps of single symbols that are over already. */
  missed(subject: GapSubject, missed: readonly Missed[]): void {
    for (let first = 0; first < missed.length; first += MISSED_AT_ONCE) {
      this.#add(this.#entryOf(subject, missed.slice(first, first + MISSED_AT_ONCE)))
    }
  }

  /** The vendor tells later what happened from an instant on. */
  withheld(subject: GapSubject, from: number): void {
    this.#add({ write: () => this.#options.gaps.moveBeginning(subject, isoOf(from)) })
  }

  /** What is withheld is told by another gap from now on. */
  forget(subject: GapSubject): void {
    this.#add({ write: () => this.#options.gaps.forget(subject) })
  }

  /** Writes what waits, once more where that failed. */
  async close(): Promise<void> {
    clearTimeout(this.#timer)
    await this.#writing
    if (this.#waiting.length > 0) await this.#write()
    clearTimeout(this.#timer)
    if (this.#waiting.length > 0)
      this.#options.log.error({ gaps: this.#waiting.length }, 'gaps could not be written down')
  }

  #add(entry: Entry): void {
    this.#waiting.push(entry)
    if (this.#waiting.length > MAX_WAITING) {
      // The first may be on its way.
      this.#waiting.splice(this.#writing ? 1 : 0, 1)
      this.#options.log.error('the oldest of the gaps that wait to be written down was dropped')
    }
    this.#begin()
  }

  #begin(): void {
    this.#writing ??= this.#write()
  }

  #entryOf(subject: GapSubject, missed: readonly Missed[]): Entry {
    const middle = missed.length >> 1
    const halves = () => [missed.slice(0, middle), missed.slice(middle)].map((half) => this.#entryOf(subject, half))
    return { write: () => this.#writeMissed(subject, missed), ...(middle > 0 && { halves }) }
  }

  /** All or none. */
  async #writeMissed(subject: GapSubject, missed: readonly Missed[]): Promise<void> {
    const { gaps, instruments } = this.#options
    const ids = await instruments.upsert(missed.map(({ symbol }) => ({ symbol })))
    const named = missed.flatMap(({ symbol, from, until }) => {
      const instrumentId = ids.get(symbol)
      // Without an instrument it would be a gap of the whole feed.
      if (instrumentId === undefined)
        this.#options.log.error({ symbol }, 'a gap of an unknown symbol was not written down')
      return instrumentId === undefined ? [] : { ...subject, instrumentId, fromAt: isoOf(from), untilAt: isoOf(until) }
    })
    if (named.length > 0) await gaps.addAll(named)
  }

  /**
   * What Postgres would refuse again keeps no other gap out of the ledger. Returns what waits in its place: which of several gaps
   * was refused is found by trying halves, each by itself, so that none is written twice where Postgres goes away meanwhile.
   */
  async #writeOne({ write, halves }: Entry): Promise<readonly Entry[]> {
    try {
      await write()
      return []
    } catch (err) {
      if (!isValueAtFault(err)) throw err
      if (halves) return halves()
      this.#options.log.error({ err }, 'a gap that cannot be was not written down')
      return []
    }
  }

  async #write(): Promise<void> {
    try {
      for (let entry = this.#waiting[0]; entry; entry = this.#waiting[0]) {
        const instead = await this.#writeOne(entry)
        this.#waiting.splice(0, 1, ...instead)
      }
      this.#isAway = false
    } catch (err) {
      if (!this.#isAway) this.#options.log.warn({ err }, 'gaps wait to be written down until Postgres is back')
      this.#isAway = true
      this.#timer = setTimeout(() => this.#begin(), AGAIN_AFTER_MS)
    } finally {
      this.#writing = undefined
    }
  }
}
