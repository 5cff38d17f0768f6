import { setTimeout } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { Intake } from '../../src/intake/intake.ts'
import { quoteUpdate } from '../../src/market/event.ts'
import { ProviderError } from '../../src/providers/provider.ts'
import type { PolledQuotes } from '../../src/streams/polled-quotes.ts'

const POLL_EVERY_MS = 5000
/** The vendor takes 2,000 requests in half an hour: of more symbols the first ones are asked for. */
const MAX_SYMBOLS = 2000
/** After it refused, or did not answer. */
const REST_MS = 60_000
/** By then its window is over. */
const MAX_REST_MS = 1_800_000

export type OverflowPollingOptions = {
  readonly quotes: PolledQuotes
  readonly intake: Pick<Intake, 'acceptAll'>
  readonly log: Pick<Logger, 'warn'>
  readonly everyMs?: number
  readonly restMs?: number
}

/** Asks the vendor of a stream again and again for what the stream has no place for. */
export class OverflowPolling {
  readonly #options: Required<OverflowPollingOptions>
  readonly #ending = new AbortController()
  readonly #polling: Promise<void>
  #symbols: ReadonlySet<string> = new Set()
  /** Told once, until it answers again. */
  #isRefused = false

  constructor(options: OverflowPollingOptions) {
    this.#options = { everyMs: POLL_EVERY_MS, restMs: REST_MS, ...options }
    this.#polling = this.#poll()
  }

  /** Replaces what is asked for. */
  want(symbols: ReadonlySet<string>): void {
    this.#symbols = symbols
  }

  async close(): Promise<void> {
    this.#ending.abort()
    await this.#polling
    await this.#options.quotes.close()
  }

  async #poll(): Promise<void> {
    const { everyMs } = this.#options
    const { signal } = this.#ending
    while (!signal.aborted) {
      const pauseMs = await this.#askAll(signal).then(
        () => everyMs,
        (error: unknown) => this.#refused(error)
      )
      await setTimeout(pauseMs, undefined, { signal, ref: false }).catch(() => undefined)
    }
  }

  async #askAll(signal: AbortSignal): Promise<void> {
    const { quotes, intake } = this.#options
    const symbols = [...this.#symbols].slice(0, MAX_SYMBOLS)
    for (let first = 0; first < symbols.length; first += quotes.maxSymbols) {
      const told = await quotes.ask(symbols.slice(first, first + quotes.maxSymbols), signal)
      if (told.length > 0) intake.acceptAll(told.map(quoteUpdate)).appended?.catch(() => undefined)
    }
    this.#isRefused = false
  }

  /** How long it rests. What is no answer of the vendor's is a bug, and told each time. */
  #refused(error: unknown): number {
    const { everyMs, restMs, log } = this.#options
    if (this.#ending.signal.aborted) return 0
    const isVendors = error instanceof ProviderError
    if (!this.#isRefused || !isVendors) {
      log.warn({ err: error }, 'what the stream has no place for cannot be asked for now')
    }
    this.#isRefused = isVendors
    // A vendor can say that it may be asked again at once, or in a thousand years.
    return isVendors ? Math.min(MAX_REST_MS, Math.max(everyMs, error.retryAfterMs ?? restMs)) : restMs
  }
}
