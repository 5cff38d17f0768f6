import assert from 'node:assert/strict'
import type { Dividends, Splits } from '../../src/market/corporate-action.ts'
import { countryNamed } from '../../src/market/country.ts'
import type { Fundamentals } from '../../src/market/fundamentals.ts'
import type { MoverKind, Movers } from '../../src/market/market-wide.ts'
import type { News } from '../../src/market/news.ts'
import type { OptionChain } from '../../src/market/option-chain.ts'
import type { Profile } from '../../src/market/profile.ts'
import { sectorNamed } from '../../src/market/sector.ts'
import type { SearchResult } from '../../src/market/search.ts'
import type { Recording } from '../../src/sandbox/recording.ts'
import { canonical, member, type Row } from './alpha-vantage-wire.ts'
import * as checks from './checks.ts'
import { near, numberIn, priceIn, same, textIn } from './checks.ts'
import type { Ask } from './harness.ts'

export function profile(symbol: string, wire: Row): Ask {
  return {
    capability: 'profile',
    run: (provider, signal) => provider.profile!(symbol, signal),
    check(value: Profile) {
      assert.equal(value.symbol, symbol)
      assert.equal(value.name, textIn(wire['Name']))
      assert.equal(value.sector, sectorNamed(textIn(wire['Sector'])))
      assert.equal(value.industry, textIn(wire['Industry']))
      assert.equal(value.country, countryNamed(textIn(wire['Country'])))
      same(value.marketCap, priceIn(wire['MarketCapitalization']), 'market capitalisation')
      same(value.beta, numberIn(wire['Beta']), 'beta')
      same(value.eps, numberIn(wire['EPS']), 'earnings per share')
      same(value.sharesOutstanding, priceIn(wire['SharesOutstanding']), 'shares')
      same(value.employees, priceIn(wire['FullTimeEmployees']), 'employees')
      const dividendYield = numberIn(wire['DividendYield'])
      same(value.dividendYieldPercent, dividendYield === undefined ? undefined : dividendYield * 100, 'yield', 1e-4)
    }
  }
}

export function search({ url }: Recording, body: { bestMatches?: Row[] }): Ask {
  const query = url.searchParams.get('keywords') ?? ''
  return {
    capability: 'search',
    run: (provider, signal) => provider.search!(query, 50, signal),
    check(value: SearchResult) {
      const known = body.bestMatches!.filter((row) => canonical(member(row, 'symbol')!) !== undefined)
      assert.deepEqual(
        value.matches.map((each) => each.symbol),
        known.map((row) => canonical(member(row, 'symbol')!))
      )
      assert.deepEqual(
        value.matches.map((each) => each.name),
        known.map((row) => textIn(member(row, 'name')))
      )
      const currencies = known.map((row) => checks.unitOf(textIn(member(row, 'currency'))).currency)
      assert.deepEqual(
        value.matches.map((each) => each.currency),
        currencies
      )
    }
  }
}

const LISTS = { gainers: 'top_gainers', losers: 'top_losers', actives: 'most_actively_traded' } as const

export function movers(type: MoverKind, body: Record<string, Row[]>): Ask {
  const isGarbage = (row: Row) => {
    const percent = numberIn(row['change_percentage'])
    const isDerivative = !/^[A-Z]+([.-][A-Z])?$/.test(row['ticker']!) || /^[A-Z]{4}[WRU]$/.test(row['ticker']!)
    return (
      isDerivative ||
      percent === undefined ||
      percent <= -100 ||
      percent > 10_000 ||
      priceIn(row['price']) === undefined
    )
  }
  return {
    capability: 'movers',
    run: (provider, signal) => provider.movers!(type, signal),
    check(value: Movers) {
      const wire = body[LISTS[type]]!
      checks.checkRows(value.movers, wire, (row) => checks.canonical(row['ticker']!), isGarbage)
      for (const mover of value.movers) {
        const row = wire.find((each) => checks.canonical(each['ticker']!) === mover.symbol)!
        assert(!isGarbage(row), `${mover.symbol} is no share`)
        near(mover.price, Number(row['price']), `price of ${mover.symbol}`)
        near(mover.changePercent, parseFloat(row['change_percentage']!), `percent of ${mover.symbol}`)
        same(mover.volume, numberIn(row['volume']), `volume of ${mover.symbol}`)
      }
    }
  }
}

type Story = {
  title: string
  url: string
  time_published: string
  ticker_sentiment?: Row[]
  overall_sentiment_score: unknown
}

export function news({ url }: Recording, body: { feed?: Story[] }): Ask {
  const named = url.searchParams
    .get('tickers')
    ?.split(',')
    .find((each) => !each.includes(':'))
  const symbol = canonical(named ?? 'IBM') ?? 'IBM'
  return {
    capability: 'news',
    run: (provider, signal) => provider.news!(symbol, 1000, signal),
    check(value: News) {
      const stories = new Map(body.feed!.map((story) => [story.url, story]))
      assert.equal(value.items.length, stories.size, 'one entry per story')
      for (const item of value.items) {
        const story = stories.get(item.url)!
        const [, y, mo, d, h, mi, s] = /(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})?/.exec(story.time_published)!
        assert.equal(item.publishedAt, `${y}-${mo}-${d}T${h}:${mi}:${s ?? '00'}.000Z`)
        const own = story.ticker_sentiment?.find((each) => canonical(each['ticker']!) === symbol)
        same(item.sentiment, numberIn(own ? own['ticker_sentiment_score'] : story.overall_sentiment_score), 'sentiment')
      }
      const instants = value.items.map((item) => item.publishedAt)
      assert.deepEqual(instants, [...instants].sort().toReversed(), 'newest first')
    }
  }
}

export function options(symbol: string, body: { data?: Row[] }): Ask {
  return {
    capability: 'options',
    run: (provider, signal) => provider.options!(symbol, undefined, signal),
    check(value: OptionChain) {
      const expiries = [...new Set(body.data!.map((row) => row['expiration']!))].sort()
      assert.deepEqual(value.expiries, expiries)
      const wanted = body.data!.filter((row) => row['expiration'] === expiries[0])
      assert.equal(value.contracts.length, wanted.length)
      for (const [index, contract] of value.contracts.entries()) {
        const row = wanted[index]!
        assert.equal(contract.symbol, row['contractID'])
        assert.equal(contract.side, row['type'])
        near(contract.strike, Number(row['strike']), 'strike')
        same(contract.bid, priceIn(row['bid']), 'bid')
        same(contract.ask, priceIn(row['ask']), 'ask')
        same(contract.last, priceIn(row['last']), 'last')
        same(contract.delta, numberIn(row['delta']), 'delta')
        same(contract.impliedVolatility, priceIn(row['implied_volatility']), 'volatility')
        same(contract.openInterest, numberIn(row['open_interest']), 'open interest')
      }
    }
  }
}

/** Lines under the vendor's names, whichever of the three statements the recording is. */
const LINES = {
  totalRevenue: 'revenue',
  grossProfit: 'grossProfit',
  operatingIncome: 'operatingIncome',
  ebitda: 'ebitda',
  incomeTaxExpense: 'incomeTax',
  totalAssets: 'totalAssets',
  totalLiabilities: 'totalLiabilities',
  totalShareholderEquity: 'equity',
  inventory: 'inventory',
  operatingCashflow: 'operatingCashFlow'
} as const

export function fundamentals(symbol: string, body: { annualReports?: Row[]; quarterlyReports?: Row[] }): Ask {
  return {
    capability: 'fundamentals',
    run: (provider, signal) => provider.fundamentals!(symbol, signal),
    check(value: Fundamentals) {
      for (const [period, reports] of [
        ['annual', body.annualReports],
        ['quarterly', body.quarterlyReports]
      ] as const) {
        for (const row of reports ?? []) {
          const statement = value.statements.find(
            (each) => each.period === period && each.periodEnd === row['fiscalDateEnding']
          )
          assert(statement, `the ${period} statement of ${row['fiscalDateEnding']} is missing`)
          assert.equal(statement.currency, textIn(row['reportedCurrency']))
          for (const [name, line] of Object.entries(LINES)) {
            if (name in row) same(statement.lines[line], numberIn(row[name]), `${line} of ${row['fiscalDateEnding']}`)
          }
          const spent = numberIn(row['capitalExpenditures'])
          if (spent !== undefined) near(statement.lines.capitalExpenditure, -Math.abs(spent), 'capital expenditure')
        }
      }
    }
  }
}

export function splits(symbol: string, body: { data?: Row[] }): Ask {
  return {
    capability: 'splits',
    run: (provider, signal) => provider.splits!(symbol, signal),
    check(value: Splits) {
      const wire = [...body.data!].sort((a, b) => b['effective_date']!.localeCompare(a['effective_date']!))
      assert.deepEqual(
        value.splits,
        wire.map((row) => ({ exDate: row['effective_date'], ratio: Number(row['split_factor']) }))
      )
    }
  }
}

export function dividends(symbol: string, body: { data?: Row[] }): Ask {
  return {
    capability: 'dividends',
    run: (provider, signal) => provider.dividends!(symbol, signal),
    check(value: Dividends) {
      const wire = body.data!.filter((row) => (numberIn(row['amount']) ?? 0) > 0)
      assert.equal(value.dividends.length, wire.length)
      for (const row of wire) {
        const paid = value.dividends.find((each) => each.exDate === row['ex_dividend_date'])
        near(paid?.amount, Number(row['amount']), `dividend of ${row['ex_dividend_date']}`)
        assert.equal(paid?.payDate, textIn(row['payment_date']))
      }
    }
  }
}
