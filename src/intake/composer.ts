import { LRUCache } from 'lru-cache'
import { withoutAbsent } from '../market/absent.ts'
import { quoteUpdate, type MarketEvent } from '../market/event.ts'
import type { HoursOf } from '../market/market-hours.ts'
import type { Quote } from '../market/quote.ts'
import { COMPUTE_EVERY_MS, type LiveGreeks } from './live-greeks.ts'
import { StreamedQuote } from './streamed-quote.ts'

/** Symbols that are composed at a time; of more, those that were quiet longest begin anew. */
const MAX_SYMBOLS = 50_000
/** Quotes of many symbols become due together: after so long others have their turn, above all the ticks that come in. */
const SLICE_MS = 1

export type ComposerOptions = {
  /** Takes each quote, at most one per symbol and interval. */
  readonly accept: (event: MarketEvent) => unknown
  /** QUOTE_INTERVAL_MS */
  readonly intervalMs: number
  readonly hoursOf: HoursOf
  /** Completes the quotes of options; absent where none are streamed. */
  readonly greeks?: Pick<LiveGreeks, 'of'> | undefined
}

/**
 * Makes the quotes of streamed symbols from their ticks: there must be one composer per symbol in the installation, in the
 * process that owns its stream.
 */
export class Composer {
  readonly #accept: (event: MarketEvent) => unknown
  readonly #intervalMs: number
  readonly #hoursOf: HoursOf
  readonly #greeks: ComposerOptions['greeks']
  readonly #symbols = new LRUCache<string, StreamedQuote>({ max: MAX_SYMBOLS })
  #changed = new Set<StreamedQuote>()
  /** Those whose interval is over. */
  #due = new Set<StreamedQuote>()
  /** Those whose figures could not be computed anew yet. */
  readonly #early = new Set<StreamedQuote>()
  #timer: NodeJS.Timeout | undefined
  #earlyTimer: NodeJS.Timeout | undefined
  #immediate: NodeJS.Immediate | undefined

  constructor({ accept, intervalMs, hoursOf, greeks }: ComposerOptions) {
    this.#accept = accept
    this.#intervalMs = intervalMs
    this.#hoursOf = hoursOf
    this.#greeks = greeks
  }

  /**
   * What a vendor that was asked says of a streamed symbol: its name, the reference close, the day before the stream
   * began. Of others nothing is kept. Its ticks tell nothing of a contract's open interest and greeks: a quote of theirs is due
   * as soon as these change.
   */
  polled(quote: Quote): void {
    const streamed = this.#symbols.get(quote.symbol)
    if (streamed?.polled(quote)) this.#hasChanged(streamed)
  }

  /** A symbol is streamed from now on: what was polled of it is what its ticks are added to. */
  begin(quote: Quote): void {
    this.#changedBy(quote.symbol, (streamed) => streamed.polled(quote))
  }

  /** A stream tells quotes by itself: what of one changed. */
  told(quote: Quote): void {
    this.#changedBy(quote.symbol, (streamed) => streamed.told(quote))
  }

  /** Takes an event that entered; kinds that no quote is made of are passed over. */
  took(event: MarketEvent): void {
    switch (event.type) {
      case 'trade':
        return this.#changedBy(event.data.symbol, (quote) => quote.traded(event.data.trade))
      case 'trade_correction':
        return this.#changedBy(event.data.symbol, (quote) => quote.corrected(event.data.correction))
      case 'trade_cancel':
        return this.#changedBy(event.data.symbol, (quote) => quote.cancelled(event.data.cancel))
      case 'bbo':
        return this.#changedBy(event.data.symbol, (quote) => quote.quoted(event.data.bbo))
      case 'halt':
        return this.#changedBy(event.data.symbol, (quote) => quote.halted(event.data.halt))
    }
  }

  /** Tells what changed since the last interval, and nothing from then on. */
  close(): void {
    clearTimeout(this.#timer)
    clearTimeout(this.#earlyTimer)
    clearImmediate(this.#immediate)
    this.#end()
    this.#tell(Infinity)
  }

  #of(symbol: string): StreamedQuote {
    const known = this.#symbols.get(symbol)
    if (known) return known
    const quote = new StreamedQuote(symbol, this.#hoursOf)
    this.#symbols.set(symbol, quote)
    return quote
  }

  #changedBy(symbol: string, change: (quote: StreamedQuote) => boolean): void {
    const quote = this.#of(symbol)
    if (change(quote)) this.#hasChanged(quote)
  }

  #hasChanged(quote: StreamedQuote): void {
    this.#changed.add(quote)
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.#end()
      this.#immediate ??= setImmediate(this.#tellSome)
    }, this.#intervalMs)
  }

  /** The interval is over. */
  #end(): void {
    for (const still of this.#due) this.#changed.add(still)
    this.#due = this.#changed
    this.#changed = new Set()
  }

  readonly #tellSome = (): void => {
    this.#immediate = undefined
    this.#tell(performance.now() + SLICE_MS)
    if (this.#due.size > 0) this.#immediate = setImmediate(this.#tellSome)
  }

  #tell(until: number): void {
    for (const changed of this.#due) {
      this.#due.delete(changed)
      // What changed since it became due is told with it.
      this.#changed.delete(changed)
      const quote = changed.quote()
      if (quote) this.#accept(quoteUpdate(this.#completed(quote, changed)))
      if (performance.now() >= until) return
    }
  }

  #completed(quote: Quote, streamed: StreamedQuote): Quote {
    if (!this.#greeks) return quote
    const { figures, isEarly } = this.#greeks.of(quote, streamed.bookAt)
    if (isEarly) this.#tellLater(streamed)
    return figures === quote.derivative ? quote : withoutAbsent<Quote>({ ...quote, derivative: figures })
  }

  /** The last change before a silence counts too. */
  #tellLater(streamed: StreamedQuote): void {
    this.#early.add(streamed)
    this.#earlyTimer ??= setTimeout(() => {
      this.#earlyTimer = undefined
      for (const each of this.#early) this.#hasChanged(each)
      this.#early.clear()
    }, COMPUTE_EVERY_MS)
  }
}
