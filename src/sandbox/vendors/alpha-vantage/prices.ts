import { DAY_MS } from '../../../market/time.ts'
import { dateIn } from '../../../market/zoned-time.ts'
import { dateOfDay, dayOfDate } from '../../calendar.ts'
import { createDividendAdjustment } from '../../dividend-adjustment.ts'
import { moversOf } from '../../market-wide.ts'
import type { SimulatedQuote, TradedBar } from '../../quotes.ts'
import type { Instrument } from '../../universe/instrument.ts'
import { dateParameter, json, type MarketView, type VendorAnswer, type VendorRequest } from '../vendor.ts'
import { wallTime } from '../wall-time.ts'
import { errorMessage, information, invalidCall, PREMIUM } from './texts.ts'

const COMPACT_ROWS = 100
const MOVER_ROWS = 20
const MINUTES: Record<string, number> = { '1min': 1, '5min': 5, '15min': 15, '30min': 30, '60min': 60 }
/** Without `month`, full intraday answers reach back so far. */
const INTRADAY_DAYS = 30

/** A request of the vendor about an instrument that it knows. */
export type Context = {
  request: VendorRequest
  market: MarketView
  instrument: Instrument
  symbol: string
  premium: boolean
}

const four = (value: number) => value.toFixed(4)

/** A quote has a day, not a time. */
export function globalQuote({ request, market, instrument, symbol }: Context): VendorAnswer {
  const quote = market.quote(instrument, request.at)
  return json({
    'Global Quote': {
      '01. symbol': symbol,
      '02. open': four(quote.open),
      '03. high': four(quote.dayHigh),
      '04. low': four(quote.dayLow),
      '05. price': market.spoiled(instrument.symbol) ? 'None' : four(quote.price),
      '06. volume': String(quote.volume),
      '07. latest trading day': quote.session.date,
      '08. previous close': four(quote.previousClose),
      '09. change': four(quote.change),
      '10. change percent': `${four(quote.changePercent)}%`
    }
  })
}

/** As traded; the adjusted flavour has more columns, among which volume is number 6. */
export function dailySeries(
  { request, market, instrument, symbol, premium }: Context,
  adjusted: boolean
): VendorAnswer {
  const full = request.query.get('outputsize') === 'full'
  if ((full || adjusted) && !premium) return information(PREMIUM)
  const bars = dailyBars(market, instrument, request.at)
  const shown = full ? bars : bars.slice(-COMPACT_ROWS)
  const rows = adjusted
    ? adjustedRows(market, instrument, shown, request.at)
    : shown.map((bar) => [bar.session.date, plainRow(bar)] as const)
  return json({
    'Meta Data': {
      '1. Information': adjusted
        ? 'Daily Time Series with Splits and Dividend Events'
        : 'Daily Prices (open, high, low, close) and Volumes',
      '2. Symbol': symbol,
      '3. Last Refreshed': shown.at(-1)?.session.date ?? '',
      '4. Output Size': full ? 'Full size' : 'Compact',
      '5. Time Zone': 'US/Eastern'
    },
    'Time Series (Daily)': Object.fromEntries(rows.toReversed())
  })
}

function plainRow({ open, high, low, close, volume }: Omit<TradedBar, 'session' | 'start' | 'splitFactor'>) {
  return {
    '1. open': four(open),
    '2. high': four(high),
    '3. low': four(low),
    '4. close': four(close),
    '5. volume': String(volume)
  }
}

function adjustedRows(market: MarketView, instrument: Instrument, bars: readonly TradedBar[], at: number) {
  const dividends = new Map(market.dividends(instrument, at).map(({ exDate, amount }) => [exDate, amount]))
  const splits = new Map(market.splits(instrument, at).map(({ exDate, ratio }) => [exDate, ratio]))
  const adjustment = createDividendAdjustment(market, instrument, at)
  return bars.map((bar) => {
    const { date } = bar.session
    const row = {
      '1. open': four(bar.open),
      '2. high': four(bar.high),
      '3. low': four(bar.low),
      '4. close': four(bar.close),
      '5. adjusted close': String((bar.close / bar.splitFactor) * adjustment(date)),
      '6. volume': String(bar.volume),
      '7. dividend amount': four((dividends.get(date) ?? 0) * bar.splitFactor),
      '8. split coefficient': (splits.get(date) ?? 1).toFixed(1)
    }
    return [date, row] as const
  })
}

/** Weeks and months, as traded, dated by their last session. */
export function longSeries({ request, market, instrument, symbol }: Context, unit: 'Weekly' | 'Monthly'): VendorAnswer {
  const groups = Map.groupBy(dailyBars(market, instrument, request.at), ({ session: { date } }) => {
    const day = dayOfDate(date)
    return unit === 'Monthly' ? date.slice(0, 7) : dateOfDay(day - ((day + 3) % 7))
  })
  const rows = [...groups.values()].map((bars) => {
    const [first, last] = [bars[0]!, bars.at(-1)!]
    const high = Math.max(...bars.map((bar) => bar.high))
    const low = Math.min(...bars.map((bar) => bar.low))
    const volume = bars.reduce((sum, bar) => sum + bar.volume, 0)
    return [last.session.date, plainRow({ open: first.open, high, low, close: last.close, volume })] as const
  })
  return json({
    'Meta Data': {
      '1. Information': `${unit} Prices (open, high, low, close) and Volumes`,
      '2. Symbol': symbol,
      '3. Last Refreshed': rows.at(-1)?.[0] ?? '',
      '4. Time Zone': 'US/Eastern'
    },
    [`${unit} Time Series`]: Object.fromEntries(rows.toReversed())
  })
}

function dailyBars(market: MarketView, instrument: Instrument, at: number): TradedBar[] {
  const calendar = market.calendar(instrument)
  return market.dailyBars(instrument, calendar.session(0).date, dateIn(calendar.timeZone, at), at)
}

/** Wall clock without offset; adjusted for splits and with the hours around the session unless told otherwise. */
export function intradaySeries({ request, market, instrument, symbol, premium }: Context): VendorAnswer {
  const { query, at } = request
  const interval = query.get('interval') ?? ''
  const stepMinutes = MINUTES[interval]
  if (stepMinutes === undefined) return errorMessage(invalidCall('TIME_SERIES_INTRADAY'))
  if (!premium) return information(PREMIUM)
  const calendar = market.calendar(instrument)
  const { timeZone } = calendar
  const month = dateParameter(`${query.get('month')}-01`)?.slice(0, 7)
  const full = query.get('outputsize') === 'full'
  const first = month ? `${month}-01` : dateIn(timeZone, at - (full ? INTRADAY_DAYS : 5) * DAY_MS)
  const from = calendar.instantOn(first, 0)
  const to = month ? calendar.instantOn(dateOfDay(dayOfDate(first) + 31).slice(0, 7) + '-01', 0) : at + 1
  const extendedHours = query.get('extended_hours') !== 'false'
  const asTraded = query.get('adjusted') === 'false'
  const bars = market.intradayBars(instrument, { stepMinutes, from, to, extendedHours }, at)
  const shown = full ? bars : bars.slice(-COMPACT_ROWS)
  const stamp = (bar: TradedBar) => wallTime(timeZone, bar.start)
  return json({
    'Meta Data': {
      '1. Information': `Intraday (${interval}) open, high, low, close prices and volume`,
      '2. Symbol': symbol,
      '3. Last Refreshed': shown.length > 0 ? stamp(shown.at(-1)!) : '',
      '4. Interval': interval,
      '5. Output Size': full ? 'Full size' : 'Compact',
      '6. Time Zone': timeZone === 'America/New_York' ? 'US/Eastern' : timeZone
    },
    [`Time Series (${interval})`]: Object.fromEntries(
      shown.map((bar) => [stamp(bar), plainRow(asTraded ? bar : splitAdjusted(bar))]).toReversed()
    )
  })
}

function splitAdjusted({ open, high, low, close, volume, splitFactor }: TradedBar) {
  const [factor, shares] = [1 / splitFactor, Math.round(volume * splitFactor)]
  return { open: open * factor, high: high * factor, low: low * factor, close: close * factor, volume: shares }
}

export function topGainersLosers({ at }: VendorRequest, market: MarketView): VendorAnswer {
  const row = ({ instrument, price, change, changePercent, volume }: SimulatedQuote) => ({
    ticker: instrument.symbol.replace('.', '-'),
    price: String(price),
    change_amount: change.toFixed(2),
    change_percentage: `${four(changePercent)}%`,
    volume: String(volume)
  })
  const rows = (type: 'gainers' | 'losers' | 'actives') => moversOf(market, type, MOVER_ROWS, at).map(row)
  // Warrants stand among the vendor's gainers, with changes that no share has.
  const warrant = {
    ticker: 'SBXAW',
    price: '0.0611',
    change_amount: '0.0261',
    change_percentage: '74.5714%',
    volume: '7032'
  }
  return json({
    metadata: 'Top gainers, losers, and most actively traded US tickers',
    last_updated: `${wallTime('America/New_York', at)} US/Eastern`,
    top_gainers: [warrant, ...rows('gainers').slice(1)],
    top_losers: rows('losers'),
    most_actively_traded: rows('actives')
  })
}
