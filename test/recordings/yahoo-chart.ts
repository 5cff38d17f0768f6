import assert from 'node:assert/strict'
import type { BarSeries, Interval } from '../../src/market/bar.ts'
import type { Dividends, Splits } from '../../src/market/corporate-action.ts'
import type { Recording } from '../../src/sandbox/recording.ts'
import * as checks from './checks.ts'
import { near, numberIn, priceIn } from './checks.ts'
import type { Ask, Plan, Refusal } from './harness.ts'
import type { Row } from './yahoo-wire.ts'

const DAY_MS = 86_400_000
const INTERVALS = ['1m', '5m', '15m', '30m', '1h', '1d', '1wk', '1mo']
/** Kinds whose volumes are numbers of shares. */
const WITH_SHARES = ['EQUITY', 'ETF']

type Column = (number | string | null)[]
type Event = { date: number; amount?: number; numerator?: number; denominator?: number }
type Chart = {
  meta: { currency: string | null; exchangeTimezoneName: string; instrumentType?: string; regularMarketTime?: number }
  timestamp?: number[]
  indicators: { quote: Record<string, Column>[]; adjclose?: { adjclose: Column }[] }
  events?: { dividends?: Record<string, Event>; splits?: Record<string, Event>; capitalGains?: Record<string, Event> }
}

/** Bars in the recorded interval where we have it, and the events that the chart tells. */
export function planChart(recording: Recording, symbol: string, body: Row, refusal: Refusal): Plan {
  const wire = recording.url.searchParams.get('interval') ?? '1d'
  const interval = (wire === '60m' ? '1h' : wire) as Interval
  if (refusal)
    return { asks: [barsOf(symbol, interval, undefined, 'splits')], everywhere: !refusal.includes('not_found') }
  const [chart] = (body['chart'] as { result?: Chart[] | null } | undefined)?.result ?? []
  if (!chart?.meta?.exchangeTimezoneName)
    return { asks: [barsOf(symbol, interval, undefined, 'splits')], refusal: ['bad_payload'] }
  const asks: Ask[] = []
  if (INTERVALS.includes(interval)) asks.push(barsOf(symbol, interval, chart, 'splits'))
  if (interval === '1d' && chart.indicators.adjclose) asks.push(barsOf(symbol, interval, chart, 'all'))
  if (chart.events?.dividends || chart.events?.capitalGains) asks.push(dividendsOf(symbol, chart))
  if (chart.events?.splits) asks.push(splitsOf(symbol, chart))
  if (asks.length === 0) return { notApplicable: `no bars of ${interval}, and no events` }
  const last = chart.timestamp?.at(-1)
  return { asks, now: last === undefined ? undefined : (last + 86_400) * 1000 }
}

function barsOf(symbol: string, interval: Interval, chart: Chart | undefined, adjusted: 'splits' | 'all'): Ask {
  const stamps = chart?.timestamp ?? []
  // Sessions are asked for by date, and a date's instants reach over both sides of it.
  const from = (stamps[0] ?? 1_700_000_000) * 1000 - (interval.includes('m') && interval !== '1mo' ? 0 : DAY_MS)
  const to = (stamps.at(-1) ?? 1_700_600_000) * 1000 + DAY_MS
  return {
    capability: 'bars',
    run: (provider, signal) => provider.bars!({ symbol, interval, from, to, adjusted }, signal),
    check(value: BarSeries) {
      const { currency, perMajor } = checks.unitOf(chart!.meta.currency)
      assert.equal(value.currency, currency)
      assert.equal(value.timeZone, chart!.meta.exchangeTimezoneName)
      // Adjusted prices are products, kept to the seven digits that the vendor's single precision has.
      checks.checkBars(value, expectedBars(chart!, interval, adjusted), perMajor, adjusted === 'all' ? 2e-6 : 1e-6)
    }
  }
}

function expectedBars(chart: Chart, interval: Interval, adjusted: 'splits' | 'all'): checks.WireBar[] {
  const { meta, timestamp = [], indicators } = chart
  const column = (name: string) => indicators.quote[0]?.[name] ?? []
  const [opens, highs, lows, closes, volumes] = ['open', 'high', 'low', 'close', 'volume'].map(column)
  const closed = indicators.adjclose?.[0]?.adjclose ?? []
  const rows = timestamp.map((seconds, index) => {
    const adjustment = adjusted === 'all' ? (priceIn(closed[index]) ?? 0) / (priceIn(closes![index]) ?? 1) : 1
    const price = (values: Column | undefined) => (priceIn(values?.[index]) ?? 0) * adjustment
    const hasShares = WITH_SHARES.includes(meta.instrumentType ?? '')
    return {
      start: startOf(seconds, interval, meta.exchangeTimezoneName, meta.regularMarketTime),
      open: price(opens),
      high: price(highs),
      low: price(lows),
      close: price(closes),
      ...(hasShares && { volume: numberIn(volumes?.[index]) })
    }
  })
  const bars = checks.wholeBars(rows)
  return interval === '1wk' || interval === '1mo' ? withoutRunningRow(bars, interval) : bars
}

/** A running week or month has a row of its own for today, which belongs into the bar before it. */
function withoutRunningRow(bars: checks.WireBar[], interval: '1wk' | '1mo'): checks.WireBar[] {
  const [before, last] = bars.slice(-2)
  const spanDays = interval === '1wk' ? 7 : 31
  const days = before?.start && last?.start ? (Date.parse(last.start) - Date.parse(before.start)) / DAY_MS : spanDays
  const isRunning = interval === '1wk' ? days < 7 : before?.start?.slice(0, 7) === last?.start?.slice(0, 7)
  if (!before || !last || !isRunning) return bars
  const merged = {
    ...before,
    high: Math.max(before.high, last.high),
    low: Math.min(before.low, last.low),
    close: last.close,
    volume: before.volume === undefined ? undefined : before.volume + (last.volume ?? 0)
  }
  return [...bars.slice(0, -2), merged]
}

/** Midnights of summers that a country has given up stand at 22:00 or 23:00 of the day before. */
function startOf(seconds: number, interval: Interval, timeZone: string, newestTrade?: number): string {
  const instant = new Date(seconds * 1000)
  const isSession = interval === '1d' || interval === '1wk' || interval === '1mo'
  if (!isSession) return instant.toISOString()
  const clock = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' })
  const [date, time] = clock.format(instant).split(' ')
  const isMissedMidnight = seconds !== newestTrade && (time === '22:00:00' || time === '23:00:00')
  return isMissedMidnight ? new Date(Date.parse(date!) + DAY_MS).toISOString().slice(0, 10) : date!
}

function dividendsOf(symbol: string, chart: Chart): Ask {
  return {
    capability: 'dividends',
    run: (provider, signal) => provider.dividends!(symbol, signal),
    check(value: Dividends) {
      const { perMajor } = checks.unitOf(chart.meta.currency)
      assert.equal(value.amountsAdjusted, 'splits')
      for (const [member, kind] of [
        ['dividends', 'cash'],
        ['capitalGains', 'capital_gain']
      ] as const) {
        const wire = Object.values(chart.events?.[member] ?? {}).filter((event) => event.amount)
        const paid = value.dividends.filter((each) => each.kind === kind)
        assert.equal(paid.length, wire.length, `number of ${member}`)
        for (const event of wire) {
          const exDate = startOf(event.date, '1d', chart.meta.exchangeTimezoneName)
          const amount = paid.find((each) => each.exDate === exDate)?.amount
          // Payouts beside prices in pence are in pence of some companies and in pounds of others.
          const isInMajor = perMajor > 1 && amount === event.amount
          near(amount, isInMajor ? event.amount! : event.amount! / perMajor, `${kind} of ${exDate}`)
        }
      }
    }
  }
}

function splitsOf(symbol: string, chart: Chart): Ask {
  return {
    capability: 'splits',
    run: (provider, signal) => provider.splits!(symbol, signal),
    check(value: Splits) {
      const wire = Object.values(chart.events!.splits!)
      assert.equal(value.splits.length, wire.length)
      for (const event of wire) {
        const exDate = startOf(event.date, '1d', chart.meta.exchangeTimezoneName)
        near(
          value.splits.find((each) => each.exDate === exDate)?.ratio,
          event.numerator! / event.denominator!,
          `split of ${exDate}`
        )
      }
    }
  }
}
