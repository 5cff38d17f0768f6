import { ApiError } from '../errors.ts'
import type { Adjustment, Bar } from '../market/bar.ts'
import type { Asker } from '../market/market-data.ts'
import type { Feed } from '../market/provenance.ts'
import { tellersOf } from '../market/quote-groups.ts'
import type { QuoteGroup } from '../market/quote-provenance.ts'
import type { Quote } from '../market/quote.ts'
import { DAY_MS } from '../market/time.ts'
import type { History } from './history.ts'
import type { Origin } from './licences.ts'
import { latestTradeOf, type Latest, type LatestTrade } from './latest.ts'
import { dateAt } from './new-york.ts'
import { fromStore } from './store.ts'

/** The newest minute is looked for so far back: over a long weekend. */
const MINUTES_SINCE_MS = 5 * DAY_MS
/** The day before the newest one, over any holidays. */
const DAYS_SINCE_MS = 14 * DAY_MS

export type AboutSymbol = {
  readonly history: History
  readonly symbol: string
  /** Of this feed alone. */
  readonly feed?: Feed | undefined
  readonly asker: Asker
  /** Throws where a value may not be served. */
  readonly allow: (origin: Origin) => void
}

/** What is known of a symbol now and may be served; what is not is missing. */
export type Snapshot = {
  readonly trade?: LatestTrade | undefined
  /** Where its sides stand. */
  readonly quote?: Quote | undefined
  readonly minute?: Bar | undefined
  readonly day?: Bar | undefined
  readonly dayBefore?: Bar | undefined
  /** Since the day before. */
  readonly change?: Pick<Quote, 'change' | 'changePercent'> | undefined
}

export function allowedTrade(known: Latest, { allow }: AboutSymbol): LatestTrade | undefined {
  const trade = latestTradeOf(known)
  if (trade) allow(trade)
  return trade
}

/** The newest quote, as of its sides; undefined where it has none. */
export function allowedQuote({ quote }: Latest, about: AboutSymbol): Quote | undefined {
  if (quote?.bid === undefined && quote?.ask === undefined) return undefined
  const { asOf } = allowTellers('book', quote, about)
  return { ...quote, asOf }
}

/** Who told a group of a quote's figures, the first of them. Throws where one of them does not allow it. */
function allowTellers(group: QuoteGroup, quote: Quote, { allow }: AboutSymbol) {
  const tellers = tellersOf(group, quote)
  for (const teller of tellers) allow(teller)
  return tellers[0]!
}

/** Of what is stored: nobody is asked for a minute. */
export async function newestMinute({ history, symbol, feed, allow }: AboutSymbol): Promise<Bar | undefined> {
  const now = Date.now()
  const span = { from: now - MINUTES_SINCE_MS, to: now }
  const kind = { symbol, interval: '1m', adjusted: 'none', feed } as const
  const page = await fromStore(() => history.storedBars({ ...kind, ...span, limit: 1, newestFirst: true }))
  if (page?.origin) allow(page.origin)
  return page?.bars[0]
}

/** The last session before a date (YYYY-MM-DD); undefined where it cannot be had now. */
export async function dayBefore(
  date: string,
  { history, symbol, feed, asker, allow }: AboutSymbol,
  adjusted: Adjustment = 'none'
): Promise<Bar | undefined> {
  const now = Date.now()
  const span = { from: now - DAYS_SINCE_MS, to: now }
  const kind = { symbol, interval: '1d', adjusted, feed } as const
  const page = await history.bars({ ...kind, ...span, limit: 3, newestFirst: true }, asker).catch(() => undefined)
  const bar = page?.bars.find(({ start }) => start < date)
  if (bar && page?.origin) allow(page.origin)
  return bar
}

/** Rejects as a part of it is refused where nothing of it may be served. */
export async function snapshotOf(known: Latest, about: AboutSymbol): Promise<Snapshot> {
  const { quote } = known
  const date = dateAt(quote ? Date.parse(quote.asOf) : Date.now())
  const refusals: ApiError[] = []
  const ifAllowed = async <Part>(part: () => Part | Promise<Part>): Promise<Part | undefined> => {
    try {
      return await part()
    } catch (error) {
      if (!(error instanceof ApiError && error.statusCode === 403)) throw error
      refusals.push(error)
      return undefined
    }
  }
  const [trade, sides, day, change, minute, before] = await Promise.all([
    ifAllowed(() => allowedTrade(known, about)),
    ifAllowed(() => allowedQuote(known, about)),
    ifAllowed(() => quote && allowedDay(quote, date, about)),
    ifAllowed(() => quote && allowedChange(quote, about)),
    ifAllowed(() => newestMinute(about)),
    ifAllowed(() => dayBefore(date, about))
  ])
  const snapshot: Snapshot = { trade, quote: sides, minute, day, dayBefore: before, change }
  if (refusals.length > 0 && Object.values(snapshot).every((part) => part === undefined)) throw refusals[0]!
  return snapshot
}

/** The day that a quote is of, as far as it is; undefined where the quote does not tell all of it. */
function allowedDay(quote: Quote, date: string, about: AboutSymbol): Bar | undefined {
  const { open, dayHigh: high, dayLow: low, price: close, volume } = quote
  if (open === undefined || high === undefined || low === undefined) return undefined
  for (const group of ['price', 'day'] as const) allowTellers(group, quote, about)
  return { start: date, open, high, low, close, ...(volume !== undefined && { volume }) }
}

function allowedChange(quote: Quote, about: AboutSymbol): Snapshot['change'] {
  if (quote.change === undefined) return undefined
  for (const group of ['price', 'reference'] as const) allowTellers(group, quote, about)
  return quote
}
