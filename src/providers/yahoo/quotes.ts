import { Type, type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { exchangeMembers } from '../../market/exchange.ts'
import { kindOfSymbol } from '../../market/instrument-kind.ts'
import type { Provenance } from '../../market/provenance.ts'
import type { ExtendedHours, MarketState, Quote } from '../../market/quote.ts'
import { factorSize } from '../../market/split-power.ts'
import { parseSymbol } from '../../market/symbol.ts'
import { withoutAbsent } from '../../market/absent.ts'
import { isoOf } from '../../market/time.ts'
import { epochMs, finite, notNegative, positive, provenanceOf, textOf } from '../parse.ts'
import { ProviderError, type QuoteAnswer } from '../provider.ts'
import { quoteAnswer } from '../quote-answer.ts'
import { newestOf } from '../repeated-quotes.ts'
import { isRecord, salvage, unformatted } from '../salvage.ts'
import { kindOf, quoteTypeOf } from './kinds.ts'
import { priceReader, type PriceReader } from './prices.ts'
import type { YahooClient } from './client.ts'
import { toYahooSymbol } from './symbols.ts'
import { memberOf, WireNumber, WireText } from './wire.ts'

const QUOTE_URL = 'https://query2.finance.yahoo.com/v7/finance/quote'

/** PREPRE, POSTPOST and OVERNIGHT are names for closed: before 4:00 and after 20:00 New York time the exchanges rest. */
const MARKET_STATES = new Map<string, MarketState>([
  ['OVERNIGHT', 'closed'],
  ['PREPRE', 'closed'],
  ['PRE', 'pre'],
  ['REGULAR', 'regular'],
  ['POST', 'post'],
  ['POSTPOST', 'closed'],
  ['CLOSED', 'closed']
])

/** Where their instants do not tell which is the newest, the first. */
const EXTENDED_SESSIONS = ['post', 'overnight', 'pre'] as const

/** Kinds whose volume counts what was traded, where 0 means nothing was. */
const WITH_VOLUME = new Set(['EQUITY', 'ETF', 'FUTURE', 'OPTION', 'WARRANT'])
/** Kinds for which Yahoo writes volume 0 because it has none. */
const SELDOM_WITH_VOLUME = new Set(['INDEX', 'CURRENCY', 'MUTUALFUND', 'MONEYMARKET'])

/** The end of the year 9999, after which dates are written differently. */
const LAST_INSTANT = Date.UTC(9999, 11, 31, 23, 59, 59)

/** How many times the shares of one class a company may be worth, the other classes included. */
const LARGEST_CLASS_FACTOR = 50

const TURNOVER_NOTE = "volume left out: the vendor's is turnover in money, not coins"
const CROSSED_NOTE = 'bid and ask left out: the bid is above the ask'
const DAY_CHANGE_NOTE = 'change is against the price 24 hours ago, not against previousClose'

/**
 * One request for all symbols. A row that Yahoo leaves out, that has no price (a dead symbol) or that makes no sense
 * is missing from the map; where not one row makes sense, the answer is a bad payload.
 */
export async function fetchQuotes(
  client: YahooClient,
  symbols: readonly string[],
  signal: AbortSignal,
  now: () => number
): Promise<QuoteAnswer> {
  if (symbols.length === 0) return new Map()
  const spelled = [...new Set(symbols.map(toYahooSymbol))]
  const answer = await client.ask({ url: QUOTE_URL, query: { symbols: spelled.join(',') }, crumb: true }, signal)
  const receivedAt = now()

  const rows = memberOf(memberOf(answer, 'quoteResponse'), 'result')
  if (!Array.isArray(rows)) throw new ProviderError('yahoo', 'bad_payload', 'yahoo sent quotes without a list of them')
  const wires = rows.flatMap((row) => salvage(QuoteRow, row) ?? [])
  if (rows.length > 0 && wires.length === 0) {
    throw new ProviderError('yahoo', 'bad_payload', 'yahoo sent quotes of which none can be read')
  }
  const bySymbol = Map.groupBy(wires, (wire) => parseSymbol(wire.symbol))
  const told = symbols.map((symbol) => {
    const asked = parseSymbol(toYahooSymbol(symbol))
    const rowsOf = bySymbol.get(asked) ?? []
    const quote = newestOf(rowsOf.flatMap((wire) => parseQuote(symbol, wire, receivedAt) ?? []))
    return { symbol, quote, price: quote?.price ?? priceIn(rows, asked) }
  })
  return quoteAnswer('yahoo', told)
}

/** The price in the row of a symbol as the wire has it, be it readable or not. */
function priceIn(rows: readonly unknown[], asked: string | undefined): unknown {
  const row = rows.filter(isRecord).find((each) => parseSymbol(String(each['symbol'])) === asked)
  return row && unformatted(row['regularMarketPrice'])
}

/** Undefined for a row without a price or its instant, which is what Yahoo sends for dead symbols. */
export function parseQuote(symbol: string, wire: WireQuote, receivedAt: number): Quote | undefined {
  const prices = priceReader({ ...wire, symbol })
  const price = prices.price(wire.regularMarketPrice)
  const asOf = instantOf(wire.regularMarketTime)
  const quoteType = quoteTypeOf(wire.quoteType)
  if (price === undefined || asOf === undefined || quoteType === 'NONE') return undefined

  const { bid, ask, note: spreadNote } = spreadOf(wire, prices)
  const coinNotes = quoteType === 'CRYPTOCURRENCY' ? [TURNOVER_NOTE, DAY_CHANGE_NOTE] : []

  return withoutAbsent({
    symbol,
    name: textOf(wire.longName) ?? textOf(wire.shortName),
    kind: kindOf(wire.quoteType) ?? kindOfSymbol(symbol),
    price,
    change: prices.change(wire.regularMarketChange, wire.regularMarketPrice, wire.regularMarketPreviousClose),
    changePercent: finite(wire.regularMarketChangePercent),
    previousClose: prices.price(wire.regularMarketPreviousClose),
    open: prices.price(wire.regularMarketOpen),
    dayHigh: prices.price(wire.regularMarketDayHigh),
    dayLow: prices.price(wire.regularMarketDayLow),
    yearHigh: prices.price(wire.fiftyTwoWeekHigh),
    yearLow: prices.price(wire.fiftyTwoWeekLow),
    volume: volumeOf(wire.regularMarketVolume, quoteType),
    bid,
    ask,
    // bidSize and askSize are in round lots for US shares and 0 elsewhere, and since November 2025 a lot is 1 to 100
    // shares, by a price that is not in the row: they cannot be told in shares.
    marketCap: marketCapOf(wire, prices),
    currency: prices.currency,
    ...exchangeMembers(symbol, textOf(wire.exchange), textOf(wire.fullExchangeName)),
    marketState: MARKET_STATES.get(wire.marketState ?? ''),
    extendedHours: extendedHoursOf(wire, prices),
    asOf,
    provenance: {
      ...provenanceOfRow(wire, receivedAt, [prices.note, spreadNote, ...coinNotes]),
      ...(!prices.isCertain && { state: 'suspect' as const })
    }
  })
}

/**
 * Where a row of Yahoo's comes from: `delayed` by its own word, in minutes or in the name of its source (which says
 * "Delayed Quote" beside 0 minutes too), else a blend of venues that it does not name.
 */
export function provenanceOfRow(
  wire: Pick<WireQuote, 'exchangeDataDelayedBy' | 'quoteSourceName' | 'marketState'>,
  receivedAt: number,
  notes: (string | undefined)[]
): Provenance {
  const delayedBySeconds = Math.round((positive(wire.exchangeDataDelayedBy) ?? 0) * 60)
  const isDelayed = delayedBySeconds > 0 || isDelayedSource(wire)
  const isClosed = MARKET_STATES.get(wire.marketState ?? '') === 'closed'
  return provenanceOf('yahoo', {
    feed: isDelayed ? 'delayed' : 'composite',
    receivedAt,
    ...(delayedBySeconds > 0 && { delayedBySeconds }),
    state: isClosed ? 'closed' : isDelayed ? 'delayed' : 'live',
    notes
  })
}

export function isDelayedSource({ quoteSourceName }: Pick<WireQuote, 'quoteSourceName'>): boolean {
  return /delay/i.test(quoteSourceName ?? '')
}

/**
 * Shares, contracts or units; undefined where Yahoo has none, or tells money instead, as it does for coins and might
 * for a kind that it does not have yet.
 */
export function volumeOf(value: unknown, kind: string | null | undefined): number | undefined {
  if (WITH_VOLUME.has(kind ?? '')) return notNegative(value)
  return SELDOM_WITH_VOLUME.has(kind ?? '') ? positive(value) : undefined
}

/**
 * In the major unit as a rule, even where prices are in pence; the number of shares tells where it is not, and where it is
 * in another currency: undefined then.
 */
export function marketCapOf(
  wire: Pick<WireQuote, 'marketCap' | 'regularMarketPrice' | 'sharesOutstanding'>,
  { perMajor, isCertain }: PriceReader
): number | undefined {
  const told = positive(wire.marketCap)
  if (told === undefined || !isCertain) return undefined
  const inPriceUnit = (positive(wire.regularMarketPrice) ?? 0) * (positive(wire.sharesOutstanding) ?? 0)
  if (inPriceUnit === 0) return told
  const cap = told > inPriceUnit / Math.sqrt(perMajor) && perMajor > 1 ? told / perMajor : told
  return factorSize(cap / (inPriceUnit / perMajor)) > LARGEST_CLASS_FACTOR ? undefined : cap
}

/** An instant that Yahoo tells in seconds as a rule, as ISO text; undefined where it is absent or beyond the year 9999. */
export function instantOf(told: unknown): string | undefined {
  const known = epochMs(positive(told))
  return known === undefined || known > LAST_INSTANT ? undefined : isoOf(known)
}

/** Outside of the session Yahoo writes 0 for a side that is empty, and its exchange rates can be crossed. */
function spreadOf(wire: WireQuote, prices: PriceReader): { bid?: number; ask?: number; note?: string } {
  const bid = prices.price(positive(wire.bid))
  const ask = prices.price(positive(wire.ask))
  return bid !== undefined && ask !== undefined && bid > ask ? { note: CROSSED_NOTE } : { bid, ask }
}

/** The newest price outside of the regular session: each stays in the rows until its session comes again. */
function extendedHoursOf(wire: WireQuote, prices: PriceReader): Quote['extendedHours'] {
  if (wire.marketState === 'REGULAR') return undefined
  const told = EXTENDED_SESSIONS.flatMap((session) => {
    const price = prices.price(wire[`${session}MarketPrice`])
    return price === undefined ? [] : [{ session, price, seconds: positive(wire[`${session}MarketTime`]) ?? 0 }]
  })
  const newest = told.reduce<(typeof told)[number] | undefined>(
    (latest, each) => (latest && latest.seconds >= each.seconds ? latest : each),
    undefined
  )
  if (!newest) return undefined
  const { session, price, seconds } = newest
  return withoutAbsent<ExtendedHours>({
    session,
    price,
    change: prices.change(wire[`${session}MarketChange`], wire[`${session}MarketPrice`], wire.regularMarketPrice),
    changePercent: finite(wire[`${session}MarketChangePercent`]),
    asOf: instantOf(seconds)
  })
}

const WireQuote = Type.Object({
  symbol: Type.String(),
  quoteType: WireText,
  longName: WireText,
  shortName: WireText,
  currency: WireText,
  exchange: WireText,
  fullExchangeName: WireText,
  marketState: WireText,
  quoteSourceName: WireText,
  exchangeDataDelayedBy: WireNumber, // minutes
  regularMarketTime: WireNumber, // epoch seconds, as all instants here
  regularMarketPrice: WireNumber,
  regularMarketChange: WireNumber,
  regularMarketChangePercent: WireNumber, // 1.27 means 1.27 %
  regularMarketPreviousClose: WireNumber,
  regularMarketOpen: WireNumber,
  regularMarketDayHigh: WireNumber,
  regularMarketDayLow: WireNumber,
  regularMarketVolume: WireNumber,
  fiftyTwoWeekHigh: WireNumber,
  fiftyTwoWeekLow: WireNumber,
  bid: WireNumber,
  ask: WireNumber,
  marketCap: WireNumber,
  sharesOutstanding: WireNumber,
  preMarketPrice: WireNumber,
  preMarketChange: WireNumber,
  preMarketChangePercent: WireNumber,
  preMarketTime: WireNumber,
  postMarketPrice: WireNumber,
  postMarketChange: WireNumber,
  postMarketChangePercent: WireNumber,
  postMarketTime: WireNumber,
  overnightMarketPrice: WireNumber,
  overnightMarketChange: WireNumber,
  overnightMarketChangePercent: WireNumber,
  overnightMarketTime: WireNumber
})
export type WireQuote = Static<typeof WireQuote>

export const QuoteRow = Compile(WireQuote)
