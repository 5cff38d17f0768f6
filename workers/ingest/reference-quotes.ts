import type { Answer, MarketData } from '../../src/market/market-data.ts'
import type { Intake } from '../../src/intake/intake.ts'
import type { Quote } from '../../src/market/quote.ts'
import { isStale } from '../refusals.ts'

/** Symbols that begin to trade within this are asked for together. */
const GATHER_MS = 200
const BATCH = 50
/** The official close and the day's volume are told by those who are asked only. */
const ASK_AGAIN_AFTER_MS = 10 * 60_000
/** Where nobody answered; doubles from then on: there are symbols that no vendor who is asked knows. */
const RETRY_AFTER_MS = 5000
const MAX_SYMBOLS = 50_000

export type ReferenceQuotesOptions = {
  readonly marketData: Pick<MarketData, 'quotes' | 'refresh'>
  readonly intake: Pick<Intake, 'refer'>
  readonly now: () => number
}

/** `nextAt`: when a symbol may be asked for again; `failures`: how often nobody answered since somebody did. */
type Asked = { readonly nextAt: number; readonly failures: number }

function usable(answers: readonly (Answer<Quote> | Error)[]): Map<string, Quote> {
  return new Map(
    answers.flatMap((answer) =>
      answer instanceof Error || isStale(answer) ? [] : [[answer.value.symbol, answer.value] as const]
    )
  )
}

/** Composed of ticks alone: nobody told a close to compare with. */
const isUnreferenced = (quote: Quote | undefined) =>
  quote?.provenance.delivery === 'stream' && quote.previousClose === undefined

/** Asks for the quotes of symbols that stream, so that what is composed of their ticks has a name, a close to compare with and a day. */
export class ReferenceQuotes {
  readonly #options: ReferenceQuotesOptions
  readonly #asked = new Map<string, Asked>()
  readonly #waiting = new Set<string>()
  #timer: NodeJS.Timeout | undefined
  #asking: Promise<void> | undefined
  #isClosed = false

  constructor(options: ReferenceQuotesOptions) {
    this.#options = options
  }

  /** A tick of the symbol came. */
  streams(symbol: string): void {
    const asked = this.#asked.get(symbol)
    const now = this.#options.now()
    if (this.#isClosed || (asked && now < asked.nextAt)) return
    if (!asked && this.#asked.size >= MAX_SYMBOLS) return
    this.#asked.set(symbol, { nextAt: now + ASK_AGAIN_AFTER_MS, failures: asked?.failures ?? 0 })
    this.#waiting.add(symbol)
    this.#timer ??= setTimeout(() => {
      this.#asking ??= this.#ask()
    }, GATHER_MS)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#timer)
    await this.#asking
  }

  async #ask(): Promise<void> {
    while (this.#waiting.size > 0 && !this.#isClosed) {
      const symbols = [...this.#waiting].slice(0, BATCH)
      for (const symbol of symbols) this.#waiting.delete(symbol)
      await this.#askFor(symbols)
    }
    this.#asking = undefined
    this.#timer = undefined
  }

  /** Never rejects: what nobody told is asked for again after a while. */
  async #askFor(symbols: readonly string[]): Promise<void> {
    const { marketData, intake, now } = this.#options
    const quotes = usable(await marketData.quotes(symbols, 'background').catch(() => []))
    const unreferenced = symbols.filter((symbol) => isUnreferenced(quotes.get(symbol)))
    if (unreferenced.length > 0) {
      // The cache holds what was composed of the first ticks. A vendor's answer comes behind it, and the intake keeps what it tells.
      for (const symbol of unreferenced) quotes.delete(symbol)
      for (const [symbol, quote] of usable(await marketData.refresh.quotes(unreferenced).catch(() => []))) {
        quotes.set(symbol, quote)
      }
    }
    for (const symbol of symbols) {
      const quote = quotes.get(symbol)
      const { failures, nextAt } = this.#asked.get(symbol)!
      if (quote) {
        this.#asked.set(symbol, { nextAt, failures: 0 })
        if (quote.provenance.delivery !== 'stream') intake.refer(quote)
      } else {
        const waitMs = Math.min(RETRY_AFTER_MS * 2 ** failures, ASK_AGAIN_AFTER_MS)
        this.#asked.set(symbol, { nextAt: now() + waitMs, failures: failures + 1 })
      }
    }
  }
}
