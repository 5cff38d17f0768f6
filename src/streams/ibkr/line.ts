import type { TwsMessage } from './wire.ts'

/** Numbers of ticks, of live data and of late data. https://interactivebrokers.github.io/tws-api/tick_types.html */
const BID_SIZE = 0
const BID = 1
const ASK = 2
const ASK_SIZE = 3
const TRADE = 48
const HALTED = 49
const DELAYED_BID = 66
const DELAYED_ASK = 67
const DELAYED_LAST = 68
const DELAYED_BID_SIZE = 69
const DELAYED_ASK_SIZE = 70
const DELAYED_LAST_SIZE = 71
const DELAYED_VOLUME = 74
const DELAYED_LAST_AT = 88
const DELAYED_HALTED = 90

type Side = 'bid' | 'ask'
const PRICES: Readonly<Record<number, Side>> = {
  [BID]: 'bid',
  [ASK]: 'ask',
  [DELAYED_BID]: 'bid',
  [DELAYED_ASK]: 'ask'
}
const SIZES: Readonly<Record<number, `${Side}Size`>> = {
  [BID_SIZE]: 'bidSize',
  [ASK_SIZE]: 'askSize',
  [DELAYED_BID_SIZE]: 'bidSize',
  [DELAYED_ASK_SIZE]: 'askSize'
}
/** 3: late; 4: late, and frozen at the close. */
const LATE_DATA: ReadonlySet<number> = new Set([3, 4])

/**
 * One subscription of TWS. It tells prices, sizes and instants one by one, and what changes within a quarter of a second
 * once; here they are put together to what happened.
 */
export class TwsLine {
  readonly #id: number
  readonly #symbol: string
  #isDelayed: boolean
  #isTold = false
  readonly #sides: Partial<Record<Side | `${Side}Size`, number>> = {}
  #hasNewSides = false
  /** Of late data. */
  readonly #last: { price?: number; size?: number; at?: number; volume?: number } = {}
  #hasNewLast = false
  #lastToldAt: number | undefined
  #halt: number | undefined
  #ready: TwsMessage[] = []

  constructor(id: number, symbol: string, isDelayed: boolean) {
    this.#id = id
    this.#symbol = symbol
    this.#isDelayed = isDelayed
  }

  /** TWS says what kind of data it is. */
  dataType(type: number): void {
    this.#isDelayed = LATE_DATA.has(type)
    this.isThere()
  }

  /** TWS has taken the request. */
  isThere(): void {
    this.#isTold = true
    this.#ready.push({ tell: 'line', id: this.#id, isDelayed: this.#isDelayed })
  }

  /** A price of -1, and one of 0 of a quote, is none. */
  price(type: number, price: number | undefined): void {
    const side = PRICES[type]
    if (side) {
      this.#hasNewSides = true
      if (price !== undefined && price > 0) this.#sides[side] = price
      else delete this.#sides[side]
    } else if (type === DELAYED_LAST && price !== undefined && price > 0) this.#noteLast('price', price)
  }

  size(type: number, size: number | undefined): void {
    if (size === undefined || size < 0) return
    const side = SIZES[type]
    if (side) {
      this.#hasNewSides ||= this.#sides[side] !== size
      this.#sides[side] = size
    } else if (type === DELAYED_LAST_SIZE) this.#noteLast('size', size)
    else if (type === DELAYED_VOLUME) this.#noteLast('volume', size)
  }

  text(type: number, text: string): void {
    if (type === TRADE) this.#traded(text)
    else if (type === DELAYED_LAST_AT && Number(text) > 0) this.#noteLast('at', Number(text) * 1000)
  }

  number(type: number, value: number): void {
    if ((type !== HALTED && type !== DELAYED_HALTED) || value < 0 || value === this.#halt) return
    this.#halt = value
    this.#ready.push({ tell: 'halt', ...this.#of(), code: value })
  }

  /** What happened since it was asked last. */
  take(): readonly TwsMessage[] {
    if (this.#hasNewLast) this.#tellLast()
    if (this.#hasNewSides) this.#tellSides()
    const ready = this.#ready
    this.#ready = []
    // Data is as good as a word.
    if (ready.length > 0 && !this.#isTold) {
      this.#isTold = true
      return [{ tell: 'line', id: this.#id, isDelayed: this.#isDelayed }, ...ready]
    }
    return ready
  }

  #of() {
    return { symbol: this.#symbol, isDelayed: this.#isDelayed }
  }

  /** `189.11;100;1732104000123;123456;188.9;true`: price, size, ms, the day's volume. Some tell the volume alone. */
  #traded(text: string): void {
    const [price = '', size = '', at = '', volume = ''] = text.split(';')
    if (!(Number(price) > 0 && Number(size) > 0 && Number(at) > 0)) return
    const id = `${Number(at)}-${Number(volume)}`
    this.#ready.push({ tell: 'trade', ...this.#of(), price: Number(price), size: Number(size), at: Number(at), id })
  }

  /**
   * The instant comes before what happened then, the day's volume behind it: an instant alone tells nothing yet, and a volume
   * alone that there was another trade at the same price.
   */
  #noteLast(field: 'price' | 'size' | 'at' | 'volume', value: number): void {
    if (this.#last[field] === value) return
    this.#last[field] = value
    if (field === 'price' || field === 'size') this.#hasNewLast = true
    else if (field === 'volume') this.#hasNewLast ||= this.#last.at !== this.#lastToldAt
  }

  /** A trade of the same second, price and size is taken for the same one: late data is told again with each subscription. */
  #tellLast(): void {
    this.#hasNewLast = false
    const { price, size, at } = this.#last
    if (price === undefined || size === undefined) return
    this.#lastToldAt = at
    const when = at !== undefined && { at, id: `late-${at}-${price}-${size}` }
    this.#ready.push({ tell: 'trade', ...this.#of(), price, size, ...when })
  }

  #tellSides(): void {
    this.#hasNewSides = false
    const { bid, bidSize, ask, askSize } = this.#sides
    this.#ready.push({
      tell: 'bbo',
      ...this.#of(),
      ...(bid !== undefined && { bid, ...(bidSize !== undefined && { bidSize }) }),
      ...(ask !== undefined && { ask, ...(askSize !== undefined && { askSize }) })
    })
  }
}
