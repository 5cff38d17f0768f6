import { Type, type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { isIntraday, type Adjustment, type Bar, type BarRequest, type Interval } from '../../market/bar.ts'
import { withoutAbsent } from '../../market/absent.ts'
import { DAY_MS, isoOf } from '../../market/time.ts'
import { notNegative, positive, provenanceOf, UNIT_UNKNOWN, withPrices, type CurrencyUnit } from '../parse.ts'
import { ProviderError, type VendorSeries } from '../provider.ts'
import { agreedPer, contradictionNote, leftOutNote } from '../rows.ts'
import { datesOf, DatedText, instantIn, isWithin, type DateRange } from '../session-dates.ts'
import { coveredListing, notCovered, type Fmp } from './client.ts'
import type { Listing } from './listing.ts'

/** The vendor sends the newest rows of a range and cuts the rest off without a word. */
const MAX_DAILY_ROWS = 5000
/** How often the part that was cut off is asked for. */
const MAX_PAGES = 12

const DAILY_PATHS: Record<Adjustment, string> = {
  none: 'historical-price-eod/non-split-adjusted',
  splits: 'historical-price-eod/full',
  all: 'historical-price-eod/dividend-adjusted'
}

/** A date of a session has come with and without it. */
const MIDNIGHT = /[ T]00:00:00(\.0+)?Z?$/

const INTRADAY_PATHS: Partial<Record<Interval, string>> = {
  '1m': 'historical-chart/1min',
  '5m': 'historical-chart/5min',
  '15m': 'historical-chart/15min',
  '30m': 'historical-chart/30min',
  '1h': 'historical-chart/1hour'
}

/** Weekly and monthly bars, and intraday bars adjusted for dividends, are not offered: ProviderError('not_covered'). */
export async function loadBars(fmp: Fmp, request: BarRequest, signal: AbortSignal): Promise<VendorSeries> {
  const listing = coveredListing(request.symbol)
  const pages = isIntraday(request.interval)
    ? await loadIntraday(fmp, request, listing, signal)
    : await loadDaily(fmp, request, listing, signal)
  const unit = await fmp.unitOf(listing, signal)
  return withoutAbsent({
    symbol: request.symbol,
    interval: request.interval,
    adjusted: request.adjusted,
    currency: unit?.currency,
    timeZone: listing.zone,
    bars: pages.bars.map((bar) => inMajorUnit(bar, unit)),
    withoutPrices: pages.contradicted,
    provenance: provenanceOf('fmp', {
      feed: 'composite',
      receivedAt: fmp.now(),
      state: unit ? undefined : 'suspect',
      notes: [
        unit ? unit.note : UNIT_UNKNOWN,
        pages.isComplete ? undefined : 'the vendor gave only the newest part of the range',
        leftOutNote(pages.leftOut),
        contradictionNote(pages.contradictedDates)
      ]
    })
  })
}

type Pages = {
  bars: Bar[]
  /** How many rows in the range lack prices. */
  leftOut: number
  /** Starts of bars whose prices the vendor contradicts. */
  contradicted: string[]
  /** Dates, as the vendor writes them, of rows that contradict each other. */
  contradictedDates: string[]
  isComplete: boolean
}

async function loadDaily(fmp: Fmp, request: BarRequest, { wire }: Listing, signal: AbortSignal): Promise<Pages> {
  if (request.interval !== '1d') throw notCovered(`${request.interval} bars`)
  const path = DAILY_PATHS[request.adjusted]
  const range = datesOf(request)
  const { rows, contradicted, isComplete } = await loadPages(
    range,
    (to) => fmp.rows(path, { symbol: wire, from: range.first, to }, WireDailyBars, signal),
    (page) => page.length >= MAX_DAILY_ROWS
  )
  refuseEmpty(rows, request)
  const periods = rows
    .map((row) => periodOf(row.date.slice(0, 10), ohlcOf(row, request.adjusted), row))
    .filter(({ start }) => isWithin(start, range))
  return { ...sortedOut(periods, contradicted), isComplete }
}

async function loadIntraday(fmp: Fmp, request: BarRequest, listing: Listing, signal: AbortSignal): Promise<Pages> {
  const { zone, wire } = listing
  const path = INTRADAY_PATHS[request.interval]
  if (request.adjusted === 'all') throw notCovered('intraday bars adjusted for dividends')
  if (!path || !zone) throw notCovered(`intraday bars of ${request.symbol}: their time zone is not known`)
  const range = datesOf(request, zone)
  const query = { symbol: wire, from: range.first, nonadjusted: request.adjusted === 'none' ? true : undefined }
  const { rows, contradicted, isComplete } = await loadPages(
    range,
    (to) => fmp.rows(path, { ...query, to }, WireIntradayBars, signal),
    (_page, oldest) => hasWeekday(range.first, oldest)
  )
  refuseEmpty(rows, request)
  const periods = rows.flatMap((row) => {
    // Wall time of the exchange without an offset: 12:29 in New York stands beside a quote stamped 16:30 UTC.
    const start = instantIn(zone, row.date)
    if (start === undefined || start < request.from || start >= request.to) return []
    return [periodOf(isoOf(start), row, row)]
  })
  periods.sort((one, other) => (one.start < other.start ? -1 : 1))
  return { ...sortedOut(periods, contradicted), isComplete }
}

/**
 * All rows of a range, oldest first, from an endpoint that sends the newest first and cuts off the oldest: asks again
 * for what lies before a page that was cut, until the range is covered or nothing older comes.
 */
async function loadPages<Row extends { date: string }>(
  { first, last }: DateRange,
  loadPage: (to: string) => Promise<Row[]>,
  isCut: (page: readonly Row[], oldestDate: string) => boolean
): Promise<{ rows: Row[]; contradicted: string[]; isComplete: boolean }> {
  const told: Row[] = []
  const dates = new Set<string>()
  let to = last
  let isComplete = false
  for (let count = 0; count < MAX_PAGES && !isComplete; count++) {
    const page = await loadPage(to)
    const known = dates.size
    for (const row of page) {
      told.push(row)
      dates.add(row.date)
    }
    const oldestDate = page.reduce((oldest, { date }) => (date < oldest ? date : oldest), to).slice(0, 10)
    isComplete = dates.size === known || oldestDate <= first || !isCut(page, oldestDate)
    to = oldestDate
  }
  const { rows, contradicted } = agreedPer(told, ({ date }) => date.replace(MIDNIGHT, ''))
  return { rows: rows.sort((one, other) => (one.date < other.date ? -1 : 1)), contradicted, isComplete }
}

/** An unknown symbol and a range without trading look the same: an empty array. */
function refuseEmpty(rows: readonly unknown[], { symbol }: BarRequest): void {
  if (rows.length === 0) throw new ProviderError('fmp', 'not_found', `fmp has no bars of ${symbol} in the range`)
}

/** Whether an exchange may have opened on a day from `first` to the day before `end` (YYYY-MM-DD). */
function hasWeekday(first: string, end: string): boolean {
  for (let day = Date.parse(first); day < Date.parse(end); day += DAY_MS) {
    const weekday = new Date(day).getUTCDay()
    if (weekday !== 0 && weekday !== 6) return true
  }
  return false
}

/**
 * The path decides the adjustment, not the member: `adjClose` is the dividend-adjusted price under one path and the
 * price as traded under another. Older rows of the split-adjusted path carry both names.
 */
function ohlcOf(row: WireDailyBar, adjusted: Adjustment): Ohlc {
  if ('adjOpen' in row && (adjusted !== 'splits' || !('open' in row))) {
    return { open: row.adjOpen, high: row.adjHigh, low: row.adjLow, close: row.adjClose }
  }
  // Without them a row of the adjusted path would pass for a total return, and be none.
  if (adjusted === 'all') return {}
  const { open, high, low, close } = row
  return { open, high, low, close }
}

type Ohlc = Pick<WireDailyBar, 'open' | 'high' | 'low' | 'close'>
/** A row of the vendor's in the range, and its bar where it has all prices. */
type Period = { readonly start: string; readonly date: string; readonly bar: Bar | undefined }

function periodOf(start: string, prices: Ohlc, told: Pick<WireDailyBar, 'date' | 'volume'>): Period {
  const volume = notNegative(told.volume)
  const [open, high, low, close] = [prices.open, prices.high, prices.low, prices.close].map(positive)
  const isWhole = open !== undefined && high !== undefined && low !== undefined && close !== undefined
  const bar = isWhole ? withoutAbsent({ start, open, high, low, close, volume }) : undefined
  return { start, date: told.date.replace(MIDNIGHT, ''), bar }
}

/** Throws ProviderError('bad_payload') where there are rows and none has prices. */
function sortedOut(periods: readonly Period[], contradictedDates: readonly string[]): Omit<Pages, 'isComplete'> {
  const bars = periods.flatMap(({ bar }) => bar ?? [])
  if (periods.length > 0 && bars.length === 0) {
    throw new ProviderError('fmp', 'bad_payload', 'fmp sent bars without prices')
  }
  const contradicted = new Set(contradictedDates)
  const inRange = periods.filter(({ date }) => contradicted.has(date))
  return {
    bars,
    leftOut: periods.length - bars.length,
    contradicted: inRange.filter(({ bar }) => !bar).map(({ start }) => start),
    contradictedDates: inRange.map(({ date }) => date)
  }
}

function inMajorUnit(bar: Bar, unit: CurrencyUnit | undefined): Bar {
  const perMajor = unit?.perMajor ?? 1
  if (perMajor === 1) return bar
  return withPrices(bar, (price) => price / perMajor)
}

const Num = Type.Optional(Type.Union([Type.Number(), Type.Null()]))

// A daily row also carries `change` and `changePercent`, against its own open and not the previous close: not read.
const WireDailyBar = Type.Object({
  date: DatedText,
  open: Num,
  high: Num,
  low: Num,
  close: Num,
  adjOpen: Num,
  adjHigh: Num,
  adjLow: Num,
  adjClose: Num,
  volume: Num
})
type WireDailyBar = Static<typeof WireDailyBar>
const WireDailyBars = Compile(WireDailyBar)

const WireIntradayBars = Compile(
  Type.Object({
    date: Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}[ T]\\d{2}:\\d{2}' }),
    open: Num,
    high: Num,
    low: Num,
    close: Num,
    volume: Num
  })
)
