import { html, nothing, type PropertyValues } from 'lit'
import type { Quote } from '../../client/client.ts'
import { everySecond } from '../ages.ts'
import { ConsoleElement } from '../element.ts'
import { changeText, countText, directionOf, percentText, priceText } from '../format.ts'
import { othersOf, provenanceOf } from '../provenance.ts'
import { unwatch, watch, watched } from '../watchlist.ts'

const MARKET_STATES: Record<NonNullable<Quote['marketState']>, string> = {
  pre: 'Pre-market',
  regular: 'Open',
  post: 'After hours',
  closed: 'Closed',
  halted: 'Halted'
}

/** A symbol's name and its price as it changes, with where that comes from, how old it is and whether to trust it. */
class SymbolHeader extends ConsoleElement {
  static override properties = {
    symbol: { attribute: false },
    quote: { attribute: false },
    missing: { attribute: false },
    flash: { state: true }
  }
  declare symbol: string
  declare quote: Quote | undefined
  /** Why there is no quote. */
  declare missing: string | undefined
  declare flash: string

  constructor() {
    super()
    Object.assign(this, { symbol: '', flash: '' })
    this.show(everySecond, watched)
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    const before = changed.get('quote')
    const { quote } = this
    if (!before || !quote || before.symbol !== quote.symbol || before.price === quote.price) return
    // Two names for one look: an animation begins anew when its name changes.
    this.flash = `${quote.price > before.price ? 'up' : 'down'}-${this.flash.endsWith('odd') ? 'even' : 'odd'}`
  }

  protected override render() {
    const { quote, symbol, missing } = this
    const isWatched = watched.now.includes(symbol)
    return html`<header class="symbol-head">
      <div class="identity">
        <h1>${symbol}</h1>
        <span class="name">${quote?.name ?? ''}</span>
        <span class="quiet">${[quote?.kind, quote?.exchange, quote?.currency].filter(Boolean).join(' · ')}</span>
      </div>
      <button class="small" aria-pressed=${isWatched} @click=${() => (isWatched ? unwatch(symbol) : watch([symbol]))}>
        ${isWatched ? 'Watched' : 'Watch'}
      </button>
      ${
        quote
          ? this.#price(quote)
          : html`<p class="price-line quiet" role="status">${missing ?? 'Waiting for its quote'}</p>`
      }
      ${quote ? figuresOf(quote) : nothing} ${quote ? othersOf(quote.provenance) : nothing}
    </header>`
  }

  #price({ price, change, changePercent, provenance, asOf, marketState, extendedHours }: Quote) {
    const direction = directionOf(change)
    return html`<div class="price-line">
      <strong class="price" data-flash=${this.flash || nothing} data-figure="price">${priceText(price)}</strong>
      ${change === undefined ? nothing : html`<span class="change ${direction}">${changeText(change)} <span>(${percentText(changePercent)})</span></span>`}
      ${marketState ? html`<span class="chip" data-market=${marketState}>${MARKET_STATES[marketState]}</span>` : nothing}
      ${provenanceOf(provenance, asOf)} <span class="quiet feed">${provenance.feed}</span>
      ${
        extendedHours
          ? html`<span class="extended"
              >${extendedHours.session === 'pre' ? 'Pre-market' : extendedHours.session === 'post' ? 'After hours' : 'Overnight'}
              <b>${priceText(extendedHours.price)}</b>
              <span class=${directionOf(extendedHours.change)}>${percentText(extendedHours.changePercent)}</span></span
            >`
          : nothing
      }
    </div>`
  }
}

function figuresOf(quote: Quote) {
  const { open, previousClose, bid, ask, bidSize, askSize, volume, marketCap } = quote
  const sided = (price: number | undefined, size: number | undefined) =>
    price === undefined
      ? undefined
      : html`${priceText(price)}${size === undefined ? nothing : html` <small>× ${countText(size)}</small>`}`
  const figures: [string, unknown][] = [
    ['Bid', sided(bid, bidSize)],
    ['Ask', sided(ask, askSize)],
    ['Open', open && priceText(open)],
    ['Day', rangeText(quote.dayLow, quote.dayHigh)],
    ['Previous close', previousClose && priceText(previousClose)],
    ['Year', rangeText(quote.yearLow, quote.yearHigh)],
    ['Volume', volume === undefined ? undefined : countText(volume)],
    ['Market cap', marketCap && countText(marketCap)]
  ]
  return html`<dl class="quote-figures">
    ${figures
      .filter(([, value]) => value !== undefined)
      .map(
        ([name, value]) =>
          html`<div>
            <dt>${name}</dt>
            <dd>${value}</dd>
          </div>`
      )}
  </dl>`
}

const rangeText = (low: number | undefined, high: number | undefined): string | undefined =>
  low === undefined || high === undefined ? undefined : `${priceText(low)} – ${priceText(high)}`

customElements.define('qw-symbol-header', SymbolHeader)
