import type { Quote } from '../../../market/quote.ts'
import { ageText } from '../../ages.ts'
import { changeText, countText, directionOf, percentText, priceText } from '../../format.ts'
import { provenanceText } from '../../provenance.ts'
import { symbolPath } from '../../router.ts'

/** What stands in a row, in this order. Narrow windows leave out what is marked so. */
export const COLUMNS = [
  { key: 'symbol', label: 'Symbol', isNumber: false, isWideOnly: false },
  { key: 'price', label: 'Price', isNumber: true, isWideOnly: false },
  { key: 'change', label: 'Change', isNumber: true, isWideOnly: true },
  { key: 'changePercent', label: 'Change %', isNumber: true, isWideOnly: false },
  { key: 'bid', label: 'Bid', isNumber: true, isWideOnly: true },
  { key: 'ask', label: 'Ask', isNumber: true, isWideOnly: true },
  { key: 'volume', label: 'Volume', isNumber: true, isWideOnly: true },
  { key: 'source', label: 'Source', isNumber: false, isWideOnly: true },
  { key: 'age', label: 'Age', isNumber: true, isWideOnly: false },
  { key: 'state', label: 'State', isNumber: false, isWideOnly: true }
] as const
export type Column = (typeof COLUMNS)[number]
export type ColumnKey = Column['key']

/** Of a cell, and of its heading. */
export const classOf = ({ key, isNumber, isWideOnly }: Pick<Column, 'key' | 'isNumber' | 'isWideOnly'>): string =>
  `${key}-cell ${isNumber ? 'number' : ''} ${isWideOnly ? 'wide-only' : ''}`

export const ROW_HEIGHT = 40

/**
 * A row that is written to directly: thousands of changes a second are too many to render anew. What is equal to what stands
 * there is not touched.
 */
export class QuoteRow {
  readonly element = document.createElement('div')
  readonly #cells = {} as Record<ColumnKey, HTMLElement>
  readonly #link = document.createElement('a')
  readonly #name = document.createElement('span')
  readonly #chip = document.createElement('span')
  readonly #remove = document.createElement('button')
  #symbol = ''
  #quote: Quote | undefined
  #isOddFlash = false

  constructor(onRemove: (symbol: string) => void) {
    this.element.className = 'quote-row'
    this.element.role = 'row'
    for (const { key, isNumber, isWideOnly } of COLUMNS) {
      const cell = (this.#cells[key] = document.createElement('div'))
      cell.role = key === 'symbol' ? 'rowheader' : 'cell'
      cell.className = classOf({ key, isNumber, isWideOnly })
    }
    this.#name.className = 'name'
    this.#cells.symbol.append(this.#link, this.#name)
    this.#chip.className = 'chip'
    this.#cells.state.append(this.#chip)
    this.#remove.className = 'icon'
    this.#remove.textContent = '×'
    this.#remove.addEventListener('click', () => onRemove(this.#symbol))
    const last = document.createElement('div')
    last.role = 'cell'
    last.append(this.#remove)
    this.element.addEventListener('pointerenter', this.#describe)
    this.element.append(...Object.values(this.#cells), last)
  }

  get symbol(): string {
    return this.#symbol
  }

  /** Makes it the row of a symbol, at a place of the list. */
  place(symbol: string, index: number): void {
    this.element.style.transform = `translateY(${index * ROW_HEIGHT}px)`
    this.element.ariaRowIndex = `${index + 2}`
    if (symbol === this.#symbol) return
    this.#symbol = symbol
    this.#quote = undefined
    delete this.#cells.price.dataset['flash']
    this.#link.textContent = symbol
    this.#link.href = symbolPath(symbol)
    this.#remove.ariaLabel = `Remove ${symbol}`
  }

  /** Shows the quote, or why there is none. */
  show(quote: Quote | undefined, missing: string | undefined): void {
    const before = this.#quote
    this.#quote = quote
    if (!quote) return this.#showMissing(missing)
    if (quote === before) return
    const { name, price, change, changePercent, bid, ask, volume, provenance } = quote
    const direction = directionOf(change)
    // Not every event of a stream repeats it.
    if (name !== undefined || !before) write(this.#name, name ?? '')
    write(this.#cells.price, priceText(price))
    write(this.#cells.change, changeText(change))
    write(this.#cells.changePercent, percentText(changePercent))
    for (const cell of [this.#cells.change, this.#cells.changePercent]) color(cell, direction)
    write(this.#cells.bid, priceText(bid))
    write(this.#cells.ask, priceText(ask))
    write(this.#cells.volume, countText(volume))
    write(this.#cells.source, provenance.source)
    this.#showState(provenance.state)
    this.showAge()
    if (before && before.price !== price) this.#flash(price > before.price ? 'up' : 'down')
  }

  showAge(): void {
    write(this.#cells.age, this.#quote ? ageText(this.#quote.asOf) : '')
  }

  #showMissing(why: string | undefined): void {
    for (const key of ['price', 'change', 'changePercent', 'bid', 'ask', 'volume', 'source', 'age'] as const)
      write(this.#cells[key], '')
    write(this.#name, why ?? 'Waiting for its quote')
    this.#showState(why === undefined ? '' : 'no value')
  }

  #showState(state: string): void {
    write(this.#chip, state)
    if (this.#chip.dataset['state'] !== state) this.#chip.dataset['state'] = state
    if (this.element.dataset['state'] !== state) this.element.dataset['state'] = state
  }

  /** When somebody points at the row, and not with each change. */
  readonly #describe = (): void => {
    const details = this.#quote ? provenanceText(this.#quote.provenance, this.#quote.asOf) : ''
    this.#cells.source.title = this.#cells.age.title = this.#chip.title = details
  }

  /** Two names for one look: an animation begins anew when its name changes. */
  #flash(direction: 'up' | 'down'): void {
    this.#isOddFlash = !this.#isOddFlash
    this.#cells.price.dataset['flash'] = `${direction}-${this.#isOddFlash ? 'odd' : 'even'}`
  }
}

function write(element: HTMLElement, text: string): void {
  const node = element.firstChild
  if (!node) element.textContent = text
  else if (node.nodeValue !== text) node.nodeValue = text
}

function color(cell: HTMLElement, direction: string): void {
  if (cell.dataset['direction'] !== direction) cell.dataset['direction'] = direction
}
