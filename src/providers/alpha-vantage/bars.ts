// https://www.alphavantage.co/documentation/#time-series-data
import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { startOfPeriod } from '../../market/bar-period.ts'
import { isIntraday, type Bar, type BarRequest, type Interval } from '../../market/bar.ts'
import type { Split } from '../../market/corporate-action.ts'
import { DAY_MS, isoOf } from '../../market/time.ts'
import { dateIn } from '../../market/zoned-time.ts'
import { inSlices, mapping } from '../../slices.ts'
import { provenanceOf, withPrices } from '../parse.ts'
import type { VendorSeries } from '../provider.ts'
import { agreedPer, contradictionNote, leftOutNote } from '../rows.ts'
import { datesOf, instantIn, isWithin } from '../session-dates.ts'
import { fetchSplits } from './actions.ts'
import { adjustedForAll, adjustedForSplits, payoutDoubtsIn, splitsIn, type DatedRow } from './adjustment.ts'
import { PROVIDER, refused, REPEATED, type AlphaVantageClient, type Parameters, type Plan } from './client.ts'
import { isAbout, type Listing } from './listing.ts'
import { UNIT_ASSUMED, type PriceUnit } from './price-unit.ts'
import { END_OF_DAY_DELAY_SECONDS } from './quote.ts'
import { dateOf, memberIn, memberOf, notNegativeOf, positiveOf } from './wire-value.ts'

/** `outputsize=compact` holds 100 rows: at five sessions a week they reach back 140 days or more. */
const COMPACT_REACH_MS = 140 * DAY_MS

/** Intraday without `month` holds the trailing 30 days. */
const INTRADAY_REACH_MS = 29 * DAY_MS

/** Today's name of `US/Eastern`. */
const EASTERN = 'America/New_York'

const INTRADAY: Partial<Record<Interval, string>> = {
  '1m': '1min',
  '5m': '5min',
  '15m': '15min',
  '30m': '30min',
  '1h': '60min'
}

/**
 * Bars as the vendor has them. Daily, weekly and monthly rows are as traded, so `splits` costs a second request for the
 * splits unless none can lie after the range; `all` exists for daily (premium) and intraday bars.
 */
export async function fetchBars(
  client: AlphaVantageClient,
  request: BarRequest,
  listing: Listing,
  unit: PriceUnit,
  signal: AbortSignal,
  { now, plan }: { now: () => number; plan: Plan }
): Promise<VendorSeries> {
  const { symbol, interval, adjusted } = request
  const { name, parameters, premium } = functionFor(request, listing, now())
  if (premium && plan === 'free')
    throw refused('not_covered', `sells ${name} of this reach to paying plans only`, { notCoveredBy: 'plan' })
  const body = await client.ask(name, { symbol: listing.wire, ...parameters }, WireSeries, symbol, signal)
  const { rows, areAll: areAllRows, ...others } = await inSlices(rowsOf(body, request, listing))
  const isAsked = rangeCheck(request)
  const chosen = rows.filter(({ bar }) => isAsked(bar.start))
  const withoutPrices = others.withoutPrices.filter(isAsked)
  const contradicted = others.contradicted.filter((told) => isAsked(told.start))

  const today = dateIn(listing.exchange.timeZone, now())
  const needsSplits = adjusted === 'splits' && datesOf(request).first < today
  const { splits, areAll } = needsSplits
    ? await fetchSplits(client, symbol, listing, signal)
    : { splits: [], areAll: true }
  if (!areAll) throw refused('bad_payload', `sent splits of ${symbol} that cannot be read, and its bars need them all`)
  const isAdjustedByRow = adjusted === 'all' && interval === '1d'
  const bars = await inSlices(
    isAdjustedByRow ? adjustedForAll(rows, chosen, areAllRows) : splitAdjusted(chosen, splits, today)
  )
  if (chosen.length > 0 && bars.length === 0) throw refused('bad_payload', `sent no adjusted close of ${symbol}`)
  // Payouts may be told in the major unit where closes are not.
  const hasComparablePayouts = isAdjustedByRow && areAllRows && unit.perMajor === 1
  const payoutDoubts = hasComparablePayouts ? payoutDoubtsIn(chosen, bars) : []
  const knownSplits = isAdjustedByRow ? splitsIn(rows) : needsSplits ? splits : undefined

  return {
    symbol,
    interval,
    adjusted,
    ...(unit.currency && { currency: unit.currency }),
    timeZone: listing.exchange.timeZone,
    bars: bars.map((bar) => inMajor(bar, unit)),
    ...(knownSplits && { splits: knownSplits }),
    withoutPrices: contradicted.map(({ start }) => start).filter((start) => withoutPrices.includes(start)),
    provenance: provenanceOf(PROVIDER, {
      feed: 'delayed',
      receivedAt: now(),
      delayedBySeconds: END_OF_DAY_DELAY_SECONDS,
      ...((unit.assumed || payoutDoubts.length > 0) && { state: 'suspect' }),
      notes: [
        unit.note,
        unit.assumed ? UNIT_ASSUMED : undefined,
        leftOutNote(withoutPrices.length),
        contradictionNote(contradicted.map(({ label }) => label)),
        bars.length < chosen.length
          ? `${chosen.length - bars.length} bars left out: they have no adjusted close, or one that cannot be`
          : undefined,
        ...payoutDoubts
      ]
    })
  }
}

type SeriesFunction = { name: string; parameters: Parameters; premium: boolean }

/** Which of the vendor's functions answers a request, or `not_covered` where none does. */
function functionFor(request: BarRequest, listing: Listing, now: number): SeriesFunction {
  const { interval, adjusted, from } = request
  if (isIntraday(interval)) {
    const parameters = {
      interval: INTRADAY[interval],
      adjusted: adjusted === 'all',
      extended_hours: false,
      outputsize: 'full',
      month: monthOf(request, listing, now)
    }
    return { name: 'TIME_SERIES_INTRADAY', parameters, premium: true }
  }
  if (interval === '1d') {
    const outputsize = from >= now - COMPACT_REACH_MS ? 'compact' : 'full'
    if (adjusted === 'all') return { name: 'TIME_SERIES_DAILY_ADJUSTED', parameters: { outputsize }, premium: true }
    return { name: 'TIME_SERIES_DAILY', parameters: { outputsize }, premium: outputsize === 'full' }
  }
  // The adjusted weekly and monthly series adjust the close only, and a bar across an event has no single factor.
  if (adjusted === 'all') throw refused('not_covered', `has no total-return bars of ${interval}`)
  return { name: interval === '1wk' ? 'TIME_SERIES_WEEKLY' : 'TIME_SERIES_MONTHLY', parameters: {}, premium: false }
}

function monthOf(request: BarRequest, { exchange }: Listing, now: number): string | undefined {
  if (request.from >= now - INTRADAY_REACH_MS) return undefined
  const { first, last } = datesOf(request, exchange.timeZone)
  const month = first.slice(0, 7)
  if (last.startsWith(month)) return month
  throw refused('not_covered', 'sells intraday bars older than 30 days by single months')
}

/** The rows of a series, oldest first; those without a whole set of prices apart. */
function* rowsOf(body: WireSeries, { symbol, interval }: BarRequest, listing: Listing): Generator<void, DatedRows> {
  const { 'Meta Data': meta, ...members } = body
  const series = Object.entries(members).find(([name]) => /time series/i.test(name))?.[1]
  if (!isAbout(listing, memberOf(meta, 'Symbol')) || !WireRows.Check(series)) {
    throw refused('bad_payload', `sent no series of ${symbol}`)
  }
  const zone = zoneOf(memberOf(meta, 'Time Zone'))
  const entries = Object.entries(series)
  const read = yield* mapping(entries, ([label, row]): Labelled | undefined => {
    const day = dateOf(label.slice(0, 10))
    const instant = isIntraday(interval) ? label.replace(REPEATED, '') : day
    const start = day && instant && startOf(instant, day, interval, zone)
    return start ? { label: instant, day, start, ...numbersOf(row) } : undefined
  })
  const { rows: labelled, contradicted } = agreedPer(
    read.filter((each) => each !== undefined),
    ({ label }) => label
  )
  const twice = new Set(contradicted)
  const rows = (yield* mapping(labelled, rowOf)).filter((row) => row !== undefined)
  if (entries.length > 0 && rows.length === 0) throw refused('bad_payload', `sent no readable bar of ${symbol}`)
  // Of a week or month that two labels fall into, the later one is whole.
  const byStart = new Map(rows.sort((a, b) => inOrder(a.day, b.day)).map((row) => [row.bar.start, row]))
  yield
  return {
    rows: [...byStart.values()].sort((a, b) => inOrder(a.bar.start, b.bar.start)),
    withoutPrices: labelled.map(({ start }) => start).filter((start) => !byStart.has(start)),
    contradicted: labelled.filter(({ label }) => twice.has(label)),
    areAll: read.every((each) => each !== undefined) && rows.length === labelled.length
  }
}

/** For dates and instants, which are written so that the earlier one sorts first. */
const inOrder = (one: string, other: string) => (one < other ? -1 : one > other ? 1 : 0)

type DatedRows = {
  rows: DatedRow[]
  /** Starts of rows that lack prices. */
  withoutPrices: string[]
  /** What the vendor tells twice and not alike. */
  contradicted: Labelled[]
  /** False where some of the vendor's rows could not be read. */
  areAll: boolean
}
type Numbers = ReturnType<typeof numbersOf>
type Labelled = Numbers & { label: string; day: string; start: string }

function numbersOf(row: unknown) {
  const price = (name: string) => positiveOf(memberIn(row, name))
  return {
    open: price('open'),
    high: price('high'),
    low: price('low'),
    close: price('close'),
    volume: notNegativeOf(memberIn(row, 'volume')),
    adjustedClose: price('adjusted close'),
    splitCoefficient: price('split coefficient'),
    payout: notNegativeOf(memberIn(row, 'dividend amount'))
  }
}

function rowOf({ day, start, open, high, low, close, volume, ...others }: Labelled): DatedRow | undefined {
  if (!open || !high || !low || !close) return undefined
  const { adjustedClose, splitCoefficient, payout } = others
  const bar = { start, open, high, low, close, ...(volume !== undefined && { volume }) }
  return { day, bar, adjustedClose, splitCoefficient, payout }
}

/** The vendor labels an intraday bar with the moment it opens, a week and a month with their last session. */
function startOf(label: string, day: string, interval: Interval, zone: string): string | undefined {
  if (!isIntraday(interval)) return startOfPeriod(interval, day)
  const instant = instantIn(zone, label)
  return instant === undefined ? undefined : isoOf(instant)
}

function rangeCheck(request: BarRequest): (start: string) => boolean {
  const { from, to } = request
  if (isIntraday(request.interval)) return (start) => Date.parse(start) >= from && Date.parse(start) < to
  const dates = datesOf(request)
  return (start) => isWithin(start, dates)
}

function* splitAdjusted(rows: readonly DatedRow[], splits: readonly Split[], today: string): Generator<void, Bar[]> {
  const inForce = splits.filter(({ exDate }) => exDate <= today)
  const bars = yield* adjustedForSplits(rows, inForce)
  if (bars === undefined) throw refused('not_covered', 'has a bar across a split, which has no single adjustment')
  return bars
}

function inMajor(bar: Bar, { perMajor }: PriceUnit): Bar {
  return perMajor === 1 ? bar : withPrices(bar, (price) => price / perMajor)
}

/** The zone of intraday labels: every known answer names `US/Eastern`, and so it is where the member is missing. */
function zoneOf(name: unknown): string {
  if (name === undefined || name === 'US/Eastern') return EASTERN
  if (typeof name === 'string' && (name === 'UTC' || Intl.supportedValuesOf('timeZone').includes(name))) return name
  throw refused('bad_payload', 'sent a series in a time zone that does not exist')
}

/** `1. open` to `5. volume`; adjusted series put `5. adjusted close` before `6. volume`. */
const WireRows = Compile(Type.Record(Type.String(), Type.Unknown()))

/** Beside `Meta Data` one member whose name differs by function: `Time Series (5min)`, `Weekly Time Series`, ... */
const WireSeries = Compile(Type.Object({ 'Meta Data': Type.Record(Type.String(), Type.Unknown()) }))
type WireSeries = { 'Meta Data': Record<string, unknown> }
