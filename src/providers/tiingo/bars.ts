import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { barsFromDays, startOfPeriod } from '../../market/bar-period.ts'
import { isIntraday, type Bar, type BarRequest, type Interval } from '../../market/bar.ts'
import type { Split } from '../../market/corporate-action.ts'
import { isoOf } from '../../market/time.ts'
import { dateIn } from '../../market/zoned-time.ts'
import { withoutAbsent } from '../../market/absent.ts'
import { notNegative, positive, provenanceOf, withPrices } from '../parse.ts'
import { ProviderError, type VendorSeries } from '../provider.ts'
import { agreedPer, contradictionNote, leftOutNote } from '../rows.ts'
import { inSlices, mapping } from '../../slices.ts'
import { datesOf, instantWithOffset, isWithin } from '../session-dates.ts'
import { coveredSymbol, CURRENCY, ZONE, type Tiingo } from './client.ts'
import {
  AS_TRADED,
  factorsFrom,
  isPriced,
  loadDailyRows,
  payoutDoubtsIn,
  splitsIn,
  type DailyRow,
  type Factor
} from './daily.ts'

const RESAMPLED: Partial<Record<Interval, string>> = { '1d': 'daily', '1wk': 'weekly', '1mo': 'monthly' }

const INTRADAY_FREQUENCIES: Partial<Record<Interval, string>> = {
  '1m': '1min',
  '5m': '5min',
  '15m': '15min',
  '30m': '30min',
  '1h': '1hour'
}

/**
 * Daily, weekly and monthly bars of all venues; intraday bars of IEX alone. A weekly bar starts on its Monday and a
 * monthly one on the first, whatever day was the first session.
 */
export async function loadBars(tiingo: Tiingo, request: BarRequest, signal: AbortSignal): Promise<VendorSeries> {
  const wire = coveredSymbol(request.symbol)
  const intraday = isIntraday(request.interval)
  const { bars, splits, payoutDoubts, leftOut, contradicted } = intraday
    ? await loadIntraday(tiingo, wire, request, signal)
    : await loadSessions(tiingo, wire, request, signal)
  return {
    symbol: request.symbol,
    interval: request.interval,
    adjusted: request.adjusted,
    currency: CURRENCY,
    timeZone: ZONE,
    bars,
    ...(splits && { splits }),
    withoutPrices: contradicted.unpriced,
    provenance: provenanceOf('tiingo', {
      feed: intraday ? 'iex' : 'consolidated',
      receivedAt: tiingo.now(),
      ...(payoutDoubts.length > 0 && { state: 'suspect' as const }),
      notes: [
        intraday ? 'prices and volume of IEX alone' : undefined,
        leftOutNote(leftOut),
        contradictionNote(contradicted.told),
        ...payoutDoubts
      ]
    })
  }
}

/** `leftOut` counts rows in the range of which no bar could be made. */
type Loaded = {
  readonly bars: Bar[]
  readonly splits?: Split[]
  /** Why total returns are none. */
  readonly payoutDoubts: string[]
  readonly leftOut: number
  readonly contradicted: Contradicted
}

/** Rows that the vendor tells twice and not alike: starts of all, and of those that have no prices then. */
type Contradicted = { readonly told: string[]; readonly unpriced: string[] }

function contradictedIn(periods: readonly Period[], keys: ReadonlySet<string>): Contradicted {
  const told = periods.filter(({ key }) => keys.has(key))
  return { told: told.map(({ key }) => key), unpriced: told.filter(({ bar }) => !bar).map(({ start }) => start) }
}

async function loadSessions(tiingo: Tiingo, wire: string, request: BarRequest, signal: AbortSignal): Promise<Loaded> {
  const { interval, adjusted } = request
  const asked = datesOf(request)
  const range = { first: startOfPeriod(interval, asked.first), last: asked.last }
  // The vendor has no columns for splits alone. They follow from the splits up to today, in daily rows: in a week of a
  // split, a weekly row as traded mixes prices from before and after it.
  const isFromDays = adjusted === 'splits'
  const resampleFreq = isFromDays ? 'daily' : RESAMPLED[interval]
  const query = { startDate: range.first, ...(!isFromDays && { endDate: range.last }), resampleFreq }
  const known = await loadDailyRows(tiingo, wire, query, signal)
  const factorOf = isFromDays ? readable(factorsFrom(known, adjusted)) : () => AS_TRADED
  const rows = known.rows.filter(({ date }) => isWithin(date, range))
  const reading = mapping(rows, (row): Period => {
    const start = isFromDays ? row.date : startOfPeriod(interval, row.date)
    const bar = adjusted === 'all' ? adjustedBarOf(row, start) : barOf(row, start, factorOf(row.date))
    return { key: row.date, start, volume: row.volume, bar }
  })
  const periods = await inSlices(reading)
  if (periods.length > 0 && periods.every(({ bar }) => !bar)) throw unreadable('prices')
  // A weekly or monthly row carries the date of its last session: of two rows in one period the later one is whole.
  const bars = isFromDays
    ? aggregate(periods, interval)
    : [...new Map(periods.flatMap(({ start, bar }) => (bar ? [[start, bar] as const] : []))).values()]
  return {
    bars: bars.filter(({ start }) => isWithin(start, range)),
    ...(resampleFreq === 'daily' && { splits: splitsIn(known) }),
    payoutDoubts: adjusted === 'all' && resampleFreq === 'daily' && known.areAll ? payoutDoubtsIn(rows) : [],
    leftOut: periods.filter(({ bar }) => !bar).length,
    contradicted: contradictedIn(periods, new Set(known.contradicted))
  }
}

async function loadIntraday(tiingo: Tiingo, wire: string, request: BarRequest, signal: AbortSignal): Promise<Loaded> {
  const { first, last } = datesOf(request, ZONE)
  const query = {
    startDate: first,
    endDate: last,
    resampleFreq: INTRADAY_FREQUENCIES[request.interval],
    // Without this the vendor leaves the volume out.
    columns: 'open,high,low,close,volume',
    format: 'json'
  }
  const [told, dailyRows] = await Promise.all([
    tiingo.rows(`/iex/${encodeURIComponent(wire)}/prices`, query, WireIntradayBars, signal),
    request.adjusted === 'none' ? undefined : loadDailyRows(tiingo, wire, { startDate: first }, signal)
  ])
  if (told.length === 0) {
    throw new ProviderError('tiingo', 'not_found', `tiingo has no bars of ${request.symbol} in the range`)
  }
  const { rows, contradicted } = agreedPer(told, ({ date }) => date)
  const factorOf = dailyRows ? readable(factorsFrom(dailyRows, request.adjusted)) : () => AS_TRADED
  const periods = rows.flatMap((row): Period[] => {
    const instant = instantWithOffset(row.date)
    if (instant === undefined || instant < request.from || instant >= request.to) return []
    const start = isoOf(instant)
    return [{ key: row.date, start, volume: row.volume, bar: barOf(row, start, factorOf(dateIn(ZONE, instant))) }]
  })
  if (periods.length > 0 && periods.every(({ bar }) => !bar)) throw unreadable('prices')
  const bars = periods.flatMap(({ bar }) => bar ?? []).sort((one, other) => (one.start < other.start ? -1 : 1))
  return {
    bars,
    ...(dailyRows && { splits: splitsIn(dailyRows) }),
    payoutDoubts: [],
    leftOut: periods.filter(({ bar }) => !bar).length,
    contradicted: contradictedIn(periods, new Set(contradicted))
  }
}

/** A row of the vendor's in the range, and its bar where it has all prices. */
type Period = {
  /** The vendor's date of it. */
  readonly key: string
  readonly start: string
  readonly volume?: number | null | undefined
  readonly bar: Bar | undefined
}

/** Undefined for a row that lacks prices, or that cannot be adjusted. */
function barOf(row: DailyRow, start: string, factor: Factor | undefined): Bar | undefined {
  if (!isPriced(row) || !factor) return undefined
  const { open, high, low, close } = row
  const shares = notNegative(row.volume)
  const volume = shares === undefined ? undefined : Math.round(shares * factor.volume)
  return withPrices(withoutAbsent({ start, open, high, low, close, volume }), (price) => price * factor.price)
}

function adjustedBarOf(row: DailyRow, start: string): Bar | undefined {
  const { adjOpen: open, adjHigh: high, adjLow: low, adjClose: close, adjVolume } = row
  if (!isPriced(row) || ![open, high, low, close].every(positive)) return undefined
  return withoutAbsent({ start, open: open!, high: high!, low: low!, close: close!, volume: notNegative(adjVolume) })
}

function readable<Value>(value: Value | undefined): Value {
  if (value !== undefined) return value
  throw unreadable('the columns that adjust them')
}

function unreadable(what: string): ProviderError {
  return new ProviderError('tiingo', 'bad_payload', `tiingo sent rows without ${what}`)
}

/**
 * Weekly or monthly bars from days, both oldest first; without a volume where that of a day is not known. A day without
 * prices is left out.
 */
function aggregate(days: readonly Period[], interval: Interval): Bar[] {
  const unknown = days.filter(({ bar, volume }) => !bar && volume !== 0)
  const withoutVolume = new Set(unknown.map(({ start }) => startOfPeriod(interval, start)))
  const bars = barsFromDays(
    days.flatMap(({ bar }) => bar ?? []),
    interval
  )
  return bars.map((bar) => (withoutVolume.has(bar.start) ? withoutAbsent({ ...bar, volume: undefined }) : bar))
}

const Num = Type.Optional(Type.Union([Type.Number(), Type.Null()]))

const WireIntradayBars = Compile(
  Type.Object({
    date: Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}' }),
    open: Num,
    high: Num,
    low: Num,
    close: Num,
    volume: Num
  })
)
