import assert from 'node:assert/strict'
import type { BarSeries, Interval } from '../../src/market/bar.ts'
import type { Dividends, Splits } from '../../src/market/corporate-action.ts'
import type { Fundamentals } from '../../src/market/fundamentals.ts'
import type { MoverKind, Movers } from '../../src/market/market-wide.ts'
import type { News } from '../../src/market/news.ts'
import type { OptionChain } from '../../src/market/option-chain.ts'
import type { Profile } from '../../src/market/profile.ts'
import type { Quote } from '../../src/market/quote.ts'
import type { SearchResult } from '../../src/market/search.ts'
import type { Recording } from '../../src/sandbox/recording.ts'
import * as checks from './checks.ts'
import { near, numberIn, priceIn, same, textIn, wallInstant } from './checks.ts'
import { planForeign } from './foreign.ts'
import type { Ask, Plan, Refusal } from './harness.ts'

const DAY_MS = 86_400_000
const NEW_YORK = 'America/New_York'

/** Exchanges of the vendor whose spelling we know, by suffix. */
const SUFFIXES: Record<string, string> = {
  LON: 'L',
  TRT: 'TO',
  TRV: 'V',
  DEX: 'DE',
  FRK: 'F',
  PAR: 'PA',
  AMS: 'AS',
  SAO: 'SA',
  HKG: 'HK',
  SHH: 'SS',
  SHZ: 'SZ'
}

type Row = Record<string, string>

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

function canonical(wire: string): string | undefined {
  const upper = wire.toUpperCase()
  if (upper.endsWith('.BSE')) return `BSE:${upper.slice(0, -4)}`
  const [, root, suffix] = /^(.+)\.([A-Z]{3})$/.exec(upper) ?? []
  if (!suffix) return /^[A-Z0-9.-]+$/.test(upper) ? checks.canonical(upper) : undefined
  return SUFFIXES[suffix] && `${root}.${SUFFIXES[suffix]}`
}

/** Members stand behind a number that differs between functions. */
function member(row: Row, name: string): string | undefined {
  return Object.entries(row ?? {}).find(([key]) => key === name || key.endsWith(`. ${name}`))?.[1]
}

function quote(symbol: string, body: { 'Global Quote'?: Row }): Ask {
  return {
    capability: 'quotes',
    run: (provider, signal) => provider.quotes!([symbol], signal),
    check([value, ...more]: Quote[]) {
      assert(value && more.length === 0, 'one quote')
      const wire = Object.entries(body).find(([name]) => name.startsWith('Global Quote'))![1]!
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

function profile(symbol: string, wire: Row): Ask {
  return {
    capability: 'profile',
    run: (provider, signal) => provider.profile!(symbol, signal),
    check(value: Profile) {
      assert.equal(value.symbol, symbol)
      assert.equal(value.name, textIn(wire['Name']))
      assert.equal(value.sector, textIn(wire['Sector']))
      assert.equal(value.industry, textIn(wire['Industry']))
      assert.equal(value.country, textIn(wire['Country']))
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

function search({ url }: Recording, body: { bestMatches?: Row[] }): Ask {
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

function movers(type: MoverKind, body: Record<string, Row[]>): Ask {
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

function news({ url }: Recording, body: { feed?: Story[] }): Ask {
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

function options(symbol: string, body: { data?: Row[] }): Ask {
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

function fundamentals(symbol: string, body: { annualReports?: Row[]; quarterlyReports?: Row[] }): Ask {
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
          assert.equal(statement.currency, row['reportedCurrency'])
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

function splits(symbol: string, body: { data?: Row[] }): Ask {
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

function dividends(symbol: string, body: { data?: Row[] }): Ask {
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
