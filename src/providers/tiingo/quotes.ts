// https://www.tiingo.com/documentation/iex
import { Type, type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import type { MarketHours } from '../../market/market-hours.ts'
import type { Quote } from '../../market/quote.ts'
import { withoutAbsent } from '../../market/absent.ts'
import { isoOf } from '../../market/time.ts'
import { notNegative, positive, provenanceOf, rounded } from '../parse.ts'
import type { QuoteAnswer } from '../provider.ts'
import { quoteAnswer } from '../quote-answer.ts'
import { newestOf } from '../repeated-quotes.ts'
import { instantWithOffset } from '../session-dates.ts'
import { CURRENCY, notCovered, wireOf, type Tiingo } from './client.ts'

/** One venue's book may be almost empty: 174.1 bid and 185 asked around a price of 177.97 is no market. */
const MAX_DISTANCE_FROM_PRICE = 0.02
/** Differences of prices carry binary noise (148.6 - 147.54 = 1.0600000000000023). */
const DECIMALS = 6
/** All that is covered keeps the hours of this listing. */
const HOME_LISTING = 'SPY'

/** Quotes by canonical symbol; symbols that the vendor does not know, or has no price of, are missing. */
export async function loadQuotes(
  tiingo: Tiingo,
  symbols: readonly string[],
  signal: AbortSignal
): Promise<QuoteAnswer> {
  const covered = symbols.flatMap((symbol) => {
    const wire = wireOf(symbol)
    return wire === undefined ? [] : [{ symbol, wire }]
  })
  if (covered.length === 0) throw notCovered(symbols.join(', '))

  const tickers = covered.map(({ wire }) => wire).join(',')
  const rows = await tiingo.rows('/iex/', { tickers }, WireQuotes, signal)
  const byWire = Map.groupBy(rows, (row) => row.ticker.toUpperCase())
  const receivedAt = tiingo.now()
  const hours = tiingo.hoursOf(HOME_LISTING)
  const told = covered.map(({ symbol, wire }) => {
    const own = byWire.get(wire) ?? []
    const quote = newestOf(own.flatMap((row) => parseQuote(row, symbol, receivedAt, hours) ?? []))
    return { symbol, quote, price: own[0]?.tngoLast ?? own[0]?.last }
  })
  return quoteAnswer('tiingo', told)
}

/** The quote in a row, or undefined where the row has no price or no time of it. */
function parseQuote(
  row: WireQuote,
  symbol: string,
  receivedAt: number,
  hours: MarketHours | undefined
): Quote | undefined {
  // `tngoLast` is the last trade, or the middle of the book where the vendor trusts it; `mid` is never to be trusted.
  const price = positive(row.tngoLast) ?? positive(row.last)
  const stamp = price === positive(row.last) ? (row.lastSaleTimestamp ?? row.timestamp) : row.timestamp
  const asOf = instantWithOffset(stamp)
  if (price === undefined || asOf === undefined) return undefined

  const previousClose = positive(row.prevClose)
  const change = previousClose === undefined ? undefined : rounded(price - previousClose, DECIMALS)
  // A key without IEX's own agreement sees no book in session either.
  const isBookless = (row.bidPrice ?? row.askPrice ?? row.lastSize ?? undefined) === undefined
  const isEndOfDay = isBookless && hours?.status(asOf).marketState !== 'regular'
  return withoutAbsent({
    symbol,
    price,
    change,
    changePercent: change === undefined ? undefined : rounded((change / previousClose!) * 100, DECIMALS),
    previousClose,
    open: positive(row.open),
    dayHigh: positive(row.high),
    dayLow: positive(row.low),
    // In session it counts the trades of one venue, a few percent of all; after the close it is the whole day's.
    volume: isEndOfDay ? notNegative(row.volume) : undefined,
    ...bookIn(row, price),
    currency: CURRENCY,
    asOf: isoOf(asOf),
    provenance: provenanceOf('tiingo', {
      feed: 'iex',
      receivedAt,
      state: isEndOfDay ? 'closed' : 'live',
      notes: [isEndOfDay ? undefined : "open, high and low are IEX's own; its volume is left out"]
    })
  })
}

/** Bid and ask with their sizes; a side too far from the price is left out. */
function bookIn(row: WireQuote, price: number): Pick<Quote, 'bid' | 'bidSize' | 'ask' | 'askSize'> {
  const near = (value: number | null | undefined) => {
    const side = positive(value)
    return side !== undefined && Math.abs(side - price) <= price * MAX_DISTANCE_FROM_PRICE ? side : undefined
  }
  const bid = near(row.bidPrice)
  const ask = near(row.askPrice)
  return {
    bid,
    bidSize: bid === undefined ? undefined : notNegative(row.bidSize),
    ask,
    askSize: ask === undefined ? undefined : notNegative(row.askSize)
  }
}

const Num = Type.Optional(Type.Union([Type.Number(), Type.Null()]))
/** A number; whatever else it is stays there, to be told from none. */
const Price = Type.Optional(Type.Unknown())
/** ISO 8601 with up to nine decimals, in UTC or at New York's offset. */
const Instant = Type.Optional(Type.Union([Type.String(), Type.Null()]))

const WireQuote = Type.Object({
  ticker: Type.String({ minLength: 1 }),
  tngoLast: Price,
  last: Price,
  timestamp: Instant,
  lastSaleTimestamp: Instant,
  prevClose: Num,
  open: Num,
  high: Num,
  low: Num,
  volume: Num,
  lastSize: Num,
  bidPrice: Num,
  bidSize: Num,
  askPrice: Num,
  askSize: Num
})
type WireQuote = Static<typeof WireQuote>
const WireQuotes = Compile(WireQuote)
