import { DAY_MS, HOUR_MS, isoOf } from '../../../market/time.ts'
import { dateIn, offsetMs } from '../../../market/zoned-time.ts'
import { dateOfDay, dayOfDate } from '../../calendar.ts'
import { createDividendAdjustment } from '../../dividend-adjustment.ts'
import { mix, uniform } from '../../noise.ts'
import type { TradedBar } from '../../quotes.ts'
import type { Instrument } from '../../universe/instrument.ts'
import { dateParameter, json, round, type MarketView, type VendorAnswer, type VendorRequest } from '../vendor.ts'

const NEW_YORK = 'America/New_York'
/** The share of the whole market's volume that IEX, one venue among many, sees. */
const IEX_SHARE = 0.02
/** One book in so many is as thin as IEX books can be: bid and ask far off the price. */
const THIN_BOOK_EVERY = 12

/** In session with stamps of New York and the book; afterwards the book is gone and the stamp is the close. */
export function iexQuote(market: MarketView, instrument: Instrument, at: number) {
  const quote = market.quote(instrument, at)
  const inSession = quote.phase === 'regular'
  const thin = mix(market.keyOf(instrument), Math.floor(quote.asOf / 60_000)) % THIN_BOOK_EVERY === 0
  const bidPrice = thin ? round(quote.price * 0.978, 2) : quote.bid
  const askPrice = thin ? round(quote.price * 1.039, 2) : quote.ask
  const price = market.spoiled(instrument.symbol) ? 'N/A' : quote.price
  const stamp = inSession ? nanosecondStamp(quote.asOf, market.keyOf(instrument)) : utcStamp(quote.asOf)
  return {
    ticker: instrument.symbol.replace('.', '-'),
    timestamp: stamp,
    lastSaleTimestamp: stamp,
    quoteTimestamp: stamp,
    open: quote.open,
    high: quote.dayHigh,
    low: quote.dayLow,
    mid: inSession ? round((bidPrice + askPrice) / 2, 4) : null,
    tngoLast: price,
    last: price,
    lastSize: inSession ? 10 : null,
    bidSize: inSession ? quote.bidSize : null,
    bidPrice: inSession ? bidPrice : null,
    askPrice: inSession ? askPrice : null,
    askSize: inSession ? quote.askSize : null,
    prevClose: quote.previousClose,
    volume: inSession ? Math.round(quote.volume * IEX_SHARE) : quote.volume
  }
}

/** `2024-06-24T10:28:57.053159184-04:00` */
function nanosecondStamp(instant: number, key: number): string {
  const offset = offsetMs(NEW_YORK, instant)
  const wall = new Date(instant + offset).toISOString().slice(0, 19)
  const nanoseconds = String(Math.floor(uniform(key, instant / 1000) * 1e9)).padStart(9, '0')
  return `${wall}.${nanoseconds}-0${-offset / HOUR_MS}:00`
}

function utcStamp(instant: number): string {
  return `${new Date(instant).toISOString().slice(0, 19)}+00:00`
}

/** Raw and fully adjusted values side by side. Dates are sessions, spelled differently with a range and without. */
export function dailyPrices({ query, at }: VendorRequest, market: MarketView, instrument: Instrument): VendorAnswer {
  const today = dateIn(NEW_YORK, at)
  const [start, end] = [dateParameter(query.get('startDate')), dateParameter(query.get('endDate'))]
  const from = start ?? dateOfDay(dayOfDate(today) - 10)
  const finished = market.dailyBars(instrument, from, end ?? today, at).filter(({ session }) => session.close <= at)
  const rows = adjustedRows(market, instrument, finished, at)
  const grouped = resampled(rows, query.get('resampleFreq') ?? 'daily')
  const shown = start ? grouped : grouped.slice(-1)
  const columns = query.get('columns')?.split(',')
  return json(
    shown.map(({ date, ...row }) => {
      const kept = columns ? Object.fromEntries(Object.entries(row).filter(([name]) => columns.includes(name))) : row
      return { date: start ? `${date}T00:00:00.000Z` : `${date}T00:00:00+00:00`, ...kept }
    })
  )
}

type DailyRow = ReturnType<typeof adjustedRows>[number]

function adjustedRows(market: MarketView, instrument: Instrument, bars: readonly TradedBar[], at: number) {
  const dividends = new Map(market.dividends(instrument, at).map(({ exDate, amount }) => [exDate, amount]))
  const splits = new Map(market.splits(instrument, at).map(({ exDate, ratio }) => [exDate, ratio]))
  const adjustment = createDividendAdjustment(market, instrument, at)
  return bars.map(({ session: { date }, open, high, low, close, volume, splitFactor }) => {
    const factor = adjustment(date) / splitFactor
    return {
      date,
      close,
      high,
      low,
      open,
      volume,
      adjClose: round(close * factor, 10),
      adjHigh: round(high * factor, 10),
      adjLow: round(low * factor, 10),
      adjOpen: round(open * factor, 10),
      adjVolume: Math.round(volume * splitFactor),
      divCash: round((dividends.get(date) ?? 0) * splitFactor, 6),
      splitFactor: splits.get(date) ?? 1
    }
  })
}

/** Weeks are dated by their Friday, months by their last day. */
function resampled(rows: readonly DailyRow[], frequency: string): DailyRow[] {
  if (frequency !== 'weekly' && frequency !== 'monthly') return [...rows]
  const endOf = (date: string) => {
    const day = dayOfDate(date)
    if (frequency === 'weekly') return dateOfDay(day - ((day + 3) % 7) + 4)
    const [year, month] = date.split('-').map(Number) as [number, number]
    return dateOfDay(Date.UTC(year, month, 0) / DAY_MS)
  }
  return [...Map.groupBy(rows, ({ date }) => endOf(date))].map(([date, group]) => {
    const [first, last] = [group[0]!, group.at(-1)!]
    const total = (value: (row: DailyRow) => number) => group.reduce((sum, row) => sum + value(row), 0)
    return {
      date,
      close: last.close,
      high: Math.max(...group.map(({ high }) => high)),
      low: Math.min(...group.map(({ low }) => low)),
      open: first.open,
      volume: total(({ volume }) => volume),
      adjClose: last.adjClose,
      adjHigh: Math.max(...group.map(({ adjHigh }) => adjHigh)),
      adjLow: Math.min(...group.map(({ adjLow }) => adjLow)),
      adjOpen: first.adjOpen,
      adjVolume: total(({ adjVolume }) => adjVolume),
      divCash: round(
        total(({ divCash }) => divCash),
        6
      ),
      splitFactor: group.reduce((product, { splitFactor }) => product * splitFactor, 1)
    }
  })
}

/** Bars of IEX, in UTC; volume only where `columns` asks for it. */
export function iexPrices({ query, at }: VendorRequest, market: MarketView, instrument: Instrument): VendorAnswer {
  const [, count = '5', unit = 'min'] = /^(\d+)(min|hour)$/i.exec(query.get('resampleFreq') ?? '5min') ?? []
  const stepMinutes = Number(count) * (unit.toLowerCase() === 'hour' ? 60 : 1)
  const today = market.calendar(instrument).sessionAt(at)
  const from = dateParameter(query.get('startDate')) ?? today.date
  const to = dateParameter(query.get('endDate')) ?? dateIn(NEW_YORK, at)
  const calendar = market.calendar(instrument)
  const span = { from: calendar.instantOn(from, 0), to: calendar.instantOn(to, 24 * 60) }
  const columns = query.get('columns')?.split(',') ?? ['open', 'high', 'low', 'close']
  const bars = market.intradayBars(instrument, { stepMinutes, ...span, extendedHours: false }, at)
  return json(
    bars.map(({ start, open, high, low, close, volume }) => {
      const row = { open, high, low, close, volume: Math.round(volume * IEX_SHARE) }
      const kept = Object.entries(row).filter(([name]) => columns.includes(name))
      return { date: isoOf(start), ...Object.fromEntries(kept) }
    })
  )
}
