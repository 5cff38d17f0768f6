import { html, nothing, type PropertyValues } from 'lit'
import { ConsoleElement } from '../element.ts'
import { priceText, zoneText } from '../format.ts'
import { serverClock } from '../server-clock.ts'
import { may } from '../session.ts'
import { TradeList, type ListedTrade } from './trade-list.ts'

const SHOWN_TRADES = 80
const size = new Intl.NumberFormat('en-US', { maximumFractionDigits: 6 })

/** Trades as they come, newest first: what was corrected says so, and what was taken back is struck out. */
class Trades extends ConsoleElement {
  static override properties = { symbol: { attribute: false }, timeZone: { attribute: false } }
  declare symbol: string
  declare timeZone: string
  #list: TradeList | undefined

  constructor() {
    super()
    Object.assign(this, { symbol: '', timeZone: 'UTC' })
  }

  override connectedCallback(): void {
    super.connectedCallback()
    if (this.hasUpdated) this.#open()
  }

  override disconnectedCallback(): void {
    this.#list?.close()
    this.#list = undefined
    super.disconnectedCallback()
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has('symbol')) this.#open()
  }

  #open(): void {
    this.#list?.close()
    this.#list = undefined
    if (this.symbol !== '' && may('stream:read')) this.#list = new TradeList(this.symbol, () => this.requestUpdate())
  }

  protected override render() {
    const trades = this.#list?.trades ?? []
    return html`<section class="panel trades" aria-label="Trades">
      <header>
        <h2>Trades</h2>
        ${trades[0] ? html`<span class="quiet">${trades[0].source} · ${trades[0].feed}</span>` : nothing}
      </header>
      ${trades.length > 0 ? this.#table(trades.slice(0, SHOWN_TRADES)) : html`<p class="nothing">${this.#reason()}</p>`}
    </section>`
  }

  #reason(): string {
    if (!may('stream:read')) return 'Trades come over a live connection, which takes a key with the scope stream:read.'
    const servedBy = this.#list?.servedBy
    if (servedBy === 'stream') return 'No trade yet. New ones appear here as they happen.'
    if (servedBy === undefined) return 'Waiting for the live connection.'
    return 'No stream carries the trades of this symbol now. Its quotes are asked for again and again.'
  }

  /** Rows are written anew in their places: `repeat` of lit 3.3 leaves a comment behind for each row that goes (lit#5298). */
  #table(trades: readonly ListedTrade[]) {
    return html`<div class="scroll" tabindex="0" role="group" aria-label="Newest trades">
      <table class="figures">
        <thead>
          <tr>
            <th scope="col" title=${this.timeZone}>Time, ${zoneText(serverClock.now(), this.timeZone)}</th>
            <th scope="col" class="number">Price</th>
            <th scope="col" class="number">Size</th>
            <th scope="col">Venue</th>
          </tr>
        </thead>
        <tbody>
          ${trades.map((trade, index) => this.#row(trade, trades[index + 1]))}
        </tbody>
      </table>
    </div>`
  }

  #row(trade: ListedTrade, before: ListedTrade | undefined) {
    const { asOf, price, fate, former, venue, conditions } = trade
    const direction = before === undefined || price === before.price ? '' : price > before.price ? 'up' : 'down'
    return html`<tr
      data-fate=${fate ?? nothing}
      title=${conditions?.length ? `Conditions: ${conditions.join(', ')}` : nothing}
    >
      <td><time datetime=${asOf}>${this.#timeText(asOf)}</time></td>
      <td class="number ${direction}">
        ${former ? html`<s class="quiet">${priceText(former.price)}</s> ` : nothing}${
          fate === 'cancelled' ? html`<s>${priceText(price)}</s>` : priceText(price)
        }
      </td>
      <td class="number">${size.format(trade.size)}</td>
      <td class="quiet">
        ${fate === undefined ? (venue ?? '') : html`<span class="chip" data-fate=${fate}>${fate}</span>`}
      </td>
    </tr>`
  }

  #timeText(asOf: string): string {
    const formatter = formatterOf(this.timeZone)
    return `${formatter.format(new Date(asOf))}.${(asOf.split('.')[1] ?? '').slice(0, 3).replace(/\D/g, '').padEnd(3, '0')}`
  }
}

const formatters = new Map<string, Intl.DateTimeFormat>()
function formatterOf(timeZone: string): Intl.DateTimeFormat {
  const held = formatters.get(timeZone) ?? new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium', timeZone })
  formatters.set(timeZone, held)
  return held
}

customElements.define('qw-trades', Trades)
