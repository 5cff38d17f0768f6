import assert from 'node:assert/strict'
import type { Dividends, Splits } from '../../src/market/corporate-action.ts'
import { countryNamed } from '../../src/market/country.ts'
import type { Fundamentals, StatementLines } from '../../src/market/fundamentals.ts'
import type { MoverKind, Movers, Sectors } from '../../src/market/market-wide.ts'
import type { News } from '../../src/market/news.ts'
import type { Profile } from '../../src/market/profile.ts'
import { sectorNamed } from '../../src/market/sector.ts'
import type { SearchResult } from '../../src/market/search.ts'
import * as checks from './checks.ts'
import { canonical, near, numberIn, priceIn, same, textIn, wallInstant } from './checks.ts'
import type { Ask } from './harness.ts'

const NEW_YORK = 'America/New_York'

export type Row = Record<string, unknown>

export function profile(symbol: string, [row = {}]: Row[]): Ask {
  return {
    capability: 'profile',
    run: (provider, signal) => provider.profile!(symbol, signal),
    check(value: Profile) {
      assert.equal(value.symbol, symbol)
      assert.equal(value.name, textIn(row['companyName']))
      assert.equal(value.currency, checks.unitOf(textIn(row['currency'])).currency)
      assert.equal(value.sector, sectorNamed(textIn(row['sector'])))
      assert.equal(value.country, countryNamed(textIn(row['country'])))
      for (const name of ['industry', 'isin', 'cusip', 'cik', 'ipoDate'] as const) {
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

export function search(query: string, rows: Row[]): Ask {
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

export function news(symbol: string, rows: Row[]): Ask {
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
export function sectors(rows: Row[]): Ask {
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

export function movers(type: MoverKind, rows: Row[]): Ask {
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

export function fundamentals(symbol: string, rows: Row[]): Ask {
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

export function metrics(symbol: string, [row = {}]: Row[]): Ask {
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

export function splits(symbol: string, rows: Row[]): Ask {
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

export function dividends(symbol: string, rows: Row[]): Ask {
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
