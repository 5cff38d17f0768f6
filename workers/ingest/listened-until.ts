import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import { DAY_MS } from '../../src/market/time.ts'

const TELL_EVERY_MS = 1000
/** A gap that is longer is all that there was. */
const KEPT_MS = 30 * DAY_MS
/** Of the instant that is told: entries of the log that are on their way in other shards. */
const MARGIN_MS = 1000

export type ListenedUntilOptions = {
  readonly redis: Redis
  readonly log: Pick<Logger, 'debug'>
  /** What is listened to: one owner at a time. */
  readonly name: string
  readonly now: () => number
  /** Since when (epoch ms) there is a gap that no ledger holds yet. */
  readonly unwrittenSince: () => number | undefined
}

/**
 * Until when nothing of a stream can be missing but what the ledger of gaps holds: everything that came before is in the log.
 * It outlives the process, whose successor begins a gap there.
 */
export class ListenedUntil {
  readonly #options: ListenedUntilOptions
  readonly #key: string
  /** When the frames came whose events are on their way into the log, the oldest first. */
  readonly #pending = new Set<{ readonly at: number }>()
  #isListening = false
  #timer: NodeJS.Timeout | undefined

  constructor(options: ListenedUntilOptions) {
    this.#options = options
    this.#key = `quotewire:listened-until:${options.name}`
  }

  /** Epoch milliseconds, as the last owner left it; undefined where there was none, or Redis lost it. */
  async last(): Promise<number | undefined> {
    const text = await this.#options.redis.get(this.#key)
    return text === null ? undefined : Number(text)
  }

  /** Whether all that is wanted is carried. */
  listening(isListening: boolean): void {
    // Until now it did.
    if (this.#isListening && !isListening) void this.#tell()
    this.#isListening = isListening
    this.#timer ??= setInterval(() => void (this.#isListening && this.#tell()), TELL_EVERY_MS)
  }

  /** Events of a frame that came now are on their way. */
  onTheWay(appended: Promise<void>): void {
    const frame = { at: this.#options.now() }
    this.#pending.add(frame)
    const settled = () => void this.#pending.delete(frame)
    appended.then(settled, settled)
  }

  close(): Promise<void> {
    clearInterval(this.#timer)
    return this.#isListening ? this.#tell() : Promise.resolve()
  }

  /** Never rejects: an instant that is too early makes the gap longer, and nothing else. */
  async #tell(): Promise<void> {
    const { now, unwrittenSince } = this.#options
    const [oldest] = this.#pending
    const until = Math.min(oldest?.at ?? now(), unwrittenSince() ?? Infinity) - MARGIN_MS
    try {
      await this.#options.redis.set(this.#key, String(until), 'PX', KEPT_MS)
    } catch (err) {
      this.#options.log.debug({ err }, 'until when a stream was listened to could not be noted')
    }
  }
}
