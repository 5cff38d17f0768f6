import assert from 'node:assert/strict'
import type { Adjustment, BarSeries, Interval } from '../../src/market/bar.ts'
import type { Dividends, Splits } from '../../src/market/corporate-action.ts'
import type { Fundamentals, StatementLines } from '../../src/market/fundamentals.ts'
import type { Indices, MoverKind, Movers, Sectors } from '../../src/market/market-wide.ts'
import type { News } from '../../src/market/news.ts'
import type { Profile } from '../../src/market/profile.ts'
import type { Provenance } from '../../src/market/provenance.ts'
import type { Quote } from '../../src/market/quote.ts'
import type { SearchResult } from '../../src/market/search.ts'
import type { Recording } from '../../src/sandbox/recording.ts'
import * as checks from './checks.ts'
import { canonical, near, numberIn, priceIn, same, textIn, wallInstant } from './checks.ts'
import { planForeign } from './foreign.ts'
import type { Ask, Plan, Refusal } from './harness.ts'

const DAY_MS = 86_400_000
const NEW_YORK = 'America/New_York'

type Row = Record<string, unknown>

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
  const [, version, name = '', inPath] =
    /^\/(stable|api\/v\d)\/([^/]+)(?:\/(.+))?$/.exec(decodeURIComponent(pathname)) ?? []
  const rows = (refusal ? [] : (rowsOf(recording) as (Row | null)[])).filter((row) => row !== null)
  const isLegacy = version !== 'stable'
  const symbols = (
    searchParams.get('symbol') ??
    searchParams.get('symbols') ??
    (isLegacy ? inPath : undefined) ??
    'AAPL'
  )
    .split(',')
    .map(canonical)
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

function profile(symbol: string, [row = {}]: Row[]): Ask {
  return {
    capability: 'profile',
    run: (provider, signal) => provider.profile!(symbol, signal),
    check(value: Profile) {
      assert.equal(value.symbol, symbol)
      assert.equal(value.name, textIn(row['companyName']))
      assert.equal(value.currency, checks.unitOf(textIn(row['currency'])).currency)
      for (const name of ['country', 'sector', 'industry', 'isin', 'cusip', 'cik', 'ipoDate'] as const) {
        assert.equal(value[name], textIn(row[name]), name)
      }
      // Whether it is in pence where prices are, nothing tells.
      if (checks.unitOf(textIn(row['currency'])).perMajor === 1)
        same(value.marketCap, priceIn(row['marketCap'] ?? row['mktCap']), 'market capitalisation')
      same(value.beta, numberIn(row['beta']), 'beta')
      same(value.employees, priceIn(row['fullTimeEmployees']), 'employees')
      assert.equal(value.kind === 'etf', row['isEtf'] === true)
    }
  }
}

function search(query: string, rows: Row[]): Ask {
  return {
    capability: 'search',
    run: (provider, signal) => provider.search!(query, 50, signal),
    check({ matches }: SearchResult) {
      const shares = rows.filter(
        (row) => !['CRYPTO', 'FOREX'].includes(String(row['exchange'] ?? row['exchangeShortName']))
      )
      const found = new Map(matches.map((match) => [match.symbol, match]))
      for (const row of shares.filter((each) => /^[\w.^=-]+$/.test(String(each['symbol'])))) {
        const match = found.get(canonical(String(row['symbol'])))
        assert(match, `${String(row['symbol'])} is missing`)
        assert.equal(match.name, textIn(row['name']))
        assert.equal(match.currency, checks.unitOf(textIn(row['currency'])).currency)
      }
      assert(matches.length <= rows.length, 'more matches than rows')
    }
  }
}

function news(symbol: string, rows: Row[]): Ask {
  return {
    capability: 'news',
    run: (provider, signal) => provider.news!(symbol, 250, signal),
    check({ items }: News) {
      const urls = new Set(rows.map((row) => row['url']))
      assert.equal(items.length, urls.size, 'one entry per story')
      for (const item of items) {
        const row = rows.find((each) => each['url'] === item.url)!
        assert.equal(item.title, textIn(row['title']))
        assert.equal(item.publishedAt, wallInstant(NEW_YORK, String(row['publishedDate'])))
        assert.equal(item.publisher, textIn(row['publisher']) ?? textIn(row['site']))
        assert(item.symbols.includes(canonical(String(row['symbol']))), 'the symbol of the story')
      }
      const instants = items.map((item) => item.publishedAt)
      assert.deepEqual(instants, [...instants].sort().toReversed(), 'newest first')
    }
  }
}

/** Rows are per exchange; a sector's figure is the mean of theirs. Names become those of GICS, so values are compared. */
function sectors(rows: Row[]): Ask {
  return {
    capability: 'sectors',
    run: (provider, signal) => provider.sectors!(signal),
    check({ sectors: values }: Sectors) {
      const bySector = Map.groupBy(rows, (row) => String(row['sector']))
      const means = [...bySector.values()].map(
        (each) => each.reduce((sum, row) => sum + Number(row['averageChange']), 0) / each.length
      )
      assert.equal(values.length, means.length)
      const actual = values.map((each) => each.changePercent).sort((a, b) => a - b)
      for (const [index, expected] of means.sort((a, b) => a - b).entries())
        near(actual[index], expected, 'change of a sector')
      for (const value of values)
        assert(
          rows.some((row) => row['date'] === value.asOf),
          `no row is of ${value.asOf}`
        )
    }
  }
}

function movers(type: MoverKind, rows: Row[]): Ask {
  const isGarbage = (row: Row) => {
    const [price, change, percent] = [
      numberIn(row['price']),
      numberIn(row['change']),
      numberIn(row['changesPercentage'] ?? row['changePercentage'])
    ]
    if (price === undefined || price <= 0 || percent === undefined || Math.abs(percent) > 1000) return true
    const isFund = /^[A-Z]{4}X$/.test(String(row['symbol']))
    const against = change === undefined || price === change ? percent : (change / (price - change)) * 100
    const contradicts = change === price || Math.abs(against - percent) > Math.max(0.5, Math.abs(against) * 0.02)
    return isFund || contradicts || (type === 'gainers' && percent <= 0) || (type === 'losers' && percent >= 0)
  }
  return {
    capability: 'movers',
    run: (provider, signal) => provider.movers!(type, signal),
    check({ movers: values }: Movers) {
      checks.checkRows(values, rows, (row) => canonical(String(row['symbol'])), isGarbage)
      for (const mover of values) {
        const row = rows.find((each) => canonical(String(each['symbol'])) === mover.symbol)!
        assert(!isGarbage(row), `${mover.symbol} is no move of a share`)
        near(mover.price, numberIn(row['price'])!, `price of ${mover.symbol}`)
        near(
          mover.changePercent,
          numberIn(row['changesPercentage'] ?? row['changePercentage'])!,
          `percent of ${mover.symbol}`
        )
        assert.equal(mover.name, textIn(row['name']))
      }
    }
  }
}

/** Lines that are one member in one of the statements. */
const LINES: Partial<Record<keyof StatementLines, string>> = {
  revenue: 'revenue',
  operatingIncome: 'operatingIncome',
  netIncome: 'netIncome',
  epsDiluted: 'epsDiluted',
  totalAssets: 'totalAssets',
  totalLiabilities: 'totalLiabilities',
  equity: 'totalStockholdersEquity',
  totalDebt: 'totalDebt',
  operatingCashFlow: 'operatingCashFlow',
  capitalExpenditure: 'capitalExpenditure',
  freeCashFlow: 'freeCashFlow'
}

function fundamentals(symbol: string, rows: Row[]): Ask {
  return {
    capability: 'fundamentals',
    run: (provider, signal) => provider.fundamentals!(symbol, signal),
    check({ statements }: Fundamentals) {
      for (const row of rows) {
        const period = /^Q\d$/.test(String(row['period'])) ? 'quarterly' : 'annual'
        const statement = statements.find((each) => each.period === period && each.periodEnd === row['date'])
        assert(statement, `the statement of ${String(row['date'])} is missing`)
        assert.equal(statement.currency, row['reportedCurrency'])
        assert.equal(statement.filedOn, String(row['filingDate'] ?? row['fillingDate']).slice(0, 10))
        for (const [line, member] of Object.entries(LINES) as [keyof StatementLines, string][]) {
          const expected = priceIn(row[member])
          if (expected !== undefined) near(statement.lines[line], expected, `${line} of ${statement.periodEnd}`)
        }
      }
    }
  }
}

/** Trailing figures under the names of the newest answers; 0 is one that could not be worked out. */
const METRICS: Partial<Record<keyof Fundamentals['metrics'], string>> = {
  peRatio: 'priceToEarningsRatioTTM',
  priceToBook: 'priceToBookRatioTTM',
  bookValuePerShare: 'bookValuePerShareTTM',
  debtToEquity: 'debtToEquityRatioTTM',
  enterpriseValue: 'enterpriseValueTTM'
}

function metrics(symbol: string, [row = {}]: Row[]): Ask {
  return {
    capability: 'fundamentals',
    run: (provider, signal) => provider.fundamentals!(symbol, signal),
    check({ metrics: value }: Fundamentals) {
      for (const [metric, member] of Object.entries(METRICS) as [keyof Fundamentals['metrics'], string][]) {
        const expected = priceIn(row[member])
        if (expected !== undefined) near(value[metric], expected, metric)
      }
    }
  }
}

function splits(symbol: string, rows: Row[]): Ask {
  return {
    capability: 'splits',
    run: (provider, signal) => provider.splits!(symbol, signal),
    check(value: Splits) {
      assert.equal(value.splits.length, rows.length)
      for (const row of rows) {
        const split = value.splits.find((each) => each.exDate === row['date'])
        near(split?.ratio, Number(row['numerator']) / Number(row['denominator']), `split of ${String(row['date'])}`)
      }
    }
  }
}

function dividends(symbol: string, rows: Row[]): Ask {
  return {
    capability: 'dividends',
    run: (provider, signal) => provider.dividends!(symbol, signal),
    check(value: Dividends) {
      const member = value.amountsAdjusted === 'splits' ? 'adjDividend' : 'dividend'
      const paid = rows.filter((row) => (numberIn(row[member]) ?? 0) > 0)
      assert.equal(value.dividends.length, paid.length)
      for (const row of paid) {
        const dividend = value.dividends.find((each) => each.exDate === row['date'])
        near(dividend?.amount, numberIn(row[member])!, `dividend of ${String(row['date'])}`)
        assert.equal(dividend?.payDate, textIn(row['paymentDate']))
      }
    }
  }
}
