import type { TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import { describe, expect, onTestFinished, test } from 'vitest'
import { BarSeries, type Adjustment, type Bar, type Interval } from '../../src/market/bar.ts'
import { Fundamentals } from '../../src/market/fundamentals.ts'
import { News } from '../../src/market/news.ts'
import { Profile } from '../../src/market/profile.ts'
import { Quote } from '../../src/market/quote.ts'
import { SearchResult } from '../../src/market/search.ts'
import { tiingo } from '../../src/providers/tiingo/tiingo.ts'
import type { Recording } from '../../src/sandbox/recording.ts'
import { hasRecordings, recordingsOf, replyOf, signal, vendorServer } from './vendor-server.ts'
import { shippedHours } from '../support/hours.ts'

type Row = Record<string, number | string | null | undefined>
type Vendor = ReturnType<typeof tiingo>
type Reader = (provider: Vendor, body: unknown, recording: Recording) => Promise<void>

const DAY_MS = 86_400_000
const recordings = await recordingsOf('tiingo')

describe.skipIf(!hasRecordings)('recorded Tiingo payloads (needs recordings)', () => {
  const answers = recordings.filter(({ need }) => need !== 'errors')

  test.each(answers.map((each) => [each.id, each] as const))('%s', async (_, recording) => {
    const reader = READERS.find(([path]) => path.test(recording.url.pathname))?.[1]
    expect(reader, `nobody reads ${recording.url.pathname}`).toBeDefined()
    const text = recording.body.toString('utf8')
    const provider = await connect(recording)
    if (/^\s*[[{]/.test(text)) return reader!(provider, JSON.parse(text), recording)
    const request = { symbol: 'GOOGL', interval: '1d', from: 0, to: Date.now(), adjusted: 'none' } as const
    await expect(provider.bars!(request, signal)).rejects.toMatchObject({ kind: 'bad_payload' })
  })

  const KINDS = [
    ['quota', { kind: 'rate_limited', scope: 'hour' }],
    ['plan-restricted', { kind: 'not_covered' }],
    ['unknown-ticker', { kind: 'not_found' }]
  ] as const
  const errors = recordings.filter(({ need }) => need === 'errors')

  test.each(errors.map((each) => [each.id, each] as const))('%s is told apart', async (id, recording) => {
    const expected = KINDS.find(([name]) => id.includes(name))?.[1] ?? { kind: expect.any(String) }
    const provider = await connect(recording)
    await expect(provider.news!('AAPL', 5, signal)).rejects.toMatchObject({ provider: 'tiingo', ...expected })
  })
})

async function connect(recording: Recording): Promise<Vendor> {
  const { url } = await vendorServer(() => replyOf(recording))
  const provider = tiingo({ hoursOf: shippedHours, apiKey: 'key', baseUrl: url, timeoutMs: 5000, plan: 'standard' })
  onTestFinished(() => provider.close())
  return provider
}

const READERS: readonly (readonly [path: RegExp, reader: Reader])[] = [
  [/^\/iex\/[^/]+\/prices$/, readIntraday],
  [/^\/iex\//, readQuotes],
  [/^\/tiingo\/daily\/[^/]+\/prices$/, readDaily],
  [/^\/tiingo\/daily\/[^/]+$/, readProfile],
  [/^\/tiingo\/news$/, readNews],
  [/^\/tiingo\/utilities\/search/, readSearch],
  [/^\/tiingo\/fundamentals\/[^/]+\/statements$/, readStatements],
  [/^\/tiingo\/fundamentals\/[^/]+\/daily$/, readMetrics],
  [
    /^\/tiingo\/fundamentals\/definitions$/,
    async (provider) => {
      await expect(provider.fundamentals!('GOOGL', signal)).rejects.toMatchObject({ kind: 'bad_payload' })
    }
  ]
]

async function readQuotes(provider: Vendor, body: unknown): Promise<void> {
  const rows = body as Row[]
  const quotes = await provider.quotes!(
    rows.map(({ ticker }) => String(ticker)),
    signal
  )
  expect([...quotes.keys()]).toEqual(rows.map(({ ticker }) => ticker))
  for (const row of rows) {
    const quote = quotes.get(String(row.ticker))!
    conforms(Quote, quote)
    expect(quote).toMatchObject({
      price: row.tngoLast,
      previousClose: row.prevClose,
      open: row.open,
      dayHigh: row.high,
      dayLow: row.low,
      currency: 'USD',
      provenance: { source: 'tiingo', feed: 'iex' }
    })
    expect(quote.change).toBeCloseTo(Number(row.tngoLast) - Number(row.prevClose), 6)
    expect(quote.changePercent).toBeCloseTo((Number(row.tngoLast) / Number(row.prevClose) - 1) * 100, 5)
    expect(Date.parse(quote.asOf)).toBe(Date.parse(String(row.lastSaleTimestamp)))
    const isOver = row.bidPrice === null && row.askPrice === null
    if (isOver) expect(quote.volume).toBe(row.volume)
    else expect(quote).not.toHaveProperty('volume')
    for (const side of ['bid', 'ask'] as const) {
      const price = row[`${side}Price`]
      const isSound = typeof price === 'number' && Math.abs(price / quote.price - 1) <= 0.02
      expect(quote[side]).toBe(isSound ? price : undefined)
    }
  }
}

async function readDaily(provider: Vendor, body: unknown, { url }: Recording): Promise<void> {
  const rows = body as Row[]
  const interval = url.searchParams.get('resampleFreq') === 'weekly' ? '1wk' : '1d'
  const ask = async (adjusted: Adjustment) => barsOf(provider, rows, interval, adjusted)

  const raw = await ask('none')
  expect(raw).toHaveLength(rows.length)
  for (const [index, row] of rows.entries()) {
    const { open, high, low, close, volume } = row
    expect(raw[index]).toMatchObject({ open, high, low, close, volume })
    if (interval === '1d') expect(raw[index]!.start).toBe(String(row.date).slice(0, 10))
    else expect(new Date(raw[index]!.start).getUTCDay()).toBe(1)
  }
  if (rows[0]!.adjClose === undefined) {
    await expect(ask('all')).rejects.toMatchObject({ kind: 'bad_payload' })
    return
  }
  const adjusted = await ask('all')
  for (const [index, { adjOpen: open, adjHigh: high, adjLow: low, adjClose: close }] of rows.entries()) {
    expect(adjusted[index]).toMatchObject({ open, high, low, close })
  }
  // None of the recorded weeks holds a split.
  expect(await ask('splits')).toEqual(raw)
  const { dividends } = await provider.dividends!('AAPL', signal)
  const paid = rows.filter(({ divCash }) => Number(divCash) > 0)
  expect(dividends.map(({ exDate, amount }) => [exDate, amount])).toEqual(
    paid.map(({ date, divCash }) => [String(date).slice(0, 10), divCash]).toReversed()
  )
  expect((await provider.splits!('AAPL', signal)).splits).toEqual([])
}

async function readIntraday(provider: Vendor, body: unknown, { url }: Recording): Promise<void> {
  const rows = body as Row[]
  const interval = String(url.searchParams.get('resampleFreq')).toLowerCase().replace('min', 'm').replace('hour', 'h')
  const bars = await barsOf(provider, rows, interval as Interval, 'none')
  expect(bars).toHaveLength(rows.length)
  for (const [index, row] of rows.entries()) {
    const { open, high, low, close } = row
    expect(bars[index]).toMatchObject({ start: row.date, open, high, low, close })
    if (row.volume === undefined) expect(bars[index]).not.toHaveProperty('volume')
  }
}

async function barsOf(provider: Vendor, rows: Row[], interval: Interval, adjusted: Adjustment): Promise<Bar[]> {
  const days = rows.map(({ date }) => Date.parse(String(date).slice(0, 10)))
  const request = { symbol: 'AAPL', interval, from: Math.min(...days), to: Math.max(...days) + DAY_MS, adjusted }
  const series = await provider.bars!(request, signal)
  conforms(BarSeries, series)
  expect(series).toMatchObject({ adjusted, currency: 'USD' })
  return series.bars
}

async function readProfile(provider: Vendor, body: unknown): Promise<void> {
  const profile = await provider.profile!('GOOGL', signal)
  conforms(Profile, profile)
  const { name, description, exchangeCode } = body as Row
  expect(profile).toMatchObject({ symbol: 'GOOGL', name, description, exchange: exchangeCode, currency: 'USD' })
  expect(profile).not.toHaveProperty('ipoDate')
}

async function readNews(provider: Vendor, body: unknown): Promise<void> {
  const rows = body as (Row & { tickers: string[] })[]
  const news = await provider.news!('AAPL', 1000, signal)
  conforms(News, news)
  expect(news.items.map(({ title }) => title)).toEqual([...new Set(rows.map(({ title }) => title))])
  for (const item of news.items) {
    const row = rows.find(({ id }) => String(id) === item.id)!
    expect(item).toMatchObject({ url: row.url, publisher: row.source })
    expect(item.summary).toBe(row.description ?? undefined)
    expect(Date.parse(item.publishedAt)).toBe(Date.parse(String(row.publishedDate)))
    expect(item.symbols).toEqual(row.tickers.map((ticker) => ticker.toUpperCase()))
  }
}

async function readSearch(provider: Vendor, body: unknown): Promise<void> {
  const rows = body as Row[]
  const result = await provider.search!('AAPL', 50, signal)
  conforms(SearchResult, result)
  expect(new Set(result.matches.map(({ symbol, name }) => `${symbol} ${name}`))).toEqual(
    new Set(rows.map(({ ticker, name }) => `${ticker} ${name}`))
  )
}

async function readStatements(provider: Vendor, body: unknown): Promise<void> {
  type Part = { dataCode: string; value: number }[]
  const reports = body as { date: string; quarter: number; statementData: Record<string, Part> }[]
  const fundamentals = await provider.fundamentals!('GOOGL', signal)
  conforms(Fundamentals, fundamentals)
  expect(fundamentals.statements).toHaveLength(reports.length)
  for (const report of reports) {
    const period = report.quarter === 0 ? 'annual' : 'quarterly'
    const statement = fundamentals.statements.find(
      (each) => each.period === period && each.periodEnd === report.date.slice(0, 10)
    )
    const value = (code: string) =>
      Object.values(report.statementData)
        .flat()
        .find(({ dataCode }) => dataCode === code)?.value
    expect(statement?.lines).toMatchObject({
      revenue: value('revenue'),
      netIncome: value('netinc'),
      totalAssets: value('totalAssets'),
      equity: value('equity'),
      operatingCashFlow: value('ncfo'),
      capitalExpenditure: value('capex'),
      epsDiluted: value('epsDil')
    })
    expect(statement?.currency).toBe('USD')
  }
  const roe = reports[0]!.statementData.overview!.find(({ dataCode }) => dataCode === 'roe')!.value
  expect(fundamentals.metrics.returnOnEquityPercent).toBeCloseTo(roe * 100, 5)
  // The code `profitMargin` is the gross margin.
  expect(fundamentals.metrics).not.toHaveProperty('profitMarginPercent')
}

async function readMetrics(provider: Vendor, body: unknown): Promise<void> {
  const newest = (body as Row[]).at(-1)!
  const { metrics, statements } = await provider.fundamentals!('GOOGL', signal)
  expect(statements).toEqual([])
  expect(metrics).toEqual({
    marketCap: newest.marketCap,
    enterpriseValue: newest.enterpriseVal,
    peRatio: newest.peRatio,
    priceToBook: newest.pbRatio,
    pegRatio: newest.trailingPEG1Y
  })
}

function conforms(schema: TSchema, value: unknown): void {
  expect(Compile(schema).Errors(value)).toEqual([])
}
