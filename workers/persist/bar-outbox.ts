import type { Logger } from 'pino'
import { barsToTell, forgetToldBars, noteBarsToTell, type BarsToTell } from '../../db/bar-outbox.ts'
import type { CopyTransaction } from '../../db/copy.ts'
import type { Intake } from '../../src/intake/intake.ts'
import type { EventLog } from '../../src/log/log.ts'
import { withTimeout } from '../../src/timeout.ts'

/** Trades are written on, and bars told later, where the log takes longer. */
const TELL_WITHIN_MS = 5000

export type BarOutboxOptions = {
  readonly shard: number
  readonly eventLog: Pick<EventLog, 'shards' | 'room'>
  readonly intake: Pick<Intake, 'accept'>
  readonly log: Pick<Logger, 'warn'>
}

/**
 * Tells the log of bars once they are committed, in their order. What a crash leaves in doubt is told again: a bar told twice
 * is the same revision, which supersedes nothing.
 */
export class BarOutbox {
  readonly #options: BarOutboxOptions
  /** Undefined: what Postgres holds has to be looked at. */
  #waiting: BarsToTell[] | undefined
  /** In the log, and to be removed. */
  readonly #told = new Set<number>()
  /** Those that the present transaction removes. */
  #removed: number[] = []
  #isAway = false

  constructor(options: BarOutboxOptions) {
    this.#options = options
  }

  /** Whether nothing is to be told or removed. */
  get isEmpty(): boolean {
    return this.#waiting?.length === 0 && this.#told.size === 0
  }

  /** A transaction failed, or the answer to its commit was lost. */
  forget(): void {
    this.#waiting = undefined
    this.#removed = []
  }

  /** Notes what is to be told once the transaction is committed, and removes what was told. */
  async note(tx: CopyTransaction, updates: BarsToTell['updates']): Promise<void> {
    const { shard, eventLog } = this.#options
    this.#waiting ??= (await barsToTell(tx, shard, eventLog.shards)).filter(({ id }) => !this.#told.has(id))
    this.#removed = [...this.#told]
    if (this.#removed.length > 0) await forgetToldBars(tx, this.#removed)
    if (updates.length > 0) this.#waiting.push(await noteBarsToTell(tx, shard, updates))
  }

  /** Tells what is committed, and only that. Never rejects: what the log does not take waits until the next time. */
  async tell(): Promise<void> {
    for (const id of this.#removed.splice(0)) this.#told.delete(id)
    try {
      for (let next = this.#waiting?.[0]; next; next = this.#waiting?.[0]) {
        await withTimeout(this.#append(next), TELL_WITHIN_MS, late)
        this.#told.add(next.id)
        this.#waiting!.shift()
      }
      this.#isAway = false
    } catch (err) {
      if (!this.#isAway) this.#options.log.warn({ err }, 'bars wait to be told until the log takes them')
      this.#isAway = true
    }
  }

  async #append({ updates }: BarsToTell): Promise<void> {
    const { intake, eventLog } = this.#options
    await eventLog.room()
    const verdicts = updates.map((data) => intake.accept({ type: 'bar_update', data }))
    await Promise.all(verdicts.flatMap((verdict) => (verdict.outcome === 'accepted' ? [verdict.appended] : [])))
  }
}

function late(): never {
  throw new Error(`the log has not taken them within ${TELL_WITHIN_MS} ms`)
}
