import { Type, type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import {
  isIntraday,
  type Adjustment,
  type Bar,
  type BarRequest,
  type BarSeries,
  type Interval
} from '../../market/bar.ts'
import { notNegative, provenanceOf, UNIT_UNKNOWN, type CurrencyUnit, withoutAbsent } from '../parse.ts'
import { ProviderError } from '../provider.ts'
import { datesOf, DatedText, instantIn, isWithin, type DateRange } from '../session-dates.ts'
import { coveredListing, notCovered, type Fmp } from './client.ts'
import type { Listing } from './listing.ts'

const DAY_MS = 86_400_000
/** The vendor sends the newest rows of a range and cuts the rest off without a word. */
const MAX_DAILY_ROWS = 5000
/** How often the part that was cut off is asked for. */
const MAX_PAGES = 12

const DAILY_PATHS: Record<Adjustment, string> = {
  none: 'historical-price-eod/non-split-adjusted',
  splits: 'historical-price-eod/full',
  all: 'historical-price-eod/dividend-adjusted'
}

const INTRADAY_PATHS: Partial<Record<Interval, string>> = {
  '1m': 'historical-chart/1min',
  '5m': 'historical-chart/5min',
  '15m': 'historical-chart/15min',
  '30m': 'historical-chart/30min',
  '1h': 'historical-chart/1hour'
}

/** Weekly and monthly bars, and intraday bars adjusted for dividends, are not offered: ProviderError('not_covered'). */
export async function loadBars(fmp: Fmp, request: BarRequest, signal: AbortSignal): Promise<BarSeries> {
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
    provenance: provenanceOf('fmp', {
      feed: 'composite',
      receivedAt: fmp.now(),
      state: unit ? undefined : 'suspect',
      notes: [
        unit ? unit.note : UNIT_UNKNOWN,
        pages.isComplete ? undefined : 'the vendor gave only the newest part of the range'
      ]
    })
  })
}

type Pages = { bars: Bar[]; isComplete: boolean }

async function loadDaily(fmp: Fmp, request: BarRequest, { wire }: Listing, signal: AbortSignal): Promise<Pages> {
  if (request.interval !== '1d') throw notCovered(`${request.interval} bars`)
  const path = DAILY_PATHS[request.adjusted]
  const range = datesOf(request)
  const { rows, isComplete } = await loadPages(
    range,
    (to) => fmp.rows(path, { symbol: wire, from: range.first, to }, WireDailyBars, signal),
    (page) => page.length >= MAX_DAILY_ROWS
  )
  refuseEmpty(rows, request)
  const bars = rows
    .map((row) => {
      const start = row.date.slice(0, 10)
      return withoutAbsent({ start, ...ohlcOf(row, request.adjusted), volume: notNegative(row.volume) })
    })
    .filter(({ start }) => isWithin(start, range))
  return { bars, isComplete }
}

async function loadIntraday(fmp: Fmp, request: BarRequest, listing: Listing, signal: AbortSignal): Promise<Pages> {
  const { zone, wire } = listing
  const path = INTRADAY_PATHS[request.interval]
  if (request.adjusted === 'all') throw notCovered('intraday bars adjusted for dividends')
  if (!path || !zone) throw notCovered(`intraday bars of ${request.symbol}: their time zone is not known`)
  const range = datesOf(request, zone)
  const query = { symbol: wire, from: range.first, nonadjusted: request.adjusted === 'none' ? true : undefined }
  const { rows, isComplete } = await loadPages(
    range,
    (to) => fmp.rows(path, { ...query, to }, WireIntradayBars, signal),
    (_page, oldest) => hasWeekday(range.first, oldest)
  )
  refuseEmpty(rows, request)
  const bars = rows.flatMap(({ date, volume, ...ohlc }) => {
    // Wall time of the exchange without an offset: 12:29 in New York stands beside a quote stamped 16:30 UTC.
    const start = instantIn(zone, date)
    if (start === undefined || start < request.from || start >= request.to) return []
    const { open, high, low, close } = ohlc
    return [
      withoutAbsent({ start: new Date(start).toISOString(), open, high, low, close, volume: notNegative(volume) })
    ]
  })
  bars.sort((one, other) => (one.start < other.start ? -1 : 1))
  return { bars, isComplete }
}

/**
 * All rows of a range, oldest first, from an endpoint that sends the newest first and cuts off the oldest: asks again
 * for what lies before a page that was cut, until the range is covered or nothing older comes.
 */
async function loadPages<Row extends { date: string }>(
  { first, last }: DateRange,
  loadPage: (to: string) => Promise<Row[]>,
  isCut: (page: readonly Row[], oldestDate: string) => boolean
): Promise<{ rows: Row[]; isComplete: boolean }> {
  const byDate = new Map<string, Row>()
  let to = last
  let isComplete = false
  for (let count = 0; count < MAX_PAGES && !isComplete; count++) {
    const page = await loadPage(to)
    const known = byDate.size
    for (const row of page) byDate.set(row.date, row)
    const oldestDate = page.reduce((oldest, { date }) => (date < oldest ? date : oldest), to).slice(0, 10)
    isComplete = byDate.size === known || oldestDate <= first || !isCut(page, oldestDate)
    to = oldestDate
  }
  const rows = [...byDate.values()].sort((one, other) => (one.date < other.date ? -1 : 1))
  return { rows, isComplete }
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
function ohlcOf(row: WireDailyBar, adjusted: Adjustment): Omit<Bar, 'start' | 'volume'> {
  if ('adjOpen' in row && (adjusted !== 'splits' || !('open' in row))) {
    return { open: row.adjOpen, high: row.adjHigh, low: row.adjLow, close: row.adjClose }
  }
  const { open, high, low, close } = row as Static<typeof PlainDailyBar>
  return { open, high, low, close }
}

function inMajorUnit(bar: Bar, unit: CurrencyUnit | undefined): Bar {
  const perMajor = unit?.perMajor ?? 1
  if (perMajor === 1) return bar
  const { open, high, low, close } = bar
  return { ...bar, open: open / perMajor, high: high / perMajor, low: low / perMajor, close: close / perMajor }
}

const Price = Type.Number({ exclusiveMinimum: 0 })
const Volume = Type.Optional(Type.Union([Type.Number(), Type.Null()]))

const PlainDailyBar = Type.Object({
  date: DatedText,
  open: Price,
  high: Price,
  low: Price,
  close: Price,
  volume: Volume
})
const AdjustedDailyBar = Type.Object({
  date: DatedText,
  adjOpen: Price,
  adjHigh: Price,
  adjLow: Price,
  adjClose: Price,
  volume: Volume
})
// A daily row also carries `change` and `changePercent`, against its own open and not the previous close: not read.
const WireDailyBar = Type.Union([AdjustedDailyBar, PlainDailyBar])
type WireDailyBar = Static<typeof WireDailyBar>
const WireDailyBars = Compile(WireDailyBar)

const WireIntradayBars = Compile(
  Type.Object({
    date: Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}[ T]\\d{2}:\\d{2}' }),
    open: Price,
    high: Price,
    low: Price,
    close: Price,
    volume: Volume
  })
)
