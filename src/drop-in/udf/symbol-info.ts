import { withoutAbsent } from '../../market/absent.ts'
import { ordinaryHours, type Calendar, type Hours } from '../../market/calendar.ts'
import type { Instrument, TickSize } from '../../market/instrument.ts'
import { kindOfSymbol, type InstrumentKind } from '../../market/instrument-kind.ts'
import type { Quote } from '../../market/quote.ts'
import { dateIn } from '../../market/zoned-time.ts'
import { INTRADAY_RESOLUTIONS, RESOLUTIONS } from './resolution.ts'

/** Where no tick size is known prices have at least so many decimals. */
const USUAL_DECIMALS = 2
const MAX_DECIMALS = 10

const TYPES: Readonly<Record<InstrumentKind, string>> = {
  equity: 'stock',
  etf: 'fund',
  fund: 'fund',
  index: 'index',
  future: 'futures',
  option: 'option',
  crypto: 'crypto',
  fx: 'forex',
  other: 'stock'
}

export const typeOf = (symbol: string, kind: InstrumentKind | undefined): string =>
  TYPES[kind ?? kindOfSymbol(symbol) ?? 'equity']

/** A symbol with the exchange before it, which is part of some already. */
export const fullNameOf = (symbol: string, exchange: string): string =>
  exchange === '' || symbol.startsWith(`${exchange}:`) ? symbol : `${exchange}:${symbol}`

/** What a chart has to know of a symbol. `calendar`: of its exchange, where it is known. */
export function symbolInfo(
  quote: Quote,
  instrument: Pick<Instrument, 'tickSizes' | 'name'> | undefined,
  calendar: Calendar | undefined,
  now: number
): object {
  const { symbol, name, kind, exchange, currency, provenance } = quote
  const type = typeOf(symbol, kind)
  const listed = exchange ?? ''
  return withoutAbsent({
    name: symbol,
    ticker: symbol,
    full_name: fullNameOf(symbol, listed),
    description: name ?? instrument?.name ?? symbol,
    type,
    exchange: listed,
    listed_exchange: listed,
    ...scheduleOf(calendar, now),
    ...scaleOf(instrument?.tickSizes, quote.price),
    has_intraday: true,
    has_daily: true,
    has_weekly_and_monthly: true,
    supported_resolutions: RESOLUTIONS,
    intraday_multipliers: INTRADAY_RESOLUTIONS,
    visible_plots_set: type === 'index' || type === 'forex' ? 'ohlc' : 'ohlcv',
    volume_precision: type === 'crypto' ? 8 : 0,
    currency_code: currency,
    format: 'price',
    data_status: provenance.feed === 'delayed' || provenance.state === 'delayed' ? 'delayed_streaming' : 'streaming',
    delay: provenance.delayedBySeconds
  })
}

/** The regular sessions of an exchange, its holidays and the days whose hours differ; around the clock where none are known. */
export function scheduleOf(calendar: Calendar | undefined, now: number) {
  if (!calendar) return { timezone: 'Etc/UTC', session: '24x7' }
  const { timeZone: timezone, weekdays, closed, special } = calendar
  const today = dateIn(timezone, now)
  const hours = ordinaryHours(calendar, today)
  const isAlways = weekdays.length === 7 && sessionOf(hours) === '0000-0000'
  if (isAlways) return { timezone, session: '24x7' }
  const days = weekdays.length === 7 ? '' : `:${weekdays.map((day) => day + 1).join('')}`
  const compact = (date: string) => date.replaceAll('-', '')
  const corrections = special.map((day) => `${sessionOf(day)}:${compact(day.date)}`)
  return {
    timezone,
    session: `${sessionOf(hours)}${days}`,
    session_holidays: closed.map(({ date }) => compact(date)).join(','),
    corrections: corrections.join(';')
  }
}

/** `0930-1600`; midnight at the end of a day is its beginning. */
function sessionOf({ regular, closingAuction }: Pick<Hours, 'regular' | 'closingAuction'>): string {
  const wall = (text: string) => (text === '24:00' ? '0000' : text.replace(':', ''))
  return `${wall(regular[0])}-${wall(closingAuction?.[1] ?? regular[1])}`
}

/**
 * The step of a price as a fraction: `minmov / pricescale`; where it depends on the price, the finest one and a list of all.
 * Where it is not known, as many decimals as the price has.
 */
export function scaleOf(tickSizes: readonly TickSize[] | undefined, price: number) {
  if (!tickSizes || tickSizes.length === 0) {
    return { minmov: 1, minmov2: 0, pricescale: 10 ** Math.max(USUAL_DECIMALS, decimalsOf(price)) }
  }
  const pricescale = 10 ** Math.max(...tickSizes.map(({ size }) => decimalsOf(size)))
  const finest = Math.min(...tickSizes.map(({ size }) => size))
  const scale = { minmov: Math.round(finest * pricescale), minmov2: 0, pricescale }
  if (tickSizes.length === 1) return scale
  const steps = tickSizes.flatMap(({ from, size }, at) => (at === 0 ? [size] : [from, size]))
  return { ...scale, variable_tick_size: steps.join(' ') }
}

function decimalsOf(value: number): number {
  const text = value.toFixed(MAX_DECIMALS).replace(/0+$/, '')
  return text.length - text.indexOf('.') - 1
}
