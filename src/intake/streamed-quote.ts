import { withoutAbsent } from '../market/absent.ts'
import type { Bbo } from '../market/bbo.ts'
import type { Halt, TradingStatus } from '../market/halt.ts'
import { kindOfSymbol } from '../market/instrument-kind.ts'
import type { HoursOf } from '../market/market-hours.ts'
import type { PartOrigin } from '../market/quote-provenance.ts'
import type { ExtendedHours, Quote } from '../market/quote.ts'
import { eligibilityInSession, eligibilityOf } from '../market/trade-conditions.ts'
import type { Trade, TradeCancel, TradeCorrection, TradeReference } from '../market/trade.ts'
import { isBefore, isReplaced, regularBeside, type Last } from './last-price.ts'
import { isSameTeller, PartOrigins, type Origin } from './part-origins.ts'
import { PolledQuote } from './polled-quote.ts'
import { StreamedDay } from './streamed-day.ts'

const DATE_LENGTH = 'YYYY-MM-DD'.length
const HALTED: ReadonlySet<TradingStatus> = new Set(['halted', 'paused', 'quoting'])

type Identity = Pick<Quote, 'kind' | 'mic' | 'exchange'>
type Sides = Pick<Bbo, 'bid' | 'ask' | 'bidSize' | 'askSize'> & Partial<Pick<Bbo, 'receivedAt'>>
/** A price that changes are counted from. */
type Reference = { readonly price: number; readonly origin: Origin }

/** The quote of one streamed symbol, as its ticks and what was polled make it. Each method says whether it changed. */
export class StreamedQuote {
  readonly #symbol: string
  readonly #hoursOf: HoursOf
  /** Most contracts are quoted all day and not traded. */
  readonly #isOption: boolean
  #polled: PolledQuote | undefined
  /** Of the session that its price is of. */
  #polledDate = ''
  /** As a stream of quotes tells it. */
  #identity: Identity = {}
  /** Of the newest trade. */
  #tradeDate = ''
  /** The day that is told of, by trades or by quotes. */
  #date = ''
  readonly #day = new StreamedDay()
  /** The last eligible trades of regular hours, the newest first: the one before stands in for one that is taken back. */
  #last: readonly Last[] = []
  #extended: (Last & { readonly session: ExtendedHours['session'] }) | undefined
  /** As the stream told it, or the day before closed with it. */
  #reference: Reference | undefined
  #bbo: (Sides & Origin) | undefined
  #isHalted = false

  constructor(symbol: string, hoursOf: HoursOf) {
    this.#symbol = symbol
    this.#hoursOf = hoursOf
    this.#isOption = kindOfSymbol(symbol) === 'option'
  }

  /** The instant of the best bid and offer, ISO; undefined where none is streamed. */
  get bookAt(): string | undefined {
    return this.#bbo?.asOf
  }

  /**
   * What one vendor does not tell (a stream's snapshots have no names) stays as another one told it. Returns whether the figures
   * of a contract changed, or the regular price that the stream does not know.
   */
  polled(quote: Quote): boolean {
    this.#polled = new PolledQuote(quote, this.#polled)
    this.#polledDate = this.#sessionDateAt(quote.asOf)
    if (this.#polledOfDay()) this.#day.polled(quote, this.#polled.origin)
    const [last] = this.#last
    if (last?.isBeside) this.#last = [regularBeside(last, this.#polled, this.#polledDate)]
    return last !== undefined && (this.#polled.hasNewFigures || this.#last[0]!.price !== last.price)
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
      const { session, price: outside, asOf: at = asOf } = extendedHours
      const extended = { ...origin, price: outside, asOf: at, tradeDate: this.#tradeDateAt(at), session }
      if (isBefore(extended, this.#extended)) return false
      this.#extended = extended
      if (this.#last.length === 0)
        this.#last = [regularBeside({ ...extended, price, asOf }, this.#polled, this.#polledDate)]
      return true
    }
    const date = this.#sessionDateAt(asOf)
    const told = { ...origin, price, asOf, tradeDate: date, isClosed: state === 'closed' }
    const [last] = this.#last
    if (isBefore(told, last)) return false
    if (!last || last.tradeDate < date) {
      this.#day.beginTold()
      this.#reference = undefined
    }
    if (date > this.#date) this.#date = date
    this.#extended = undefined
    this.#last = last ? [told, last] : [told]
    this.#toldBeside(quote, { source, feed, asOf })
    return true
  }

  corrected({ replaces, ...correction }: TradeCorrection): boolean {
    const isNewest = [this.#last[0], this.#extended].some((held) => held && isReplaced(held, replaces))
    const wasTaken = this.#takeBack(replaces)
    if (isNewest) return this.traded(correction) || wasTaken
    // Others traded since: its price is one of the day, and not the newest, although it is told now.
    if (replaces.tradeDate === this.#tradeDate) this.#day.count(correction, eligibilityOf(correction))
    return wasTaken
  }

  cancelled({ replaces }: TradeCancel): boolean {
    return this.#takeBack(replaces)
  }

  quoted(bbo: Bbo): boolean {
    this.#bbo = bbo
    return this.#last.length > 0 || this.#lastTold() !== undefined
  }

  /** A band alone leaves the status as it is. */
  halted({ status }: Halt): boolean {
    if (status === undefined) return false
    const isHalted = HALTED.has(status)
    const hasChanged = isHalted !== this.#isHalted
    this.#isHalted = isHalted
    return hasChanged && this.#last.length > 0
  }

  /**
   * Undefined before the first eligible trade: a bid and an offer are no price. An option has that of its last trade, as
   * who was asked tells it.
   */
  quote(): Quote | undefined {
    const last = this.#last[0] ?? this.#lastTold()
    if (!last) return undefined
    const polled = this.#polled
    const { name, kind, mic, exchange } = { ...this.#identity, ...polled?.identity }
    const { price, asOf, sequence, source, feed, receivedAt, notes, isClosed } = last
    const reference = this.#wholeReference()
    const { yearHigh, yearLow } = polled?.year?.figures ?? {}
    const bbo = this.#bbo
    const parts = this.#partsBeside(last, reference)
    return withoutAbsent<Quote>({
      symbol: this.#symbol,
      name,
      kind,
      price,
      ...changeOf(price, reference?.price),
      previousClose: reference?.price,
      ...this.#day.whole(this.#polledOfDay()),
      yearHigh: yearHigh === undefined ? undefined : Math.max(yearHigh, price),
      yearLow: yearLow === undefined ? undefined : Math.min(yearLow, price),
      bid: bbo?.bid,
      ask: bbo?.ask,
      bidSize: bbo?.bidSize,
      askSize: bbo?.askSize,
      marketCap: polled?.marketCap?.figures,
      currency: last.currency ?? polled?.newest.currency,
      mic,
      exchange,
      marketState: this.#marketState(last),
      extendedHours: this.#extendedHours(last),
      derivative: polled?.derivative?.figures,
      asOf,
      sequence,
      provenance: {
        source,
        feed,
        delivery: 'stream',
        receivedAt,
        state: feed === 'delayed' ? 'delayed' : isClosed ? 'closed' : 'live',
        attempts: [],
        ...(notes && { notes: [...notes] }),
        ...(parts && { parts })
      }
    })
  }

  /** Undefined where all of it is of who told the last price. */
  #partsBeside(last: Last, reference: Reference | undefined): PartOrigin[] | undefined {
    const polled = this.#polled
    const origins = new PartOrigins(last)
    origins.add('price', last.priceOrigin)
    origins.add('reference', reference?.origin)
    this.#day.addOrigins(origins, this.#polledOfDay(), polled?.origin)
    origins.add('book', this.#bbo)
    origins.add('year', polled?.year?.origin)
    origins.add('marketCap', polled?.marketCap?.origin)
    if (this.#extended) origins.add('extendedHours', this.#extended)
    else if (polled?.newest.extendedHours) origins.add('extendedHours', polled.origin)
    origins.add('derivative', polled?.derivative?.origin)
    return origins.parts
  }

  /** What an option traded at last, before its bid and offer were streamed. */
  #lastTold(): Last | undefined {
    const { source, feed, receivedAt } = this.#bbo ?? {}
    const polled = this.#polled
    if (!this.#isOption || !polled || source === undefined || feed === undefined || receivedAt === undefined)
      return undefined
    const { price, asOf } = polled.newest
    return {
      price,
      asOf,
      sequence: 0,
      tradeDate: this.#polledDate,
      source,
      feed,
      receivedAt,
      priceOrigin: polled.origin
    }
  }

  #tradedRegularly(trade: Trade): boolean {
    const eligibility = eligibilityInSession(trade)
    this.#extended = undefined
    this.#day.count(trade, eligibility)
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

  /** What a stream of quotes tells beside the price: two streams' sides are never one book. */
  #toldBeside(quote: Quote, origin: Origin): void {
    const { previousClose, bid, ask, bidSize, askSize } = quote
    this.#day.told(quote, origin)
    if (previousClose !== undefined) this.#reference = { price: previousClose, origin }
    const sides = withoutAbsent<Sides>({ bid, ask, bidSize, askSize })
    if (Object.keys(sides).length === 0) return
    const held = this.#bbo
    this.#bbo = { ...(held && isSameTeller(held, origin) && held), ...sides, ...origin }
  }

  /** What was polled of it, else what was streamed. */
  #wholeReference(): Reference | undefined {
    const price = this.#polledOfDay()?.previousClose
    if (price === undefined) return this.#reference ?? this.#closeBefore()
    return { price, origin: this.#polled!.origin }
  }

  #takeBack(replaced: TradeReference): boolean {
    if (replaced.tradeDate !== this.#tradeDate) return false
    this.#day.takeBack(replaced)
    this.#last = this.#last.filter((last) => !isReplaced(last, replaced))
    return this.#last.length > 0
  }

  /** The last price of the session before is the reference, until a poll tells the official close. */
  #beginDay(tradeDate: string): void {
    const [last] = this.#last
    this.#tradeDate = tradeDate
    this.#date = tradeDate
    this.#reference =
      last && this.#isSessionBefore(last.tradeDate, tradeDate)
        ? { price: last.price, origin: last.priceOrigin ?? last }
        : undefined
    this.#day.begin(this.#polledOfDay(), this.#polled?.origin)
    this.#extended = undefined
  }

  /** The date of the newest session that had opened by an instant; where no calendar is known, the day in UTC. */
  #sessionDateAt(asOf: string): string {
    return this.#hoursOf(this.#symbol)?.sessionBefore(Date.parse(asOf))?.date ?? asOf.slice(0, DATE_LENGTH)
  }

  /** The date that what trades at an instant belongs to; where no calendar is known, the day in UTC. */
  #tradeDateAt(asOf: string): string {
    return this.#hoursOf(this.#symbol)?.status(Date.parse(asOf)).tradeDate ?? asOf.slice(0, DATE_LENGTH)
  }

  /** A price of days ago is no reference; whether it is of days ago only a calendar tells. */
  #isSessionBefore(date: string, next: string): boolean {
    return date < next && (this.#hoursOf(this.#symbol)?.isNextSession(date, next) ?? false)
  }

  /** What was polled, where it is of the day that is streamed. */
  #polledOfDay(): Quote | undefined {
    return this.#polledDate >= this.#date ? this.#polled?.newest : undefined
  }

  #marketState({ isClosed }: Last): NonNullable<Quote['marketState']> {
    if (this.#isHalted) return 'halted'
    if (this.#extended) return stateOf(this.#extended.session)
    return isClosed ? 'closed' : 'regular'
  }

  /** Where the stream began before the session did: what was polled between the sessions is the price that the one before closed with. */
  #closeBefore(): Reference | undefined {
    if (!this.#polled || this.#polledOfDay()) return undefined
    const { newest, origin } = this.#polled
    const { marketState = 'regular', price } = newest
    if (marketState === 'regular' || marketState === 'halted') return undefined
    return this.#isSessionBefore(this.#polledDate, this.#date) ? { price, origin } : undefined
  }

  #extendedHours(last: Last): ExtendedHours | undefined {
    if (!this.#extended) return this.#polled?.newest.extendedHours
    const { session, price, asOf, tradeDate } = this.#extended
    const isComparable = last.tradeDate >= tradeDate || this.#isSessionBefore(last.tradeDate, tradeDate)
    return { session, price, ...(isComparable && changeOf(price, last.price)), asOf }
  }
}

const stateOf = (session: ExtendedHours['session']): NonNullable<Quote['marketState']> =>
  session === 'overnight' ? 'closed' : session

function changeOf(price: number, reference: number | undefined) {
  if (reference === undefined || reference <= 0) return {}
  return { change: price - reference, changePercent: (price / reference - 1) * 100 }
}
