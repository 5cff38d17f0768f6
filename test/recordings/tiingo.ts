import assert from 'node:assert/strict'
import type { Adjustment, BarSeries, Interval } from '../../src/market/bar.ts'
import type { Dividends, Splits } from '../../src/market/corporate-action.ts'
import type { Fundamentals } from '../../src/market/fundamentals.ts'
import type { News } from '../../src/market/news.ts'
import type { Profile } from '../../src/market/profile.ts'
import type { Quote } from '../../src/market/quote.ts'
import type { SearchResult } from '../../src/market/search.ts'
import type { Recording } from '../../src/sandbox/recording.ts'
import * as checks from './checks.ts'
import { canonical, near, numberIn, priceIn, same, textIn } from './checks.ts'
import { planForeign } from './foreign.ts'
import type { Ask, Plan, Refusal } from './harness.ts'

const DAY_MS = 86_400_000

type Row = Record<string, unknown>

/** What a recording of Tiingo answers, by its path alone. */
export function planTiingo(recording: Recording, refusal: Refusal): Plan {
  const { pathname, searchParams } = recording.url
  const path = pathname.replace(/(.)\/$/, '$1')
  const json = refusal ? [] : (JSON.parse(checks.textOf(recording)) as Row[] & Row)
  const isList = !/^\/tiingo\/daily\/[^/]+$/.test(path)
  if (!refusal && isList !== Array.isArray(json)) {
    return { ...planTiingo(recording, ['bad_payload']), refusal: ['bad_payload'] }
  }
  const body = (isList ? json.filter((row) => row !== null) : json) as Row[] & Row
  const everywhere = refusal !== undefined && !refusal.includes('not_found')
  const plan = (...asks: Ask[]): Plan => ({ asks, everywhere })
  const named = (text: string) => text.split(',').map(canonical)

  const [, inDaily, prices] = /^\/tiingo\/daily\/([^/]+)(\/prices)?$/.exec(path) ?? []
  if (inDaily && prices) return { ...planDaily(recording, canonical(inDaily), body, refusal), everywhere }
  if (inDaily) return plan(profile(canonical(inDaily), body))
  const [, inIex, bars] = /^\/iex(?:\/([^/]+))?(\/prices)?$/.exec(path) ?? []
  if (bars) return plan(intraday(canonical(inIex!), body, searchParams.get('resampleFreq') ?? '5min'))
  if (path.startsWith('/iex'))
    return plan(quotes(inIex ? [canonical(inIex)] : quoted(searchParams, body).flatMap(named), body))
  if (path.startsWith('/tiingo/news')) return plan(news(searchParams, body))
  if (path === '/tiingo/utilities/search') return plan(search(searchParams.get('query') ?? 'AAPL', body))
  const [, company, part] = /^\/tiingo\/fundamentals\/([^/]+)\/(daily|statements)$/.exec(path) ?? []
  if (part === 'statements') return plan(statements(canonical(company!), body))
  if (part === 'daily') return plan(metrics(canonical(company!), body))
  return refusal ? plan(quotes(['AAPL'], [])) : planForeign(recording, `no capability asks ${path}`)
}

/** The tickers that were asked for; without any the vendor sends all that it has. */
function quoted(query: URLSearchParams, rows: Row[]): string[] {
  const asked = query.getAll('tickers')
  return asked.length > 0 ? asked : rows.map((row) => String(row['ticker']))
}

function quotes(symbols: string[], rows: Row[]): Ask {
  return {
    capability: 'quotes',
    run: (provider, signal) => provider.quotes!(symbols, signal),
    check(values: Quote[]) {
      const priceOf = (row: Row) => priceIn(row['tngoLast']) ?? priceIn(row['last'])
      assert.deepEqual(
        values.map(({ symbol }) => symbol).sort(),
        rows
          .filter(priceOf)
          .map((row) => canonical(String(row['ticker'])))
          .sort()
      )
      for (const value of values) {
        const row = rows.find((each) => canonical(String(each['ticker'])) === value.symbol)!
        checks.checkQuote(value)
        const [price, previous] = [priceOf(row)!, priceIn(row['prevClose'])]
        near(value.price, price, 'price')
        same(value.previousClose, previous, 'previous close')
        same(value.changePercent, previous === undefined ? undefined : (price / previous - 1) * 100, 'percent', 1e-4)
        same(value.open, priceIn(row['open']), 'open')
        same(value.dayHigh, priceIn(row['high']), 'high')
        same(value.dayLow, priceIn(row['low']), 'low')
        // Nine decimals of a second are more than a date holds.
        const stamp = price === row['last'] ? (row['lastSaleTimestamp'] ?? row['timestamp']) : row['timestamp']
        near(Date.parse(value.asOf), Date.parse(String(stamp)), 'asOf')
        // One venue's own trades are not the day's volume, and a side far from the price is no market.
        if (row['bidPrice'] !== null) assert.equal(value.volume, undefined, "IEX's own volume is not the day's")
        if (value.bid !== undefined) assert(Math.abs(value.bid / value.price - 1) < 0.05, `a bid of ${value.bid}`)
        if (value.ask !== undefined) assert(Math.abs(value.ask / value.price - 1) < 0.05, `an ask of ${value.ask}`)
      }
    }
  }
}

const INTERVALS: Record<string, Interval> = { daily: '1d', weekly: '1wk', monthly: '1mo' }

/** Daily rows hold prices as traded and adjusted side by side, dividends and splits. Columns may have been left out. */
function planDaily(recording: Recording, symbol: string, rows: Row[], refusal: Refusal): Plan {
  const interval = INTERVALS[recording.url.searchParams.get('resampleFreq') ?? 'daily']
  if (!interval) return { notApplicable: 'no bars of a year' }
  const isWhole = (row: Row) => ['open', 'high', 'low', 'close'].every((name) => priceIn(row[name]))
  const whole = rows.filter(isWhole)
  if (!refusal && rows.length > 0 && whole.length === 0)
    return { asks: [sessions(symbol, interval, [], 'none')], refusal: ['bad_payload'] }
  const asks = [sessions(symbol, interval, whole, 'none')]
  const first = rows[0]
  if (!refusal && first?.['adjClose'] !== undefined) asks.push(sessions(symbol, interval, whole, 'all'))
  if (!refusal && interval === '1d' && first?.['divCash'] !== undefined)
    asks.push(dividends(symbol, rows), splits(symbol, rows))
  return { asks }
}

function sessions(symbol: string, interval: Interval, rows: Row[], adjusted: Adjustment): Ask {
  const dates = rows.map((row) => String(row['date']).slice(0, 10)).sort()
  const from = Date.parse(dates[0] ?? '2024-01-02') - (interval === '1d' ? 0 : 31 * DAY_MS)
  const to = Date.parse(dates.at(-1) ?? '2024-01-03') + DAY_MS
  return {
    capability: 'bars',
    run: (provider, signal) => provider.bars!({ symbol, interval, from, to, adjusted }, signal),
    check(value: BarSeries) {
      assert.equal(value.adjusted, adjusted)
      assert.equal(value.timeZone, 'America/New_York')
      const sorted = rows.toSorted((a, b) => String(a['date']).localeCompare(String(b['date'])))
      const prefix = adjusted === 'all' ? 'adj' : ''
      const member = (row: Row, name: string) => numberIn(row[prefix ? prefix + name : name.toLowerCase()])!
      const expected = sorted.map((row) => ({
        // A session date: read in New York time it would be the day before.
        start: interval === '1d' ? String(row['date']).slice(0, 10) : undefined,
        open: member(row, 'Open'),
        high: member(row, 'High'),
        low: member(row, 'Low'),
        close: member(row, 'Close'),
        volume: numberIn(row[adjusted === 'all' ? 'adjVolume' : 'volume'])
      }))
      checks.checkBars(value, expected)
    }
  }
}

function intraday(symbol: string, rows: Row[], frequency: string): Ask {
  const lower = frequency.toLowerCase()
  const interval = (lower === '1hour' || lower === '60min' ? '1h' : lower.replace('min', 'm')) as Interval
  const starts = rows.map((row) => Date.parse(String(row['date'])))
  const from = Math.min(...starts, Date.UTC(2024, 0, 2))
  const to = Math.max(...starts, Date.UTC(2000, 0, 3)) + 1
  return {
    capability: 'bars',
    run: (provider, signal) => provider.bars!({ symbol, interval, from, to, adjusted: 'none' }, signal),
    check(value: BarSeries) {
      assert.equal(value.provenance.feed, 'iex')
      const bars = rows.map((row) => ({
        start: new Date(Date.parse(String(row['date']))).toISOString(),
        open: numberIn(row['open']),
        high: numberIn(row['high']),
        low: numberIn(row['low']),
        close: numberIn(row['close']),
        volume: numberIn(row['volume'])
      }))
      checks.checkBars(value, checks.wholeBars(bars))
    }
  }
}

function dividends(symbol: string, rows: Row[]): Ask {
  return {
    capability: 'dividends',
    run: (provider, signal) => provider.dividends!(symbol, signal),
    check(value: Dividends) {
      const paid = rows.filter((row) => Number(row['divCash']) > 0)
      assert.equal(value.dividends.length, paid.length)
      assert.equal(value.amountsAdjusted, 'none')
      for (const row of paid) {
        const exDate = String(row['date']).slice(0, 10)
        near(
          value.dividends.find((each) => each.exDate === exDate)?.amount,
          Number(row['divCash']),
          `dividend of ${exDate}`
        )
      }
    }
  }
}

function splits(symbol: string, rows: Row[]): Ask {
  return {
    capability: 'splits',
    run: (provider, signal) => provider.splits!(symbol, signal),
    check(value: Splits) {
      const wire = rows.filter((row) => Number(row['splitFactor']) !== 1)
      assert.equal(value.splits.length, wire.length)
      for (const row of wire) {
        const exDate = String(row['date']).slice(0, 10)
        near(
          value.splits.find((each) => each.exDate === exDate)?.ratio,
          Number(row['splitFactor']),
          `split of ${exDate}`
        )
      }
    }
  }
}

function profile(symbol: string, row: Row): Ask {
  return {
    capability: 'profile',
    run: (provider, signal) => provider.profile!(symbol, signal),
    check(value: Profile) {
      assert.equal(value.symbol, symbol)
      assert.equal(value.name, textIn(row['name']))
      assert.equal(value.exchange, textIn(row['exchangeCode']))
      if (textIn(row['description'])) assert(value.description, 'the description is missing')
    }
  }
}

function search(query: string, rows: Row[]): Ask {
  return {
    capability: 'search',
    run: (provider, signal) => provider.search!(query, 100, signal),
    check({ matches }: SearchResult) {
      const found = new Map(matches.map((match) => [match.symbol, match]))
      const symbolOf = (row: Row) =>
        canonical(
          String(row['ticker'])
            .replace(/^[69]\d{5}$/, '$&.SS')
            .replace(/^[023]\d{5}$/, '$&.SZ')
        )
      const sold = rows.map(symbolOf).filter((symbol) => !/^\d{6}$/.test(symbol))
      assert.equal(found.size, new Set(sold).size)
      for (const [symbol, match] of found) {
        // Of two companies that had one ticker, the one that has it now.
        const named = rows.filter((row) => symbolOf(row) === symbol)
        assert.equal(match.name, textIn((named.find((row) => row['isActive'] !== false) ?? named[0])!['name']))
      }
    }
  }
}

function news(query: URLSearchParams, rows: Row[]): Ask {
  const symbol = canonical((query.get('tickers') ?? 'AAPL').split(',')[0]!)
  return {
    capability: 'news',
    run: (provider, signal) => provider.news!(symbol, 1000, signal),
    check({ items }: News) {
      const titles = new Set(rows.map((row) => String(row['title']).trim().toLowerCase().replaceAll(/\s+/g, ' ')))
      assert.equal(items.length, titles.size, 'one entry per story')
      for (const item of items) {
        const row = rows.find((each) => String(each['id']) === item.id)
        assert(row, `${item.id} is no story of the payload`)
        assert.equal(item.title, textIn(row['title']))
        assert.equal(item.url, row['url'])
        assert.equal(Date.parse(item.publishedAt), Date.parse(String(row['publishedDate'])))
        for (const ticker of (row['tickers'] as string[] | undefined) ?? []) {
          if (/^[a-z]+$/.test(ticker)) assert(item.symbols.includes(ticker.toUpperCase()), `${ticker} is named`)
        }
      }
      const instants = items.map((item) => item.publishedAt)
      assert.deepEqual(instants, [...instants].sort().toReversed(), 'newest first')
    }
  }
}

/** Lines by the vendor's codes. */
const LINES = {
  revenue: 'revenue',
  grossProfit: 'grossProfit',
  opinc: 'operatingIncome',
  netinc: 'netIncome',
  epsDil: 'epsDiluted',
  totalAssets: 'totalAssets',
  totalLiabilities: 'totalLiabilities',
  equity: 'equity',
  ncfo: 'operatingCashFlow',
  freeCashFlow: 'freeCashFlow'
} as const

type Line = { dataCode: string; value: unknown }

function statements(symbol: string, rows: Row[]): Ask {
  return {
    capability: 'fundamentals',
    run: (provider, signal) => provider.fundamentals!(symbol, signal),
    check(value: Fundamentals) {
      assert.equal(value.statements.length, rows.length)
      for (const row of rows) {
        const period = row['quarter'] === 0 ? 'annual' : 'quarterly'
        const statement = value.statements.find(
          (each) => each.period === period && each.periodEnd === String(row['date']).slice(0, 10)
        )
        assert(statement, `the statement of ${String(row['date'])} is missing`)
        for (const { dataCode, value: amount } of Object.values(
          row['statementData'] as Record<string, Line[]>
        ).flat()) {
          const line = LINES[dataCode as keyof typeof LINES]
          if (line && typeof amount === 'number')
            near(statement.lines[line], amount, `${line} of ${statement.periodEnd}`)
        }
      }
    }
  }
}

function metrics(symbol: string, rows: Row[]): Ask {
  const newest = rows.toSorted((a, b) => String(b['date']).localeCompare(String(a['date'])))[0] ?? {}
  return {
    capability: 'fundamentals',
    run: (provider, signal) => provider.fundamentals!(symbol, signal),
    check({ metrics: value }: Fundamentals) {
      same(value.marketCap, numberIn(newest['marketCap']), 'market capitalisation')
      same(value.enterpriseValue, numberIn(newest['enterpriseVal']), 'enterprise value')
      same(value.peRatio, numberIn(newest['peRatio']), 'price to earnings')
      same(value.priceToBook, numberIn(newest['pbRatio']), 'price to book')
    }
  }
}
