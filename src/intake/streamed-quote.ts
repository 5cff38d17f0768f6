import { withoutAbsent } from '../market/absent.ts'
import type { Bbo } from '../market/bbo.ts'
import type { Halt, TradingStatus } from '../market/halt.ts'
import { compareInstantNs, parseInstantNs } from '../market/instant-ns.ts'
import type { Feed } from '../market/provenance.ts'
import type { ExtendedHours, Quote } from '../market/quote.ts'
import { eligibilityInSession, eligibilityOf, type Eligibility } from '../market/trade-conditions.ts'
import type { Trade, TradeCancel, TradeCorrection, TradeReference } from '../market/trade.ts'
import { MinuteVolumes } from './minute-volumes.ts'

/** These see all that trades: only their volumes are the market's. */
const WHOLE_MARKET: ReadonlySet<Feed> = new Set(['consolidated', 'opra', 'sandbox'])
const HALTED: ReadonlySet<TradingStatus> = new Set(['halted', 'paused', 'quoting'])

type Last = Pick<Trade, 'price' | 'asOf' | 'sequence' | 'source' | 'feed' | 'receivedAt' | 'currency' | 'tradeId'> & {
  readonly notes?: readonly string[]
  /** It was told while its market was closed. */
  readonly isClosed?: boolean
}
type Identity = Pick<Quote, 'kind' | 'mic' | 'exchange'>
type Sides = Pick<Bbo, 'bid' | 'ask' | 'bidSize' | 'askSize'>
type Day = Partial<Record<'open' | 'dayHigh' | 'dayLow' | 'volume' | 'previousClose', number | undefined>>
type DayOfTrades = Record<keyof Day, number | undefined>
const NO_DAY: DayOfTrades = {
  open: undefined,
  dayHigh: undefined,
  dayLow: undefined,
  volume: undefined,
  previousClose: undefined
}

/** The quote of one streamed symbol, as its ticks and what was polled make it. Each method says whether it changed. */
export class StreamedQuote {
  readonly #symbol: string
  #polled: Quote | undefined
  /** As a stream of quotes tells it. */
  #identity: Identity = {}
  /** Shares that traded before the stream began, as far as what was polled tells. */
  #volumeBefore = 0
  readonly #volumes = new MinuteVolumes()
  #tradeDate = ''
  /** The last eligible trades of regular hours, the newest first: the one before stands in for one that is taken back. */
  #last: readonly Last[] = []
  #extended: (Last & { readonly session: ExtendedHours['session'] }) | undefined
  readonly #day: DayOfTrades = { ...NO_DAY }
  #bbo: Sides | undefined
  /** What the day comes to is told by the stream. */
  #isDayTold = false
  #isHalted = false

  constructor(symbol: string) {
    this.#symbol = symbol
  }

  /** What one vendor does not tell (a stream's snapshots have no names) stays as another one told it. */
  polled(quote: Quote): void {
    const { name, kind, mic, exchange, marketCap, yearHigh, yearLow } = this.#polled ?? {}
    this.#polled = { ...withoutAbsent({ name, kind, mic, exchange, marketCap, yearHigh, yearLow }), ...quote }
    if (this.#isDayTold) return
    if (quote.volume === undefined || !this.#polledOfDay()) return
    this.#volumeBefore = Math.max(0, quote.volume + this.#volumes.since(quote.asOf) - (this.#day.volume ?? 0))
  }

  traded(trade: Trade): boolean {
    const { session = 'regular', tradeDate } = trade
    // A trade of a day that is over changes that day's bars, and no quote.
    if (tradeDate < this.#tradeDate) return false
    if (tradeDate > this.#tradeDate) this.#beginDay(tradeDate)
    return session === 'regular' ? this.#tradedRegularly(trade) : this.#tradedOutside(trade, session)
  }

  /** A stream that tells no trades: what is missing is as it was. */
  told(quote: Quote): boolean {
    const { price, asOf, sequence = 0, extendedHours, currency, kind, mic, exchange, provenance } = quote
    const { source, feed, receivedAt, notes, state } = provenance
    const origin = { source, feed, receivedAt, sequence, ...withoutAbsent({ currency, notes }) }
    Object.assign(this.#identity, withoutAbsent<Identity>({ kind, mic, exchange }))
    if (extendedHours) {
      const { session, price: extended, asOf: extendedAsOf = asOf } = extendedHours
      if (isBefore({ ...origin, price: extended, asOf: extendedAsOf }, this.#extended)) return false
      this.#extended = { ...origin, price: extended, asOf: extendedAsOf, session }
      if (this.#last.length === 0) this.#last = [{ ...origin, price: this.#polled?.price ?? price, asOf }]
      return true
    }
    const told = { ...origin, price, asOf, isClosed: state === 'closed' }
    const [last] = this.#last
    if (isBefore(told, last)) return false
    if (!last || last.asOf.slice(0, DATE_LENGTH) < asOf.slice(0, DATE_LENGTH)) Object.assign(this.#day, NO_DAY)
    this.#extended = undefined
    this.#last = last ? [told, last] : [told]
    this.#toldOfDay(quote)
    return true
  }

  corrected({ replaces, ...correction }: TradeCorrection): boolean {
    const isNewest = [this.#last[0], this.#extended].some((held) => held && isReplaced(held, replaces))
    const wasTaken = this.#takeBack(replaces)
    if (isNewest) return this.traded(correction) || wasTaken
    // Others traded since: its price is one of the day, and not the newest, although it is told now.
    if (replaces.tradeDate === this.#tradeDate) this.#countInDay(correction, eligibilityOf(correction))
    return wasTaken
  }

  cancelled({ replaces }: TradeCancel): boolean {
    return this.#takeBack(replaces)
  }

  quoted(bbo: Bbo): boolean {
    this.#bbo = bbo
    return this.#last.length > 0
  }

  /** A band alone leaves the status as it is. */
  halted({ status }: Halt): boolean {
    if (status === undefined) return false
    const isHalted = HALTED.has(status)
    const hasChanged = isHalted !== this.#isHalted
    this.#isHalted = isHalted
    return hasChanged && this.#last.length > 0
  }

  /** Undefined before the first eligible trade: a bid and an offer are no price. */
  quote(): Quote | undefined {
    const [last] = this.#last
    if (!last) return undefined
    const known: Partial<Quote> = { ...this.#identity, ...this.#polled }
    const { name, kind, mic, exchange, marketCap, yearHigh, yearLow, currency } = known
    const { price, asOf, sequence, source, feed, receivedAt, notes, isClosed } = last
    const day = this.#wholeDay()
    return withoutAbsent<Quote>({
      symbol: this.#symbol,
      name,
      kind,
      price,
      ...changeOf(price, day.previousClose),
      ...day,
      yearHigh: yearHigh === undefined ? undefined : Math.max(yearHigh, price),
      yearLow: yearLow === undefined ? undefined : Math.min(yearLow, price),
      bid: this.#bbo?.bid,
      ask: this.#bbo?.ask,
      bidSize: this.#bbo?.bidSize,
      askSize: this.#bbo?.askSize,
      marketCap,
      currency: last.currency ?? currency,
      mic,
      exchange,
      marketState: this.#marketState(last),
      extendedHours: this.#extendedHours(price),
      asOf,
      sequence,
      provenance: {
        source,
        feed,
        delivery: 'stream',
        receivedAt,
        state: feed === 'delayed' ? 'delayed' : isClosed ? 'closed' : 'live',
        attempts: [],
        ...(notes && { notes: [...notes] })
      }
    })
  }

  #tradedRegularly(trade: Trade): boolean {
    const eligibility = eligibilityInSession(trade)
    this.#extended = undefined
    this.#countInDay(trade, eligibility)
    if (eligibility.last && !isBefore(trade, this.#last[0])) {
      const [before] = this.#last
      this.#last = before ? [trade, before] : [trade]
      return true
    }
    return this.#last.length > 0
  }

  #tradedOutside(trade: Trade, session: ExtendedHours['session']): boolean {
    if (!eligibilityInSession(trade).last || isBefore(trade, this.#extended)) return false
    this.#extended = { ...trade, session }
    return this.#last.length > 0
  }

  #toldOfDay({ open, dayHigh, dayLow, volume, previousClose, bid, ask, bidSize, askSize }: Quote): void {
    Object.assign(this.#day, withoutAbsent<Day>({ open, dayHigh, dayLow, volume, previousClose }))
    this.#isDayTold = volume !== undefined || this.#isDayTold
    if (volume !== undefined) this.#volumeBefore = 0
    this.#bbo = { ...this.#bbo, ...withoutAbsent<Sides>({ bid, ask, bidSize, askSize }) }
  }

  /** The price of one venue is a price of the day; its volume is not the day's, nor its first trade the opening. */
  #countInDay({ price, size, feed, asOf }: Trade, { last, range, volume }: Eligibility): void {
    const day = this.#day
    const isWhole = WHOLE_MARKET.has(feed)
    if (last && isWhole) day.open ??= price
    if (range) {
      day.dayHigh = Math.max(day.dayHigh ?? price, price)
      day.dayLow = Math.min(day.dayLow ?? price, price)
    }
    if (!isWhole || !volume) return
    day.volume = (day.volume ?? 0) + size
    this.#volumes.count(asOf, size)
  }

  /** What was streamed of the day, and before that polled. */
  #wholeDay(): Day {
    const { open, dayHigh, dayLow, volume, previousClose } = this.#day
    const polled = this.#polledOfDay()
    return {
      previousClose: polled?.previousClose ?? previousClose ?? this.#closeBefore(),
      open: polled?.open ?? open,
      dayHigh: most(Math.max, dayHigh, polled?.dayHigh),
      dayLow: most(Math.min, dayLow, polled?.dayLow),
      volume: volume === undefined ? polled?.volume : this.#volumeBefore + volume
    }
  }

  /** Of a high or a low that did not happen nothing is known but that it is none; the next poll tells the day's. */
  #takeBack(replaced: TradeReference): boolean {
    const { price, size, tradeDate } = replaced
    if (tradeDate !== this.#tradeDate) return false
    const { dayHigh, dayLow, volume } = this.#day
    if (dayHigh === price) this.#day.dayHigh = undefined
    if (dayLow === price) this.#day.dayLow = undefined
    if (volume !== undefined && size !== undefined) this.#day.volume = Math.max(0, volume - size)
    this.#last = this.#last.filter((last) => !isReplaced(last, replaced))
    return this.#last.length > 0
  }

  /** The last price of the day before is the reference, until a poll tells the official close. */
  #beginDay(tradeDate: string): void {
    this.#isDayTold = false
    const previousClose = this.#tradeDate === '' ? undefined : this.#last[0]?.price
    this.#tradeDate = tradeDate
    Object.assign(this.#day, NO_DAY, { previousClose })
    this.#volumeBefore = this.#polledOfDay()?.volume ?? 0
    this.#volumes.clear()
    this.#extended = undefined
  }

  /** What was polled, where it is of the day that is streamed. */
  #polledOfDay(): Quote | undefined {
    return this.#polled && this.#polled.asOf.slice(0, DATE_LENGTH) >= this.#tradeDate ? this.#polled : undefined
  }

  #marketState({ isClosed }: Last): NonNullable<Quote['marketState']> {
    if (this.#isHalted) return 'halted'
    if (this.#extended) return stateOf(this.#extended.session)
    return isClosed ? 'closed' : 'regular'
  }

  /** Where the stream began before the session did: what was polled between the sessions is the price that the one before closed with. */
  #closeBefore(): number | undefined {
    const { marketState = 'regular', price } = this.#polled ?? {}
    return this.#polledOfDay() || marketState === 'regular' || marketState === 'halted' ? undefined : price
  }

  #extendedHours(price: number): ExtendedHours | undefined {
    if (!this.#extended) return this.#polled?.extendedHours
    const { session, price: extended, asOf } = this.#extended
    return { session, price: extended, ...changeOf(extended, price), asOf }
  }
}

function most(of: (...values: number[]) => number, ...values: (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined)
  return known.length > 0 ? of(...known) : undefined
}

const DATE_LENGTH = 'YYYY-MM-DD'.length

const stateOf = (session: ExtendedHours['session']): NonNullable<Quote['marketState']> =>
  session === 'overnight' ? 'closed' : session

function changeOf(price: number, reference: number | undefined) {
  if (reference === undefined || reference <= 0) return {}
  return { change: price - reference, changePercent: (price / reference - 1) * 100 }
}

/** Whether it is the trade that a vendor means, as far as the two say. */
function isReplaced(held: Last, { price, asOf, tradeId }: TradeReference): boolean {
  if (held.price !== price || (asOf !== undefined && held.asOf !== asOf)) return false
  return tradeId === undefined || held.tradeId === undefined || held.tradeId === tradeId
}

/** Of one instant the vendor's sequence decides. */
function isBefore(trade: Last, other: Last | undefined): boolean {
  if (!other) return false
  // Instants of one length are in the order of their texts.
  if (trade.asOf.length === other.asOf.length) {
    return trade.asOf < other.asOf || (trade.asOf === other.asOf && trade.sequence < other.sequence)
  }
  const [instant, held] = [parseInstantNs(trade.asOf), parseInstantNs(other.asOf)]
  const difference = instant && held ? compareInstantNs(instant, held) : 0
  return difference < 0 || (difference === 0 && trade.sequence < other.sequence)
}
