import type { Logger } from 'pino'
import { ApiError } from '../errors.ts'
import type { Answer, MarketData } from '../market/market-data.ts'
import { kindOfSymbol } from '../market/instrument-kind.ts'
import { quoteUpdate, type MarketEvent } from '../market/event.ts'
import type { Quote } from '../market/quote.ts'

const LOOK_EVERY_MS = 2000
/** Whoever renews quotes is given this long past their freshness, and a quote that was just asked for to arrive. */
const GRACE_MS = 5000
/** Nothing is held of a symbol, or what is held was told to be stale: it is looked at again after this long. */
const LOOK_AGAIN_MS = 15_000
/** So many symbols are looked at together, that nothing else is kept waiting; the others come next. */
const MAX_LOOKED_AT = 500

export type QuoteWatchOptions = {
  marketData: Pick<MarketData, 'heldQuotes'>
  /** Tells everybody of a value that is stale now; `receivedAt` (epoch ms) names it. */
  tellStale: (event: MarketEvent, receivedAt: number) => void
  /** Told of symbols that turned out to be unknown to all vendors, each with the error that says so. */
  onUnknown: (unknown: ReadonlyMap<string, ApiError>) => void
  log: Pick<Logger, 'debug'>
  now?: () => number
}

/**
 * Watches the quotes that clients of this process follow, and tells the log of each that outlived its freshness, whatever
 * the reason: no vendor answers, the budgets are spent, or nobody is left who would ask. Symbols that were followed
 * before anybody could say that they are unknown it tells of once that is known, options excepted. It asks no vendor itself.
 */
export class QuoteWatch {
  readonly #options: QuoteWatchOptions
  readonly #now: () => number
  /** When to look at each symbol next; those that were looked at last stand last, so that all have their turn. */
  readonly #dueAt = new Map<string, number>()
  readonly #timer: NodeJS.Timeout
  #looking: Promise<void> | undefined

  constructor(options: QuoteWatchOptions) {
    this.#options = options
    this.#now = options.now ?? Date.now
    this.#timer = setInterval(() => this.#look(), LOOK_EVERY_MS)
  }

  /** Watches a symbol until the returned function is called. */
  follow(symbol: string): () => void {
    this.#dueAt.set(symbol, this.#now() + GRACE_MS)
    return () => void this.#dueAt.delete(symbol)
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.#looking
  }

  #look(): void {
    const now = this.#now()
    const due: string[] = []
    for (const [symbol, dueAt] of this.#dueAt) {
      if (dueAt <= now && due.push(symbol) === MAX_LOOKED_AT) break
    }
    if (due.length === 0 || this.#looking) return
    this.#looking = this.#lookAt(due)
      .catch((err: unknown) => this.#options.log.debug({ err }, 'the quotes that clients follow cannot be looked at'))
      .finally(() => (this.#looking = undefined))
  }

  async #lookAt(symbols: readonly string[]): Promise<void> {
    const held = await this.#options.marketData.heldQuotes(symbols)
    const now = this.#now()
    const unknown = new Map<string, ApiError>()
    for (const [index, symbol] of symbols.entries()) {
      const answer = held[index]
      // Few of those who are asked quote options: chains list them, and streams tell of them.
      const mayStream = kindOfSymbol(symbol) === 'option'
      if (answer instanceof ApiError && answer.code === 'SYMBOL_NOT_FOUND' && !mayStream) unknown.set(symbol, answer)
      if (this.#dueAt.delete(symbol)) this.#dueAt.set(symbol, this.#nextLook(answer, now))
    }
    if (unknown.size > 0) this.#options.onUnknown(unknown)
  }

  #nextLook(answer: Answer<Quote> | Error | undefined, now: number): number {
    if (!answer || answer instanceof Error) return now + LOOK_AGAIN_MS
    const { value, freshUntil } = answer
    const { provenance } = value
    if (provenance.state !== 'stale' && freshUntil + GRACE_MS > now) return freshUntil + GRACE_MS
    const quote: Quote = { ...value, provenance: { ...provenance, state: 'stale' } }
    this.#options.tellStale(quoteUpdate(quote), Date.parse(provenance.receivedAt))
    return now + LOOK_AGAIN_MS
  }
}
