import { setTimeout as delay } from 'node:timers/promises'
import type { Ledger } from '../../src/gateway/ledger.ts'
import { ProviderError } from '../../src/providers/provider.ts'
import type { Metrics } from '../../src/metrics/metrics.ts'
import type { History } from '../../src/streams/history.ts'

/** A budget of minutes is waited for; one that opens later is left to a later run. */
const MAX_WAIT_MS = 65_000

/** The vendor, or its budget, gives nothing before an instant (epoch ms). */
export class NotNowError extends Error {
  readonly opensAt: number

  constructor(reason: string, opensAt: number) {
    super(reason)
    this.name = 'NotNowError'
    this.opensAt = opensAt
  }
}

export type AskedHistoryOptions = {
  readonly history: History
  readonly ledger: Pick<Ledger, 'spend' | 'rest'>
  readonly metrics: Pick<Metrics, 'providerCalled'>
}

/** A vendor's past, asked for within its budget behind everybody who waits for an answer. */
export class AskedHistory {
  readonly #options: AskedHistoryOptions

  constructor(options: AskedHistoryOptions) {
    this.#options = options
  }

  get name(): History['name'] {
    return this.#options.history.name
  }

  ways: History['ways'] = (feed, symbol) => this.#options.history.ways(feed, symbol)

  /** Rejects as the history does, and with NotNowError; missing where the history has none. */
  get trades(): History['trades'] {
    const { history } = this.#options
    return history.trades && ((request, signal) => this.#ask('trades', () => history.trades!(request, signal), signal))
  }

  /** Rejects as the history does, and with NotNowError. */
  bars: History['bars'] = (request, signal) =>
    this.#ask('bars', () => this.#options.history.bars(request, signal), signal)

  async #ask<T>(what: string, work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    await this.#spend(signal)
    const { ledger, metrics } = this.#options
    const startedAt = performance.now()
    const report = (outcome: string) => metrics.providerCalled(this.name, what, outcome, performance.now() - startedAt)
    try {
      const answer = await work()
      report('answered')
      return answer
    } catch (error) {
      if (!(error instanceof ProviderError)) throw error
      report(error.kind)
      if (error.kind !== 'rate_limited') throw error
      throw new NotNowError(error.message, await ledger.rest(this.name, error))
    }
  }

  async #spend(signal: AbortSignal): Promise<void> {
    for (;;) {
      signal.throwIfAborted()
      const refusal = await this.#options.ledger.spend(this.name, {
        requests: 1,
        symbols: [],
        priority: 'background'
      })
      if (!refusal) return
      const waitMs = Math.max(1, refusal.opensAt - Date.now())
      if (waitMs > MAX_WAIT_MS) throw new NotNowError(`the budget of ${this.name} is spent`, refusal.opensAt)
      await delay(waitMs, undefined, { signal })
    }
  }
}
