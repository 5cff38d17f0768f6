import type { Quote } from '../../../market/quote.ts'
import { everySecond } from '../../ages.ts'
import { beforeNextPaint } from '../../frame.ts'
import { QuoteFeed } from '../../quote-feed.ts'
import { QuoteRow, ROW_HEIGHT } from './quote-row.ts'

/** Rows above and below what is seen, so that scrolling shows no blanks. */
const SPARE_ROWS = 6
/** Of a longer list, only what is near to what is seen is followed. */
const MAX_FOLLOWED = 1000
const FOLLOWED_AROUND = 50

/** Quotes of a list of symbols in rows, of which only those exist that are seen. */
export class QuoteTable {
  readonly #scroller: HTMLElement
  readonly #body: HTMLElement
  readonly #onRemove: (symbol: string) => void
  readonly #feed: QuoteFeed
  #symbols: readonly string[] = []
  readonly #rows = new Map<string, QuoteRow>()
  readonly #spare: QuoteRow[] = []
  readonly #watch = new ResizeObserver(() => beforeNextPaint(this.#layOut))
  readonly #stopAges: () => void

  /** `scroller` is what is scrolled, `body` what holds the rows within it. */
  constructor(scroller: HTMLElement, body: HTMLElement, onRemove: (symbol: string) => void) {
    this.#scroller = scroller
    this.#body = body
    this.#onRemove = onRemove
    this.#feed = new QuoteFeed((changed) => this.#showChanges(changed))
    this.#watch.observe(scroller)
    scroller.addEventListener('scroll', this.#onScroll, { passive: true })
    this.#stopAges = everySecond.listen(() => {
      for (const row of this.#rows.values()) row.showAge()
    })
  }

  /** Shows these symbols in this order. */
  set symbols(symbols: readonly string[]) {
    this.#symbols = symbols
    this.#body.style.height = `${symbols.length * ROW_HEIGHT}px`
    this.#layOut()
  }

  quoteOf(symbol: string): Quote | undefined {
    return this.#feed.quotes.get(symbol)
  }

  close(): void {
    this.#feed.close()
    this.#watch.disconnect()
    this.#stopAges()
    this.#scroller.removeEventListener('scroll', this.#onScroll)
  }

  readonly #onScroll = (): void => beforeNextPaint(this.#layOut)

  /** Gives rows that went out of sight to symbols that came into it. */
  readonly #layOut = (): void => {
    const { scrollTop, clientHeight } = this.#scroller
    const first = Math.max(0, Math.floor(scrollTop / ROW_HEIGHT) - SPARE_ROWS)
    const end = Math.min(this.#symbols.length, Math.ceil((scrollTop + clientHeight) / ROW_HEIGHT) + SPARE_ROWS)
    const seen = new Set(this.#symbols.slice(first, end))
    for (const [symbol, row] of this.#rows) {
      if (seen.has(symbol)) continue
      this.#rows.delete(symbol)
      this.#spare.push(row)
    }
    for (let index = first; index < end; index++) this.#placeRow(this.#symbols[index]!, index)
    for (const row of this.#spare.splice(0)) row.element.remove()
    const isShort = this.#symbols.length <= MAX_FOLLOWED
    const from = Math.max(0, first - FOLLOWED_AROUND)
    this.#feed.follow(isShort ? this.#symbols : this.#symbols.slice(from, end + FOLLOWED_AROUND))
  }

  #placeRow(symbol: string, index: number): void {
    const row = this.#rows.get(symbol) ?? this.#spare.pop() ?? new QuoteRow(this.#onRemove)
    this.#rows.set(symbol, row)
    row.place(symbol, index)
    row.show(this.#feed.quotes.get(symbol), this.#feed.missing.get(symbol))
    if (!row.element.isConnected) this.#body.append(row.element)
  }

  #showChanges(changed: ReadonlySet<string>): void {
    for (const [symbol, row] of this.#rows) {
      if (changed.has(symbol)) row.show(this.#feed.quotes.get(symbol), this.#feed.missing.get(symbol))
    }
  }
}
