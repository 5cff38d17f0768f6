import type { TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import { describe, expect, onTestFinished, test } from 'vitest'
import { BarSeries, type Interval } from '../../src/market/bar.ts'
import { Fundamentals } from '../../src/market/fundamentals.ts'
import { Indices, Movers, Sectors, type MoverKind } from '../../src/market/market-wide.ts'
import { News } from '../../src/market/news.ts'
import { Profile } from '../../src/market/profile.ts'
import { sectorNamed } from '../../src/market/sector.ts'
import { Quote } from '../../src/market/quote.ts'
import { SearchResult } from '../../src/market/search.ts'
import { fmp } from '../../src/providers/fmp/fmp.ts'
import { canonicalOf } from '../../src/providers/fmp/listing.ts'
import type { Recording } from '../../src/sandbox/recording.ts'
import { hasRecordings, recordingsOf, replyOf, signal, vendorServer } from './vendor-server.ts'
import { shippedHours } from '../support/hours.ts'

type Row = Record<string, number | string | undefined> & { symbol: string; date: string }
type Vendor = ReturnType<typeof fmp>
type Reader = (provider: Vendor, rows: Row[], recording: Recording) => Promise<void>

const recordings = await recordingsOf('fmp')
const answers = recordings.filter(({ need }) => need !== 'errors')

describe.skipIf(!hasRecordings)('recorded FMP payloads (needs recordings)', () => {
  test.each(answers.map((each) => [each.id, each] as const))('%s', async (_, recording) => {
    const reader = Object.entries(READERS).find(([path]) => recording.url.pathname.includes(path))?.[1]
    expect(reader, `nobody reads ${recording.url.pathname}`).toBeDefined()
    const body = JSON.parse(recording.body.toString('utf8')) as Row[] | { historical: Row[] }
    await reader!(await connect(recording), Array.isArray(body) ? body : body.historical, recording)
  })
})

async function connect(recording: Recording): Promise<Vendor> {
  const { url } = await vendorServer(() => replyOf(recording))
  const now = () => Date.UTC(2026, 10, 20)
  const provider = fmp({ hoursOf: shippedHours, apiKey: 'key', baseUrl: url, timeoutMs: 5000, plan: 'standard', now })
  onTestFinished(() => provider.close())
  return provider
}

const READERS: Record<string, Reader> = {
  'stock-price-change': async (provider) => {
    await expect(provider.quotes!(['AAPL'], signal)).rejects.toMatchObject({ kind: 'bad_payload' })
  },
  'batch-index-quotes': async (provider, rows) => {
    const { indices } = await provider.indices!(signal)
    conforms(Indices, await provider.indices!(signal))
    for (const quote of indices)
      checkQuote(
        quote,
        rows.find(({ symbol }) => symbol === quote.symbol)!
      )
    expect(indices.length).toBeGreaterThan(0)
  },
  'batch-aftermarket-trade': readQuotes,
  quote: readQuotes,
  '/news/': async (provider, rows) => {
    const news = await provider.news!('AAPL', 250, signal)
    conforms(News, news)
    expect(new Set(news.items.map(({ url }) => url))).toEqual(new Set(rows.map((row) => row.url)))
    for (const item of news.items) {
      const row = rows.find(({ url }) => url === item.url)!
      expect(item).toMatchObject({ title: row.title, publisher: row.publisher, summary: row.text })
      expect(newYork(item.publishedAt)).toBe(row.publishedDate)
    }
  },
  'search-': async (provider, rows) => {
    const result = await provider.search!('AAPL', 50, signal)
    conforms(SearchResult, result)
    expect(result.matches.map(({ name }) => name)).toEqual(rows.map(({ name }) => name))
    for (const [index, match] of result.matches.entries()) {
      expect(match.symbol).toBe(canonicalOf(rows[index]!.symbol))
      expect(match.currency).toBe(rows[index]!.currency === 'GBp' ? 'GBP' : rows[index]!.currency)
    }
  },
  'sector-performance-snapshot': async (provider, rows) => {
    const { sectors } = await provider.sectors!(signal)
    conforms(Sectors, await provider.sectors!(signal))
    expect(sectors.map(({ changePercent }) => changePercent)).toEqual(rows.map(({ averageChange }) => averageChange))
    expect(sectors.map(({ asOf }) => asOf)).toEqual(rows.map(({ date }) => date))
    expect(sectors.map(({ sector }) => sector)).toContain('Information Technology')
  },
  'biggest-gainers': readMovers('gainers'),
  'biggest-losers': readMovers('losers'),
  'most-actives': readMovers('actives'),
  profile: async (provider, [row]) => {
    const profile = await provider.profile!('AAPL', signal)
    conforms(Profile, profile)
    expect(profile).toMatchObject({
      symbol: 'AAPL',
      name: row!.companyName,
      kind: 'equity',
      exchange: 'NASDAQ',
      currency: row!.currency,
      country: row!.country,
      sector: sectorNamed(row!.sector as string),
      industry: row!.industry,
      employees: Number(row!.fullTimeEmployees),
      marketCap: row!.marketCap ?? row!.mktCap,
      beta: row!.beta,
      isin: row!.isin,
      ipoDate: row!.ipoDate
    })
    expect(profile.description).toBe(row!.description)
  },
  'historical-price': async (provider, rows, recording) => readBars(provider, rows, recording, '1d'),
  'historical-chart/1min': async (provider, rows, recording) => readBars(provider, rows, recording, '1m'),
  'historical-chart/5min': async (provider, rows, recording) => readBars(provider, rows, recording, '5m'),
  'historical-chart/1hour': async (provider, rows, recording) => readBars(provider, rows, recording, '1h'),
  'income-statement': readStatements({
    revenue: 'revenue',
    grossProfit: 'grossProfit',
    operatingIncome: 'operatingIncome',
    incomeTaxExpense: 'incomeTax',
    netIncome: 'netIncome',
    eps: 'epsBasic',
    weightedAverageShsOutDil: 'sharesDiluted'
  }),
  'balance-sheet-statement': readStatements({
    totalAssets: 'totalAssets',
    totalLiabilities: 'totalLiabilities',
    inventory: 'inventory',
    cashAndCashEquivalents: 'cash',
    totalStockholdersEquity: 'equity',
    retainedEarnings: 'retainedEarnings',
    totalDebt: 'totalDebt'
  }),
  'cash-flow-statement': readStatements({ operatingCashFlow: 'operatingCashFlow', freeCashFlow: 'freeCashFlow' })
}

async function readQuotes(provider: Vendor, rows: Row[]): Promise<void> {
  const symbols = rows.map(({ symbol }) => canonicalOf(symbol)!)
  const quotes = await provider.quotes!(symbols, signal)
  expect([...quotes.keys()]).toEqual(symbols)
  for (const [index, quote] of [...quotes.values()].entries()) checkQuote(quote, rows[index]!)
}

function checkQuote(quote: Quote, row: Row): void {
  conforms(Quote, quote)
  // From a fifth decimal on, the vendor sends noise.
  for (const member of [
    'price',
    'change',
    'previousClose',
    'open',
    'dayHigh',
    'dayLow',
    'yearHigh',
    'yearLow'
  ] as const) {
    if (row[member]) expect(quote[member]).toBeCloseTo(row[member] as number, 4)
    else expect(quote).not.toHaveProperty(member)
  }
  const percent = row.changePercentage ?? row.changesPercentage
  if (percent !== undefined) expect(quote.changePercent).toBe(percent)
  if (row.volume) expect(quote.volume).toBe(row.volume)
  if (row.marketCap) expect(quote.marketCap).toBe(row.marketCap)
  else expect(quote).not.toHaveProperty('marketCap')
  const stamp = row.timestamp as number | undefined
  if (stamp !== undefined) expect(Date.parse(quote.asOf)).toBe(stamp > 1e11 ? stamp : stamp * 1000)
  expect(quote.currency).toBe(row.symbol.startsWith('^') ? undefined : 'USD')
}

function readMovers(type: MoverKind): Reader {
  return async (provider, rows) => {
    const { movers } = await provider.movers!(type, signal)
    conforms(Movers, await provider.movers!(type, signal))
    const dropped = rows.filter(({ symbol }) => !movers.some((mover) => mover.symbol === canonicalOf(symbol)))
    expect(dropped.filter(({ symbol }) => !/^[A-Z]{4}X$/.test(symbol))).toEqual([])
    for (const mover of movers) {
      const row = rows.find(({ symbol }) => canonicalOf(symbol) === mover.symbol)!
      expect(mover).toMatchObject({ name: row.name, price: row.price, change: row.change, currency: 'USD' })
      expect(mover.changePercent).toBe(row.changesPercentage)
      expect(Math.abs(mover.changePercent)).toBeLessThanOrEqual(1000)
    }
  }
}

async function readBars(provider: Vendor, rows: Row[], { url }: Recording, interval: Interval): Promise<void> {
  const symbol = url.searchParams.get('symbol') ?? rows[0]!.symbol ?? 'AAPL'
  const dates = rows.map(({ date }) => date.slice(0, 10)).sort()
  const series = await provider.bars!(
    { symbol, interval, from: Date.parse(dates[0]!), to: Date.parse(dates.at(-1)!) + 86_400_000, adjusted: 'splits' },
    signal
  )
  conforms(BarSeries, series)
  expect(series).toMatchObject({ adjusted: 'splits', timeZone: 'America/New_York' })
  const startOf = (date: string) => series.bars.find(({ start }) => start === date || newYork(start) === date)
  expect(series.bars).toHaveLength(rows.length)
  for (const row of rows) {
    const { open, high, low, close, volume } = row
    expect(startOf(row.date)).toMatchObject({ open, high, low, close, volume })
  }
  expect(series.bars.map(({ start }) => start)).toEqual(series.bars.map(({ start }) => start).sort())
}

function readStatements(lines: Record<string, string>): Reader {
  return async (provider, rows) => {
    const fundamentals = await provider.fundamentals!('AAPL', signal)
    conforms(Fundamentals, fundamentals)
    expect(fundamentals.statements.map(({ periodEnd }) => periodEnd)).toEqual(rows.map(({ date }) => date))
    for (const [index, statement] of fundamentals.statements.entries()) {
      const row = rows[index]!
      expect(statement).toMatchObject({
        period: 'annual',
        currency: row.reportedCurrency,
        filedOn: row.filingDate ?? row.fillingDate
      })
      for (const [member, line] of Object.entries(lines)) expect(statement.lines).toHaveProperty(line, row[member])
    }
  }
}

function conforms(schema: TSchema, value: unknown): void {
  expect(Compile(schema).Errors(value)).toEqual([])
}

/** The wall clock of New York at an instant, as the vendor writes it. */
function newYork(instant: string): string {
  return new Intl.DateTimeFormat('sv-SE', {
    timeZone: 'America/New_York',
    dateStyle: 'short',
    timeStyle: 'medium'
  }).format(new Date(instant))
}
