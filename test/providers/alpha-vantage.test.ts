import { describe, expect, onTestFinished, test } from 'vitest'
import type { BarRequest } from '../../src/market/bar.ts'
import { alphaVantage } from '../../src/providers/alpha-vantage/alpha-vantage.ts'
import { json, signal, vendorServer, type Asked, type Reply } from './vendor-server.ts'
import { shippedHours } from '../support/hours.ts'

const KEY = 'A KEY&function=B'
const NOW = Date.UTC(2026, 6, 29, 20)

type Answers = Record<string, object | ((asked: Asked) => object)>

/** The vendor answers by function; anything else is an unknown symbol. */
async function connect(answers: Answers, options: { plan?: 'standard' | 'free'; now?: number } = {}) {
  const { url, asked } = await vendorServer((one): Reply => {
    const answer = answers[one.query.get('function') ?? '']
    return json(typeof answer === 'function' ? (answer as (asked: Asked) => object)(one) : (answer ?? {}))
  })
  const { plan = 'standard', now = NOW } = options
  const provider = alphaVantage({
    hoursOf: shippedHours,
    apiKey: KEY,
    baseUrl: url,
    timeoutMs: 5000,
    plan,
    now: () => now
  })
  onTestFinished(() => provider.close())
  return { provider, asked }
}

const quote = (symbol: string, more: object = {}) => ({
  'Global Quote': {
    '01. symbol': symbol,
    '02. open': '300.0000',
    '03. high': '310.0000',
    '04. low': '295.0000',
    '05. price': '308.8000',
    '06. volume': '1234',
    '07. latest trading day': '2023-07-03',
    '08. previous close': '300.0000',
    '09. change': '8.8000',
    '10. change percent': '2.9333%',
    ...more
  }
})

const series = (name: string, rows: Record<string, object>, symbol = 'IBM') => ({
  'Meta Data': { '2. Symbol': symbol, '5. Time Zone': 'US/Eastern' },
  [name]: rows
})
const row = (price: number, volume = 100) => ({
  '1. open': `${price}`,
  '2. high': `${price + 1}`,
  '3. low': `${price - 1}`,
  '4. close': `${price}`,
  '5. volume': `${volume}`
})
const bars = (more: Partial<BarRequest>): BarRequest => ({
  symbol: 'IBM',
  interval: '1d',
  from: NOW - 30 * 86_400_000,
  to: NOW,
  adjusted: 'none',
  ...more
})

describe('a quote', () => {
  test('is dated to the close of its session, an early one included', async () => {
    const { provider } = await connect({ GLOBAL_QUOTE: quote('IBM', { '07. latest trading day': '2025-07-03' }) })
    const value = (await provider.quotes(['IBM'], signal)).get('IBM')
    expect(value).toMatchObject({ price: 308.8, changePercent: 2.9333, currency: 'USD' })
    expect(value?.asOf).toBe('2025-07-03T17:00:00.000Z') // 13:00 in New York, the day before Independence Day
    expect(value?.provenance).toMatchObject({ feed: 'delayed', state: 'delayed', delayedBySeconds: 86_400 })
  })

  test('never carries an instant that is still to come while its session runs', async () => {
    const now = Date.UTC(2023, 6, 5, 15)
    const { provider } = await connect(
      { GLOBAL_QUOTE: quote('IBM', { '07. latest trading day': '2023-07-05' }) },
      { now }
    )
    expect((await provider.quotes(['IBM'], signal)).get('IBM')?.asOf).toBe('2023-07-05T15:00:00.000Z')
  })

  test('leaves out what the vendor writes None or zero for', async () => {
    const more = { '02. open': '0.0000', '08. previous close': 'None', '10. change percent': '-', '06. volume': '0' }
    const { provider } = await connect({ GLOBAL_QUOTE: quote('IBM', more) })
    const value = (await provider.quotes(['IBM'], signal)).get('IBM')!
    expect(value).not.toHaveProperty('open')
    expect(value).not.toHaveProperty('previousClose')
    expect(value).not.toHaveProperty('changePercent')
    expect(value.volume).toBe(0)
  })

  test('of another symbol than the one asked for is never passed on', async () => {
    const { provider } = await connect({ GLOBAL_QUOTE: quote('MSFT') })
    await expect(provider.quotes(['IBM'], signal)).rejects.toMatchObject({ kind: 'bad_payload' })
  })

  test('of a class share is found under the dash that the vendor writes', async () => {
    const { provider, asked } = await connect({ GLOBAL_QUOTE: quote('BRK-B') })
    expect([...(await provider.quotes(['BRK.B'], signal)).keys()]).toEqual(['BRK.B'])
    expect(asked[0]?.query.get('symbol')).toBe('BRK-B')
  })

  test('of an index or a coin is not asked for at all', async () => {
    const { provider, asked } = await connect({})
    for (const symbol of ['^GSPC', 'BTC-USD', 'EURUSD=X', 'NSE:RELIANCE', '7203.T']) {
      await expect(provider.quotes([symbol], signal)).rejects.toMatchObject({ kind: 'not_covered' })
    }
    expect(asked).toEqual([])
  })
})

describe('the unit of a London price', () => {
  const listed = (currency: string) => ({ bestMatches: [{ '1. symbol': 'TSCO.LON', '8. currency': currency }] })

  test('is found out once, and pence become pounds', async () => {
    const { provider, asked } = await connect({ GLOBAL_QUOTE: quote('TSCO.LON'), SYMBOL_SEARCH: listed('GBX') })
    const [value] = (await provider.quotes(['TSCO.L'], signal)).values()
    expect(value).toMatchObject({
      symbol: 'TSCO.L',
      price: 3.088,
      change: 0.088,
      currency: 'GBP',
      exchange: 'London Stock Exchange'
    })
    expect(value?.provenance.notes?.join()).toContain('pence')
    await provider.quotes(['TSCO.L'], signal)
    expect(asked.map(({ query }) => query.get('function'))).toEqual(['SYMBOL_SEARCH', 'GLOBAL_QUOTE', 'GLOBAL_QUOTE'])
  })

  test('is not divided by 100 where the line trades in dollars', async () => {
    const { provider } = await connect({ GLOBAL_QUOTE: quote('TSCO.LON'), SYMBOL_SEARCH: listed('USD') })
    expect((await provider.quotes(['TSCO.L'], signal)).get('TSCO.L')).toMatchObject({ price: 308.8, currency: 'USD' })
  })

  test('that the vendor does not tell makes the price suspect', async () => {
    const { provider } = await connect({ GLOBAL_QUOTE: quote('TSCO.LON'), SYMBOL_SEARCH: { bestMatches: [] } })
    const [value] = (await provider.quotes(['TSCO.L'], signal)).values()
    expect(value?.provenance.state).toBe('suspect')
  })
})

describe('bars', () => {
  const days = { '2026-07-28': row(25, 400), '2026-07-27': row(100), '2026-07-24': row(96) }
  const split = { symbol: 'IBM', data: [{ effective_date: '2026-07-28', split_factor: '4.0000' }] }

  test('as traded come oldest first from one request', async () => {
    const { provider, asked } = await connect({ TIME_SERIES_DAILY: series('Time Series (Daily)', days) })
    const value = await provider.bars(bars({}), signal)
    expect(value.bars.map(({ start, close }) => [start, close])).toEqual([
      ['2026-07-24', 96],
      ['2026-07-27', 100],
      ['2026-07-28', 25]
    ])
    expect(asked.map(({ query }) => query.get('outputsize'))).toEqual(['compact'])
  })

  test('do not show a split as a crash where adjusted bars are asked for', async () => {
    const { provider } = await connect({ TIME_SERIES_DAILY: series('Time Series (Daily)', days), SPLITS: split })
    const value = await provider.bars(bars({ adjusted: 'splits' }), signal)
    expect(value.bars.map(({ close, volume }) => [close, volume])).toEqual([
      [24, 400],
      [25, 400],
      [25, 400]
    ])
  })

  test('are not adjusted for a split that is only announced', async () => {
    const announced = { symbol: 'IBM', data: [{ effective_date: '2026-09-01', split_factor: '2.0000' }] }
    const { provider } = await connect({ TIME_SERIES_DAILY: series('Time Series (Daily)', days), SPLITS: announced })
    expect((await provider.bars(bars({ adjusted: 'splits' }), signal)).bars.at(-1)?.close).toBe(25)
  })

  test('of a week that a split cuts in two are refused rather than mixed', async () => {
    const weeks = series('Weekly Time Series', { '2026-07-28': row(25), '2026-07-24': row(100) })
    const { provider } = await connect({ TIME_SERIES_WEEKLY: weeks, SPLITS: split })
    const asked = provider.bars(bars({ interval: '1wk', adjusted: 'splits' }), signal)
    await expect(asked).rejects.toMatchObject({ kind: 'not_covered' })
  })

  test('of weeks and months start where the week and the month start', async () => {
    const { provider } = await connect({
      TIME_SERIES_WEEKLY: series('Weekly Time Series', { '2026-07-28': row(25), '2026-07-24': row(100) }),
      TIME_SERIES_MONTHLY: series('Monthly Time Series', { '2026-07-28': row(25) })
    })
    const weeks = await provider.bars(bars({ interval: '1wk' }), signal)
    expect(weeks.bars.map(({ start }) => start)).toEqual(['2026-07-20', '2026-07-27'])
    const months = await provider.bars(bars({ interval: '1mo' }), signal)
    expect(months.bars.map(({ start }) => start)).toEqual(['2026-07-01'])
  })

  test('adjusted for dividends follow the adjusted close in all four prices, volume read by its name', async () => {
    const { '5. volume': volume, ...prices } = row(100)
    const adjusted = { ...prices, '5. adjusted close': '50', '6. volume': volume, '8. split coefficient': '1.0' }
    const { provider } = await connect({
      TIME_SERIES_DAILY_ADJUSTED: series('Time Series (Daily)', { '2026-07-28': adjusted })
    })
    const [bar] = (await provider.bars(bars({ adjusted: 'all' }), signal)).bars
    expect(bar).toEqual({ start: '2026-07-28', open: 50, high: 50.5, low: 49.5, close: 50, volume: 100 })
  })

  test('within the day are placed by the clock of New York, in summer and in winter', async () => {
    for (const [month, label, start] of [
      ['2026-01', '2026-01-05 09:30:00', '2026-01-05T14:30:00.000Z'],
      ['2026-06', '2026-06-05 09:30:00', '2026-06-05T13:30:00.000Z']
    ] as const) {
      const { provider, asked } = await connect({
        TIME_SERIES_INTRADAY: series('Time Series (5min)', { [label]: row(10) })
      })
      const from = Date.parse(`${month}-02`)
      const value = await provider.bars(bars({ interval: '5m', from, to: from + 20 * 86_400_000 }), signal)
      expect(value.bars[0]?.start).toBe(start)
      expect(asked[0]?.query.get('month')).toBe(month)
      expect(asked[0]?.query.get('adjusted')).toBe('false')
    }
  })

  test('that only paying plans get cost a free key nothing', async () => {
    const { provider, asked } = await connect({}, { plan: 'free' })
    for (const more of [{ interval: '5m' as const }, { adjusted: 'all' as const }, { from: NOW - 1e11 }]) {
      await expect(provider.bars(bars(more), signal)).rejects.toMatchObject({ kind: 'not_covered' })
    }
    expect(asked).toEqual([])
  })
})

test('news date by UTC and carry the score of the asked symbol', async () => {
  const story = {
    title: 'A story',
    url: 'https://example.org/1',
    time_published: '20230703T191900',
    source: 'Wire',
    overall_sentiment_score: 0.1,
    ticker_sentiment: [
      { ticker: 'IBM', ticker_sentiment_score: '-0.25' },
      { ticker: 'CRYPTO:BTC', ticker_sentiment_score: '0.5' },
      { ticker: 'FOREX:USD', ticker_sentiment_score: '0.5' }
    ]
  }
  const { provider } = await connect({ NEWS_SENTIMENT: { feed: [story, story, { title: 'no address' }] } })
  const { items } = await provider.news('IBM', 10, signal)
  expect(items).toHaveLength(1)
  expect(items[0]).toMatchObject({
    publishedAt: '2023-07-03T19:19:00.000Z',
    sentiment: -0.25,
    symbols: ['IBM', 'BTC-USD']
  })
  expect((await provider.marketNews(10, signal)).items).toEqual([{ ...items[0], sentiment: 0.1 }])
})

test('movers are shares that can have moved so: no warrants, rights, units or impossible moves', async () => {
  const mover = (ticker: string, percent = '10.5%') => ({
    ticker,
    price: '11.05',
    change_amount: '1.05',
    change_percentage: percent,
    volume: '5'
  })
  const names = ['GOOGL', 'HMA+', 'SDACW', 'HHGCR', 'ABCDU', 'BRK-B']
  const rows = [...names.map((name) => mover(name)), mover('X', '1e20%'), mover('Y', '-100%'), { ticker: 'Z' }]
  const answer = {
    last_updated: '2023-07-03 16:15:58 US/Eastern',
    top_gainers: rows,
    top_losers: [],
    most_actively_traded: []
  }
  const { provider } = await connect({ TOP_GAINERS_LOSERS: answer })
  const value = await provider.movers('gainers', signal)
  expect(value.movers.map(({ symbol }) => symbol)).toEqual(['GOOGL', 'BRK.B'])
  expect(value.movers[0]).toMatchObject({ price: 11.05, change: 1.05, changePercent: 10.5, volume: 5, currency: 'USD' })
  expect(value.asOf).toBe('2023-07-03T20:15:58.000Z')
})

test('statements are joined by period, None is an absence and money spent is negative', async () => {
  const report = (more: object) => [{ fiscalDateEnding: '2022-12-31', reportedCurrency: 'USD', ...more }]
  const { provider } = await connect({
    INCOME_STATEMENT: { symbol: 'IBM', annualReports: report({ totalRevenue: '100', ebitda: 'None', netIncome: '0' }) },
    CASH_FLOW: { symbol: 'IBM', annualReports: report({ operatingCashflow: '50', capitalExpenditures: '20' }) }
  })
  const { statements, provenance } = await provider.fundamentals!('IBM', signal)
  const lines = { revenue: 100, netIncome: 0, operatingCashFlow: 50, capitalExpenditure: -20, freeCashFlow: 30 }
  expect(statements).toEqual([{ periodEnd: '2022-12-31', period: 'annual', currency: 'USD', lines }])
  expect(provenance.notes).toEqual(['the vendor gave no BALANCE_SHEET of this company'])
})

test('dividends come newest first with the pay date where it is known', async () => {
  const { provider } = await connect({
    DIVIDENDS: {
      symbol: 'IBM',
      data: [
        { ex_dividend_date: '1999-02-08', payment_date: 'None', amount: '0.22' },
        { ex_dividend_date: '2026-08-10', payment_date: '2026-09-10', amount: '1.69' },
        { ex_dividend_date: '2024-05-29', payment_date: 'None', amount: '0' }
      ]
    }
  })
  expect((await provider.dividends('IBM', signal)).dividends).toEqual([
    { exDate: '2026-08-10', amount: 1.69, currency: 'USD', payDate: '2026-09-10' },
    { exDate: '1999-02-08', amount: 0.22, currency: 'USD' }
  ])
})

test('a search text cannot become another request, and a key with signs arrives whole', async () => {
  const { provider, asked } = await connect({ SYMBOL_SEARCH: { bestMatches: [] } })
  const search = provider.search('a&function=GLOBAL_QUOTE#', 10, signal)
  await expect(search).rejects.toMatchObject({ kind: 'not_found' })
  expect(asked[0]?.path).toBe('/query')
  expect(asked[0]?.query.getAll('function')).toEqual(['SYMBOL_SEARCH'])
  expect(asked[0]?.query.get('keywords')).toBe('a&function=GLOBAL_QUOTE#')
  expect(asked[0]?.query.get('apikey')).toBe(KEY)
})

test('a free key is never made to ask twice in a second, nor for statements, which take three requests', async () => {
  const at: number[] = []
  const answer = () => (at.push(performance.now()), quote('IBM'))
  const { provider } = await connect({ GLOBAL_QUOTE: answer }, { plan: 'free' })
  expect(provider.fundamentals).toBeUndefined()
  await Promise.all([provider.quotes(['IBM'], signal), provider.quotes(['IBM'], signal)])
  expect(at[1]! - at[0]!).toBeGreaterThan(1000)
})
