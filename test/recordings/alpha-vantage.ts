import assert from 'node:assert/strict'
import type { BarSeries, Interval } from '../../src/market/bar.ts'
import type { Quote } from '../../src/market/quote.ts'
import type { Recording } from '../../src/sandbox/recording.ts'
import { dividends, fundamentals, movers, news, options, profile, search, splits } from './alpha-vantage-company.ts'
import { canonical, member, type Row } from './alpha-vantage-wire.ts'
import * as checks from './checks.ts'
import { near, numberIn, priceIn, same, wallInstant } from './checks.ts'
import { planForeign } from './foreign.ts'
import type { Ask, Plan, Refusal } from './harness.ts'

const DAY_MS = 86_400_000
const NEW_YORK = 'America/New_York'

/** What a recording of Alpha Vantage answers, by its function alone. */
export function planAlphaVantage(recording: Recording, refusal: Refusal): Plan {
  const name = recording.url.searchParams.get('function') ?? 'GLOBAL_QUOTE'
  const wire = recording.url.searchParams.get('symbol') ?? 'IBM'
  const symbol = canonical(wire) ?? 'IBM'
  if (canonical(wire) === undefined && !refusal) return { notApplicable: `no canonical symbol is spelled ${wire}` }
  const text = checks.textOf(recording)
  const body = refusal ? {} : (JSON.parse(text) as Record<string, never>)
  if (!refusal && !Object.keys(body).some((each) => shapeOf(name).test(each))) {
    return { ...planAlphaVantage(recording, ['bad_payload']), refusal: ['bad_payload'] }
  }
  const everywhere = refusal !== undefined && !refusal.includes('not_found')
  if (name === 'OVERVIEW') return { everywhere, asks: [profile(symbol, body)] }
  if (name === 'SYMBOL_SEARCH') return { everywhere, asks: [search(recording, body)] }
  if (name === 'TOP_GAINERS_LOSERS')
    return { everywhere, asks: (['gainers', 'losers', 'actives'] as const).map((type) => movers(type, body)) }
  if (name === 'NEWS_SENTIMENT') return { everywhere, asks: [news(recording, body)] }
  if (name.endsWith('_OPTIONS'))
    return { everywhere: everywhere || name !== 'HISTORICAL_OPTIONS', asks: [options(symbol, body)] }
  if (name === 'SPLITS') return { everywhere, asks: [splits(symbol, body)] }
  if (name === 'DIVIDENDS') return { everywhere, asks: [dividends(symbol, body)] }
  if (['INCOME_STATEMENT', 'BALANCE_SHEET', 'CASH_FLOW'].includes(name))
    return { everywhere, asks: [fundamentals(symbol, body)] }
  if (/^TIME_SERIES_(INTRADAY|DAILY|DAILY_ADJUSTED|WEEKLY|MONTHLY)$/.test(name))
    return series(recording, name, symbol, body, refusal)
  if (name === 'GLOBAL_QUOTE' || (name === 'REALTIME_BULK_QUOTES' && refusal))
    return { everywhere, asks: [quote(symbol, body)] }
  return planForeign(recording, `no capability asks ${name}`)
}

/** The member that an answer to a function has to have. */
function shapeOf(name: string): RegExp {
  if (name.startsWith('TIME_SERIES')) return /Time Series/
  return SHAPES[name] ?? /^/
}
const SHAPES: Record<string, RegExp> = {
  GLOBAL_QUOTE: /^Global Quote/,
  OVERVIEW: /^Symbol$/,
  SYMBOL_SEARCH: /^bestMatches$/,
  TOP_GAINERS_LOSERS: /^(top_|most_)/,
  NEWS_SENTIMENT: /^feed$/,
  HISTORICAL_OPTIONS: /^data$/,
  REALTIME_OPTIONS: /^data$/,
  SPLITS: /^data$/,
  DIVIDENDS: /^data$/,
  INCOME_STATEMENT: /^symbol$/,
  BALANCE_SHEET: /^symbol$/,
  CASH_FLOW: /^symbol$/
}

function quote(symbol: string, body: { 'Global Quote'?: Row }): Ask {
  return {
    capability: 'quotes',
    run: (provider, signal) => provider.quotes!([symbol], signal),
    check([value, ...more]: Quote[]) {
      assert(value && more.length === 0, 'one quote')
      const wire = Object.entries(body).find(([name]) => name.startsWith('Global Quote'))![1]
      const price = (name: string) => {
        const number = priceIn(member(wire, name))
        return number === undefined ? undefined : number / (symbol.endsWith('.L') ? 100 : 1)
      }
      checks.checkQuote(value)
      near(value.price, price('price')!, 'price')
      same(value.open, price('open'), 'open')
      same(value.dayHigh, price('high'), 'high')
      same(value.dayLow, price('low'), 'low')
      same(value.previousClose, price('previous close'), 'previous close')
      same(value.changePercent, numberIn(member(wire, 'change percent')), 'percent')
      same(value.volume, numberIn(member(wire, 'volume')), 'volume')
      if (value.currency === 'USD') assert.equal(dateIn(NEW_YORK, value.asOf), member(wire, 'latest trading day'))
      assert.equal(value.provenance.feed, 'delayed')
      assert((value.provenance.delayedBySeconds ?? 0) > 0, 'an end-of-day price says that it is late')
    }
  }
}

function dateIn(zone: string, instant: string): string {
  return new Intl.DateTimeFormat('sv-SE', { timeZone: zone }).format(new Date(instant))
}

function series(
  recording: Recording,
  name: string,
  symbol: string,
  body: Record<string, Record<string, Row>>,
  refusal: Refusal
): Plan {
  const wire = Object.entries(body).find(([key]) => /Time Series/.test(key))?.[1] ?? {}
  const rows = Object.entries(wire).sort(([one], [other]) => one.localeCompare(other))
  const intraday = name === 'TIME_SERIES_INTRADAY'
  const startOf = (label: string) => (intraday ? wallInstant(NEW_YORK, label) : label)
  const first = rows[0] ? Date.parse(startOf(rows[0][0])) : Date.UTC(2024, 0, 2)
  const last = rows.at(-1) ? Date.parse(startOf(rows.at(-1)![0])) : Date.UTC(2024, 0, 3)
  const adjusted = name.endsWith('ADJUSTED') ? 'all' : 'none'
  const interval = intervalOf(recording, name)
  // A week and a month start before the session that labels them.
  const from = name === 'TIME_SERIES_WEEKLY' || name === 'TIME_SERIES_MONTHLY' ? first - 31 * DAY_MS : first
  const sound = rows.filter(
    ([, row]) => row && ['open', 'high', 'low', 'close'].every((each) => (numberIn(member(row, each)) ?? 0) > 0)
  )
  const ask: Ask = {
    capability: 'bars',
    run: (provider, signal) => provider.bars!({ symbol, interval, from, to: last + DAY_MS, adjusted }, signal),
    check(value: BarSeries) {
      assert.equal(value.adjusted, adjusted)
      const perMajor = symbol.endsWith('.L') ? 100 : 1
      checks.checkBars(
        value,
        sound.map(([label, row]) =>
          wireBar(row, adjusted, interval === '1wk' || interval === '1mo' ? undefined : startOf(label))
        ),
        perMajor
      )
    }
  }
  if (rows.length > 0 && sound.length === 0) return { asks: [ask], refusal: ['bad_payload'] }
  return { asks: [ask], now: last + DAY_MS, everywhere: refusal !== undefined && !refusal.includes('not_found') }
}

function intervalOf(recording: Recording, name: string): Interval {
  if (name === 'TIME_SERIES_WEEKLY') return '1wk'
  if (name === 'TIME_SERIES_MONTHLY') return '1mo'
  if (name !== 'TIME_SERIES_INTRADAY') return '1d'
  const wire = recording.url.searchParams.get('interval') ?? '5min'
  return wire === '60min' ? '1h' : (wire.replace('min', 'm') as Interval)
}

function wireBar(row: Row, adjusted: 'all' | 'none', start: string | undefined): checks.WireBar {
  const number = (name: string) => Number(member(row, name))
  const factor = adjusted === 'all' ? number('adjusted close') / number('close') : 1
  const [open, high, low, close] = ['open', 'high', 'low', 'close'].map((name) => number(name) * factor)
  return {
    start,
    open: open!,
    high: high!,
    low: low!,
    close: close!,
    volume: adjusted === 'all' ? undefined : numberIn(member(row, 'volume'))
  }
}
