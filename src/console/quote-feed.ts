import type { Quote } from '../market/quote.ts'
import type { Callbacks, Subscription } from '../client/client.ts'
import { beforeNextPaint } from './frame.ts'
import { follow } from './live.ts'

type Event = Parameters<Callbacks['onEvent']>[0]

/** Quotes of the symbols that are followed, as they change; whoever shows them is told of all changes once per frame. */
export class QuoteFeed {
  readonly quotes = new Map<string, Quote>()
  /** Why a symbol has no quote, in words. */
  readonly missing = new Map<string, string>()
  readonly #onChange: (changed: ReadonlySet<string>) => void
  readonly #followed = new Set<string>()
  #changed = new Set<string>()
  #subscription: Subscription | undefined

  constructor(onChange: (changed: ReadonlySet<string>) => void) {
    this.#onChange = onChange
  }

  /** Follows these symbols (canonical ones), and no others any more. */
  follow(symbols: Iterable<string>): void {
    const wanted = new Set(symbols)
    const added = [...wanted].filter((symbol) => !this.#followed.has(symbol))
    const removed = [...this.#followed].filter((symbol) => !wanted.has(symbol))
    for (const symbol of removed) {
      this.#followed.delete(symbol)
      this.quotes.delete(symbol)
      this.missing.delete(symbol)
    }
    for (const symbol of added) this.#followed.add(symbol)
    if (removed.length > 0) this.#subscription?.remove(removed)
    if (added.length === 0) return
    if (this.#subscription) this.#subscription.add(added)
    else this.#subscription = follow({ symbols: added }, this.#take)
  }

  close(): void {
    this.#subscription?.close()
    this.#subscription = undefined
    this.#followed.clear()
  }

  readonly #take = (event: Event): void => {
    if (event.type === 'quote_update') this.#hold(event.data.quote)
    else if (event.type === 'snapshot') {
      for (const quote of event.data.quotes ?? []) this.#hold(quote)
      this.#lack(event.data.missing ?? [])
    } else if (event.type === 'subscribed') this.#lack(event.data.rejected)
  }

  #hold(quote: Quote): void {
    if (!this.#followed.has(quote.symbol)) return
    this.quotes.set(quote.symbol, quote)
    this.missing.delete(quote.symbol)
    this.#note(quote.symbol)
  }

  #lack(names: readonly { symbol?: string; message: string }[]): void {
    for (const { symbol, message } of names) {
      if (symbol === undefined || !this.#followed.has(symbol) || this.quotes.has(symbol)) continue
      this.missing.set(symbol, message)
      this.#note(symbol)
    }
  }

  #note(symbol: string): void {
    this.#changed.add(symbol)
    beforeNextPaint(this.#flush)
  }

  readonly #flush = (): void => {
    const changed = this.#changed
    this.#changed = new Set()
    this.#onChange(changed)
  }
}
