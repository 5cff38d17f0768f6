import type { Logger } from 'pino'
import { isValueAtFault } from '../../db/failures.ts'
import type { GapStore, GapSubject } from '../../db/gaps.ts'
import type { InstrumentStore } from '../../db/instruments.ts'
import { isoOf } from '../../src/market/time.ts'

/** While Postgres is away. Of more, the oldest are lost and that is logged; gaps are rare. */
const MAX_WAITING = 10_000
const AGAIN_AFTER_MS = 1000

export type GapWriterOptions = {
  readonly gaps: Pick<GapStore, 'begin' | 'end' | 'add' | 'moveBeginning' | 'forget'>
  readonly instruments: Pick<InstrumentStore, 'upsert'>
  readonly log: Pick<Logger, 'warn' | 'error'>
}

/** `beganAt`: when a gap began of which the ledger does not know yet. */
type Entry = { readonly write: () => Promise<unknown>; readonly beganAt?: number }

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
    this.#add(() => this.#options.gaps.begin(subject, isoOf(from)), from)
  }

  end(subject: GapSubject, until: number): void {
    this.#add(() => this.#options.gaps.end(subject, isoOf(until)))
  }

  /** A gap of one symbol that is over already. */
  missed(subject: GapSubject, symbol: string, from: number, until: number): void {
    const { gaps, instruments } = this.#options
    this.#add(async () => {
      const instrumentId = (await instruments.upsert([{ symbol }])).get(symbol)!
      await gaps.add({ ...subject, instrumentId }, isoOf(from), isoOf(until))
    })
  }

  /** The vendor tells later what happened from an instant on. */
  withheld(subject: GapSubject, from: number): void {
    this.#add(() => this.#options.gaps.moveBeginning(subject, isoOf(from)))
  }

  /** What is withheld is told by another gap from now on. */
  forget(subject: GapSubject): void {
    this.#add(() => this.#options.gaps.forget(subject))
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

  #add(write: () => Promise<unknown>, beganAt?: number): void {
    this.#waiting.push({ write, ...(beganAt !== undefined && { beganAt }) })
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

  /** What Postgres would refuse again keeps no other gap out of the ledger. */
  async #writeOne({ write }: Entry): Promise<void> {
    try {
      await write()
    } catch (err) {
      if (!isValueAtFault(err)) throw err
      this.#options.log.error({ err }, 'a gap that cannot be was not written down')
    }
  }

  async #write(): Promise<void> {
    try {
      for (let entry = this.#waiting[0]; entry; entry = this.#waiting[0]) {
        await this.#writeOne(entry)
        this.#waiting.shift()
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
