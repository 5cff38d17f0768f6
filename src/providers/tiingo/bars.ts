import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { isIntraday, type Bar, type BarRequest, type BarSeries, type Interval } from '../../market/bar.ts'
import { dateIn } from '../../market/zoned-time.ts'
import { notNegative, positive, provenanceOf, withoutAbsent } from '../parse.ts'
import { ProviderError } from '../provider.ts'
import { oncePer } from '../rows.ts'
import { datesOf, instantWithOffset, isWithin } from '../session-dates.ts'
import { coveredSymbol, CURRENCY, ZONE, type Tiingo } from './client.ts'
import { factorsFrom, loadDailyRows, type DailyRow, type Factor } from './daily.ts'

const DAY_MS = 86_400_000

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
export async function loadBars(tiingo: Tiingo, request: BarRequest, signal: AbortSignal): Promise<BarSeries> {
  const wire = coveredSymbol(request.symbol)
  const intraday = isIntraday(request.interval)
  const bars = intraday
    ? await loadIntraday(tiingo, wire, request, signal)
    : await loadSessions(tiingo, wire, request, signal)
  return {
    symbol: request.symbol,
    interval: request.interval,
    adjusted: request.adjusted,
    currency: CURRENCY,
    timeZone: ZONE,
    bars,
    provenance: provenanceOf('tiingo', {
      feed: intraday ? 'iex' : 'consolidated',
      receivedAt: tiingo.now(),
      notes: intraday ? ['prices and volume of IEX alone'] : []
    })
  }
}

async function loadSessions(tiingo: Tiingo, wire: string, request: BarRequest, signal: AbortSignal): Promise<Bar[]> {
  const { interval, adjusted } = request
  const asked = datesOf(request)
  const range = { first: startOf(interval, asked.first), last: asked.last }
  const isInRange = (bar: Bar) => isWithin(bar.start, range)

  // The vendor has no columns for splits alone. They follow from the splits up to today, in daily rows: in a week of a
  // split, a weekly row as traded mixes prices from before and after it.
  if (adjusted === 'splits') {
    const known = await loadDailyRows(tiingo, wire, { startDate: range.first }, signal)
    const factorOf = readable(factorsFrom(known, adjusted))
    const daily = known.rows
      .filter(({ date }) => date <= range.last)
      .map((row) => barOf(row, row.date, factorOf(row.date)))
    return aggregate(daily, interval).filter(isInRange)
  }

  const resampleFreq = interval === '1wk' ? 'weekly' : interval === '1mo' ? 'monthly' : 'daily'
  const query = { startDate: range.first, endDate: range.last, resampleFreq }
  const { rows } = await loadDailyRows(tiingo, wire, query, signal)
  // A weekly or monthly row carries the date of its last session.
  const bars = rows.flatMap((row) => {
    const start = startOf(interval, row.date)
    return (adjusted === 'all' ? adjustedBarOf(row, start) : barOf(row, start, AS_TRADED)) ?? []
  })
  if (rows.length > 0) readable(bars[0])
  // Of two rows in one week or month the later one is whole.
  return [...new Map(bars.map((bar) => [bar.start, bar])).values()].filter(isInRange)
}

async function loadIntraday(tiingo: Tiingo, wire: string, request: BarRequest, signal: AbortSignal): Promise<Bar[]> {
  const { first, last } = datesOf(request, ZONE)
  const query = {
    startDate: first,
    endDate: last,
    resampleFreq: INTRADAY_FREQUENCIES[request.interval],
    // Without this the vendor leaves the volume out.
    columns: 'open,high,low,close,volume',
    format: 'json'
  }
  const [rows, dailyRows] = await Promise.all([
    tiingo.rows(`/iex/${encodeURIComponent(wire)}/prices`, query, WireIntradayBars, signal),
    request.adjusted === 'none' ? { rows: [], areAll: true } : loadDailyRows(tiingo, wire, { startDate: first }, signal)
  ])
  if (rows.length === 0) {
    throw new ProviderError('tiingo', 'not_found', `tiingo has no bars of ${request.symbol} in the range`)
  }
  const factorOf = readable(factorsFrom(dailyRows, request.adjusted))
  const bars = rows.flatMap((row) => {
    const start = instantWithOffset(row.date)
    if (start === undefined || start < request.from || start >= request.to) return []
    return [barOf(row, new Date(start).toISOString(), factorOf(dateIn(ZONE, start)))]
  })
  return oncePer(bars, ({ start }) => start).sort((one, other) => (one.start < other.start ? -1 : 1))
}

const AS_TRADED: Factor = { price: 1, volume: 1 }

type Ohlcv = Pick<DailyRow, 'open' | 'high' | 'low' | 'close' | 'volume'>

function barOf({ open, high, low, close, volume }: Ohlcv, start: string, factor: Factor): Bar {
  const shares = notNegative(volume)
  return withoutAbsent({
    start,
    open: open * factor.price,
    high: high * factor.price,
    low: low * factor.price,
    close: close * factor.price,
    volume: shares === undefined ? undefined : shares * factor.volume
  })
}

function adjustedBarOf(row: DailyRow, start: string): Bar | undefined {
  const { adjOpen: open, adjHigh: high, adjLow: low, adjClose: close, adjVolume } = row
  if (![open, high, low, close].every(positive)) return undefined
  return withoutAbsent({ start, open: open!, high: high!, low: low!, close: close!, volume: notNegative(adjVolume) })
}

function readable<Value>(value: Value | undefined): Value {
  if (value !== undefined) return value
  throw new ProviderError('tiingo', 'bad_payload', 'tiingo sent daily rows without the columns that adjust them')
}

/** The date that a bar of the interval starts with. */
function startOf(interval: Interval, date: string): string {
  if (interval === '1mo') return `${date.slice(0, 7)}-01`
  if (interval !== '1wk') return date
  const day = new Date(date)
  const sinceMonday = (day.getUTCDay() + 6) % 7
  return new Date(day.getTime() - sinceMonday * DAY_MS).toISOString().slice(0, 10)
}

/** Weekly or monthly bars from daily ones, both oldest first. */
function aggregate(daily: readonly Bar[], interval: Interval): Bar[] {
  const byStart = Map.groupBy(daily, ({ start }) => startOf(interval, start))
  return [...byStart].map(([start, bars]) =>
    withoutAbsent({
      start,
      open: bars[0]!.open,
      high: Math.max(...bars.map(({ high }) => high)),
      low: Math.min(...bars.map(({ low }) => low)),
      close: bars.at(-1)!.close,
      volume: bars.every(({ volume }) => volume === undefined)
        ? undefined
        : bars.reduce((sum, { volume }) => sum + (volume ?? 0), 0)
    })
  )
}

const Price = Type.Number({ exclusiveMinimum: 0 })

const WireIntradayBars = Compile(
  Type.Object({
    date: Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}' }),
    open: Price,
    high: Price,
    low: Price,
    close: Price,
    volume: Type.Optional(Type.Union([Type.Number(), Type.Null()]))
  })
)
