import assert from 'node:assert/strict'
import type { Adjustment, BarSeries, Interval } from '../../src/market/bar.ts'
import type { Indices, MoverKind } from '../../src/market/market-wide.ts'
import type { Provenance } from '../../src/market/provenance.ts'
import type { Quote } from '../../src/market/quote.ts'
import type { Recording } from '../../src/sandbox/recording.ts'
import * as checks from './checks.ts'
import { canonical, near, numberIn, priceIn, same, textIn, wallInstant } from './checks.ts'
import {
  dividends,
  fundamentals,
  metrics,
  movers,
  news,
  profile,
  search,
  sectors,
  splits,
  type Row
} from './fmp-company.ts'
import { planForeign } from './foreign.ts'
import type { Ask, Plan, Refusal } from './harness.ts'

const DAY_MS = 86_400_000
const NEW_YORK = 'America/New_York'

const STATEMENTS = ['income-statement', 'balance-sheet-statement', 'cash-flow-statement']
const MOVERS: Record<string, MoverKind> = {
  'biggest-gainers': 'gainers',
  'biggest-losers': 'losers',
  'most-actives': 'actives'
}
const ADJUSTMENTS: Record<string, Adjustment> = {
  full: 'splits',
  'non-split-adjusted': 'none',
  'dividend-adjusted': 'all'
}

/**
 * What a recording of FMP answers, by its path alone. The paths of the closed `/api/v3` are read as their successors:
 * their shapes live on in data that others keep.
 */
export function planFmp(recording: Recording, refusal: Refusal): Plan {
  const { pathname, searchParams } = recording.url
  const path = decodeURIComponent(pathname)
  const isLegacy = !path.startsWith('/stable/')
  const { name, inPath, ofLegacyPath } = endpointIn(path)
  const rows = (refusal ? [] : (rowsOf(recording) as (Row | null)[])).filter((row) => row !== null)
  const inQuery = ['symbol', 'symbols', 'tickers'].map((each) => searchParams.get(each)).find((each) => each !== null)
  const symbols = (inQuery ?? ofLegacyPath ?? 'AAPL').split(',').map(canonical)
  const symbol = symbols[0]!
  const everywhere = isLegacy || (refusal !== undefined && !refusal.includes('not_found'))
  const plan = (...asks: Ask[]): Plan => ({ asks, everywhere })

  if (name === 'quote' || name === 'batch-quote')
    return { asks: [quotes(symbols, rows)], everywhere, plan: name === 'quote' ? 'free' : 'standard' }
  if (name === 'historical-price-eod' && ADJUSTMENTS[inPath ?? ''])
    return plan(daily(symbol, rows, ADJUSTMENTS[inPath!]!))
  if (name === 'historical-price-full') return plan(daily(symbol, rows, 'splits'))
  if (name === 'historical-chart' && /^[A-Z0-9]{6,}$/.test(symbol))
    return { notApplicable: 'the vendor does not say whose clock the bars of a pair follow' }
  if (name === 'historical-chart' && inPath !== '4hour') return plan(intraday(symbol, rows, inPath ?? '5min'))
  if (name === 'batch-index-quotes') return plan(indices(rows))
  if (name === 'profile') return plan(profile(symbol, rows))
  if (name === 'search-symbol' || name === 'search-name' || name === 'search')
    return plan(search(searchParams.get('query') ?? 'AAPL', rows))
  if (name === 'news' && inPath === 'stock') return plan(news(symbol, rows))
  if (name === 'sector-performance-snapshot') return plan(sectors(rows))
  if (MOVERS[name]) return plan(movers(MOVERS[name], rows))
  if (STATEMENTS.includes(name)) return plan(fundamentals(symbol, rows))
  if (name === 'ratios-ttm' || name === 'key-metrics-ttm') return plan(metrics(symbol, rows))
  if (name === 'splits') return plan(splits(symbol, rows))
  if (name === 'dividends') return plan(dividends(symbol, rows))
  if (refusal) return plan(quotes(symbols, []))
  const why = `no capability asks ${name}`
  // They look like quotes, but their prices are of another session.
  return name.includes('aftermarket') ? { notApplicable: why } : planForeign(recording, why)
}

type Endpoint = { name: string; inPath?: string | undefined; ofLegacyPath?: string | undefined }

/** The closed paths as their successors: `/api/v3/historical-chart/5min/AAPL` is `historical-chart/5min` of AAPL. */
function endpointIn(path: string): Endpoint {
  const [, version, first = '', ...rest] = path.split('/').filter((part) => part !== 'api')
  if (version === 'stable') return { name: first, inPath: rest.length > 0 ? rest.join('/') : undefined }
  if (first === 'stock_market') return { name: rest[0] === 'actives' ? 'most-actives' : `biggest-${rest[0]}` }
  if (first === 'stock_news') return { name: 'news', inPath: 'stock' }
  if (first === 'historical-chart') return { name: first, inPath: rest[0], ofLegacyPath: rest[1] }
  if (rest[0] === 'stock_dividend') return { name: 'dividends', ofLegacyPath: rest[1] }
  if (rest[0] === 'stock_split') return { name: 'splits', ofLegacyPath: rest[1] }
  return { name: first, ofLegacyPath: rest[0] }
}

function rowsOf(recording: Recording): unknown {
  const json: unknown = JSON.parse(checks.textOf(recording))
  return Array.isArray(json) ? json : (json as { historical?: unknown }).historical
}

function quotes(symbols: string[], rows: Row[]): Ask {
  return {
    capability: 'quotes',
    run: (provider, signal) => provider.quotes!(symbols, signal),
    check(values: Quote[]) {
      const priced = rows.filter((row) => priceIn(row['price']) !== undefined)
      assert.deepEqual(
        values.map(({ symbol }) => symbol).sort(),
        priced.map((row) => canonical(String(row['symbol']))).sort()
      )
      for (const value of values)
        checkRow(
          value,
          priced.find((row) => canonical(String(row['symbol'])) === value.symbol)!
        )
    }
  }
}

/** A listing in London may be in pence: a value says that it was, or that it does not know. */
function perMajorOf({ provenance }: { provenance: Provenance }, symbol: string): number {
  const perMajor = provenance.notes?.some((note) => note.includes('converted')) ? 100 : 1
  const isSaid = perMajor > 1 || provenance.state === 'suspect'
  assert(isSaid || !/\.(L|JO|TA)$/.test(symbol), 'the unit of the price is taken for granted')
  return perMajor
}

/** Prices of shares carry noise in the fifth decimal, which adapters may remove. */
const NOISE = 1e-5

function checkRow(value: Quote, row: Row): void {
  checks.checkQuote(value)
  const isInDoubt = value.provenance.state === 'suspect'
  const perMajor = perMajorOf(value, value.symbol)
  const scaled = (name: string) => {
    const price = priceIn(row[name])
    return price === undefined ? undefined : price / perMajor
  }
  near(value.price, scaled('price')!, 'price', NOISE)
  if (row['name'] !== undefined) assert.equal(value.name, textIn(row['name']))
  const members = { previousClose: value.previousClose, open: value.open, dayHigh: value.dayHigh, dayLow: value.dayLow }
  for (const [name, actual] of Object.entries(members)) same(actual, scaled(name), name, NOISE)
  const percent = numberIn(row['changePercentage'] ?? row['changesPercentage'])
  if (percent !== undefined) near(value.changePercent, percent, 'percent')
  if (perMajor === 1 && !isInDoubt) same(value.marketCap, priceIn(row['marketCap']), 'market capitalisation')
  if (!value.symbol.startsWith('^')) same(value.volume, numberIn(row['volume']), 'volume')
  const stamp = numberIn(row['timestamp'])
  if (stamp !== undefined) assert.equal(Date.parse(value.asOf), stamp * 1000, 'asOf')
}

function daily(symbol: string, rows: Row[], adjusted: Adjustment): Ask {
  const dates = rows.map((row) => String(row['date']).slice(0, 10)).sort()
  const from = Date.parse(dates[0] ?? '2024-01-02')
  const to = Date.parse(dates.at(-1) ?? '2024-01-03') + DAY_MS
  return {
    capability: 'bars',
    run: (provider, signal) => provider.bars!({ symbol, interval: '1d', from, to, adjusted }, signal),
    check(value: BarSeries) {
      assert.equal(value.adjusted, adjusted)
      checks.checkBars(
        value,
        expectedBars(rows, (row) => String(row['date']).slice(0, 10)),
        perMajorOf(value, symbol)
      )
    }
  }
}

function intraday(symbol: string, rows: Row[], wire: string): Ask {
  const interval = (wire === '1hour' ? '1h' : wire.replace('min', 'm')) as Interval
  const zone = zoneOf(symbol)
  const starts = rows.map((row) => wallInstant(zone, String(row['date']))).sort()
  const from = Date.parse(starts[0] ?? '2024-01-02T14:30:00Z')
  const to = Date.parse(starts.at(-1) ?? '2024-01-02T21:00:00Z') + 1
  return {
    capability: 'bars',
    run: (provider, signal) => provider.bars!({ symbol, interval, from, to, adjusted: 'splits' }, signal),
    check: (value: BarSeries) =>
      checks.checkBars(
        value,
        expectedBars(rows, (row) => wallInstant(zone, String(row['date']))),
        perMajorOf(value, symbol)
      )
  }
}

/** Intraday rows follow the clock of the exchange. */
function zoneOf(symbol: string): string {
  const suffix = /\.([A-Z]{1,2})$/.exec(symbol)?.[1] ?? (symbol.startsWith('NSE:') ? 'NS' : '')
  return ZONES[suffix] ?? NEW_YORK
}
const ZONES: Record<string, string> = {
  L: 'Europe/London',
  DE: 'Europe/Berlin',
  PA: 'Europe/Paris',
  AS: 'Europe/Amsterdam',
  MI: 'Europe/Rome',
  SW: 'Europe/Zurich',
  T: 'Asia/Tokyo',
  HK: 'Asia/Hong_Kong',
  TO: 'America/Toronto',
  V: 'America/Toronto',
  NS: 'Asia/Kolkata',
  AX: 'Australia/Sydney',
  SA: 'America/Sao_Paulo',
  JO: 'Africa/Johannesburg',
  TA: 'Asia/Jerusalem'
}

function expectedBars(rows: Row[], startOf: (row: Row) => string): checks.WireBar[] {
  return checks.wholeBars(
    rows.map((row) => {
      const price = (name: string) =>
        numberIn(
          row['adjOpen'] !== undefined && row['open'] === undefined ? row[`adj${name}`] : row[name.toLowerCase()]
        )
      return {
        start: startOf(row),
        open: price('Open'),
        high: price('High'),
        low: price('Low'),
        close: price('Close'),
        volume: numberIn(row['volume'])
      }
    })
  )
}

function indices(rows: Row[]): Ask {
  return {
    capability: 'indices',
    run: (provider, signal) => provider.indices!(signal),
    check({ indices: values }: Indices) {
      assert(values.length > 0, 'no index came')
      for (const value of values)
        checkRow(
          value,
          rows.find((row) => row['symbol'] === value.symbol)!
        )
    }
  }
}
