import { tradingDay } from '../market/market-status.ts'
import type { ListedHours } from '../market/listed-hours.ts'
import type { Profile } from '../market/profile.ts'
import type { MarketState, Quote } from '../market/quote.ts'
import { sessionOn } from '../market/session.ts'
import type { SessionClock } from '../market/session-clock.ts'
import { qualityOf, tickSizeAt, type Stock, type StockListing } from '../market/stock.ts'
import { DAY_MS, isoOf } from '../market/time.ts'
import { withoutAbsent } from '../market/absent.ts'
import { dateIn } from '../market/zoned-time.ts'

/** As many as TWS tells, with the present one. */
const DAYS_TOLD = 7

/** A stock with its price. `now` in epoch milliseconds. */
export function stockOf(known: StockListing, quote: Quote | undefined, clock: SessionClock, now: number): Stock {
  const { hours: _, ...listing } = known
  const minTickSize = tickSizeAt(listing.tickSizes, quote?.price)
  return {
    ...listing,
    ...(quote?.currency !== undefined && { currency: quote.currency }),
    ...(minTickSize !== undefined && { minTickSize }),
    ...(quote ? priceOf(quote, clock, now) : unpriced(listing.symbol, clock, now))
  }
}

type Price = Pick<Stock, 'quality' | 'provenance' | 'marketStatus' | 'lastPriceUpdate'> & Partial<Stock>

/** What a quote tells of a stock's price. */
export function priceOf(quote: Quote, clock: SessionClock, now: number): Price {
  const { price, previousClose, change, changePercent, open, dayHigh, dayLow, volume } = quote
  const { symbol, bid, ask, bidSize, askSize, asOf, provenance, marketState } = quote
  const marketStatus = marketState === 'halted' ? marketState : (statusOf(symbol, clock, now) ?? marketState)
  const day = { price, previousClose, change, changePercent, open, dayHigh, dayLow, volume }
  return withoutAbsent({
    ...day,
    bid,
    ask,
    bidSize,
    askSize,
    marketStatus,
    lastPriceUpdate: asOf,
    quality: qualityOf(provenance),
    provenance
  }) as Price
}

function unpriced(symbol: string, clock: SessionClock, now: number): Price {
  const marketStatus = statusOf(symbol, clock, now)
  return { quality: qualityOf(undefined), ...(marketStatus && { marketStatus }) }
}

const statusOf = (symbol: string, clock: SessionClock, now: number): MarketState | undefined =>
  clock.statusOfSymbol(symbol, now)?.marketState

/** What a quote tells of its stock. A market value that a stream's quote carries is another provider's: the one it names. */
export function fromQuote({
  name,
  kind,
  mic,
  exchange,
  currency,
  marketCap,
  provenance
}: Quote): Partial<StockListing> {
  const teller = provenance.parts?.find(({ groups }) => groups.includes('marketCap'))
  const marketCapSource = teller?.source ?? (provenance.delivery === 'stream' ? undefined : provenance.source)
  return withoutAbsent({
    name,
    kind,
    mic,
    exchange,
    currency,
    ...(marketCap !== undefined && marketCapSource !== undefined && { marketCap, marketCapSource })
  }) as Partial<StockListing>
}

export function fromProfile(profile: Profile): Partial<StockListing> {
  const { name, kind, mic, exchange, country, currency, sector, industry, isin, marketCap, provenance } = profile
  return withoutAbsent({
    name,
    kind,
    mic,
    exchange,
    country,
    currency,
    sector,
    industry,
    isin,
    ...(marketCap !== undefined && { marketCap, marketCapSource: provenance.source })
  }) as Partial<StockListing>
}

/** The hours of the days from now on: as a vendor told them of the stock, as long as they reach; else by the calendar. */
export function marketHoursOf(
  { symbol, hours }: StockListing,
  clock: SessionClock,
  now: number
): ListedHours | undefined {
  const listed = hours && stillToCome(hours, now)
  if (listed && listed.sessions.length > 0) return listed
  const calendar = clock.hoursOf(symbol)?.calendar
  if (!calendar) return undefined
  const { timeZone } = calendar
  const dates = Array.from({ length: DAYS_TOLD }, (_, after) => dateAfter(dateIn(timeZone, now), after))
  const sessions = dates.flatMap((date) => sessionOn(calendar, date) ?? [])
  const closed = dates.filter((date) => !sessions.some((session) => session.date === date))
  return { source: 'calendar', timeZone, sessions: sessions.map(tradingDay), closed }
}

function stillToCome({ sessions, closed, ...told }: ListedHours, now: number): ListedHours {
  const today = dateIn(told.timeZone, now)
  const instant = isoOf(now)
  return {
    ...told,
    sessions: sessions.filter(({ regular, post }) => (post ?? regular).close > instant),
    closed: closed.filter((date) => date >= today)
  }
}

const dateAfter = (date: string, days: number): string =>
  new Date(Date.parse(date) + days * DAY_MS).toISOString().slice(0, 10)
