import type { Logger } from 'pino'
import type { GapStore, GapSubject } from '../../db/gaps.ts'
import { isoOf } from '../../src/market/time.ts'

/** While Postgres is away. Of more, the oldest are lost and that is logged; gaps are rare. */
const MAX_WAITING = 10_000
const AGAIN_AFTER_MS = 1000

export type GapWriterOptions = {
  readonly gaps: Pick<GapStore, 'begin' | 'end'>
  readonly log: Pick<Logger, 'warn' | 'error'>
}

type Entry = { readonly subject: GapSubject; readonly at: number; readonly isEnd: boolean }

/** Writes gaps into the ledger in their order, and does not lose them while Postgres is away. */
export class GapWriter {
  readonly #options: GapWriterOptions
  readonly #waiting: Entry[] = []
  #writing: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  #isAway = false

  constructor(options: GapWriterOptions) {
    this.#options = options
  }

  /** Since when (epoch ms) there is a gap of which Postgres does not know yet; undefined where it knows of all. */
  get unwrittenSince(): number | undefined {
    const begun = this.#waiting.filter(({ isEnd }) => !isEnd)
    return begun.length > 0 ? Math.min(...begun.map(({ at }) => at)) : undefined
  }

  /** Instants are epoch milliseconds. */
  begin(subject: GapSubject, from: number): void {
    this.#add({ subject, at: from, isEnd: false })
  }

  end(subject: GapSubject, until: number): void {
    this.#add({ subject, at: until, isEnd: true })
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
      this.#waiting.shift()
      this.#options.log.error('the oldest of the gaps that wait to be written down was dropped')
    }
    this.#begin()
  }

  #begin(): void {
    this.#writing ??= this.#write()
  }

  async #write(): Promise<void> {
    const { gaps, log } = this.#options
    try {
      for (let entry = this.#waiting[0]; entry; entry = this.#waiting[0]) {
        const { subject, at, isEnd } = entry
        await (isEnd ? gaps.end(subject, isoOf(at)) : gaps.begin(subject, isoOf(at)))
        this.#waiting.shift()
      }
      this.#isAway = false
    } catch (err) {
      if (!this.#isAway) log.warn({ err }, 'gaps wait to be written down until Postgres is back')
      this.#isAway = true
      this.#timer = setTimeout(() => this.#begin(), AGAIN_AFTER_MS)
    } finally {
      this.#writing = undefined
    }
  }
}
