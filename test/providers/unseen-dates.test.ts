import { describe, expect, test } from 'vitest'
import { alphaVantage } from '../../src/providers/alpha-vantage/alpha-vantage.ts'
import { fmp } from '../../src/providers/fmp/fmp.ts'
import { tiingo } from '../../src/providers/tiingo/tiingo.ts'
import { dateIn, instantIn, instantWithOffset } from '../../src/providers/session-dates.ts'
import { CHART, connect, NOW } from './answers.ts'
import { json, signal } from './vendor-server.ts'
import { standIn } from './yahoo-stand-in.ts'

const PRICES = { open: 1, high: 1, low: 1, close: 1, volume: 1 }
const summer = (symbol: string, interval: '1d' | '5m') => ({
  symbol,
  interval,
  from: Date.UTC(2026, 5, 1),
  to: NOW,
  adjusted: 'none' as const
})

describe('a day that the calendar does not have is no date, and never the day after', () => {
  test.each(['2026-02-30', '2026-06-31', '2026-02-29', '2026-13-01', '2026-00-10', '2026-01-00', '0000-00-00'])(
    '%s',
    (day) => {
      expect(dateIn(day)).toBeUndefined()
      expect(instantIn('UTC', `${day} 09:30:00`)).toBeUndefined()
      expect(instantIn('UTC', `${day.replaceAll('-', '')}T093000`)).toBeUndefined()
      expect(instantWithOffset(`${day}T09:30:00Z`)).toBeUndefined()
    }
  )

  test.each(['2024-02-29', '2026-12-31', '2000-02-29'])('but %s is one', (day) => {
    expect(dateIn(`${day}T00:00:00.000Z`)).toBe(day)
    expect(instantIn('UTC', `${day.replaceAll('-', '')}T093000`)).toBe(Date.parse(`${day}T09:30:00Z`))
  })

  test('in bars of FMP and of Tiingo', async () => {
    const bars = (time: string) => json(['2026-06-31', '2026-07-03'].map((day) => ({ date: day + time, ...PRICES })))
    const ofFmp = await connect(fmp, ({ path }) => bars(path.includes('5min') ? ' 09:30:00' : ''))
    const ofTiingo = await connect(tiingo, ({ path }) =>
      bars(path.includes('/iex/') ? 'T13:30:00.000Z' : 'T00:00:00.000Z')
    )
    for (const provider of [ofFmp, ofTiingo]) {
      const starts = async (interval: '1d' | '5m') =>
        (await provider.bars!(summer('AAPL', interval), signal)).bars.map(({ start }) => start)
      expect(await starts('1d')).toEqual(['2026-07-03'])
      expect(await starts('5m')).toEqual(['2026-07-03T13:30:00.000Z'])
    }
  })

  test('in splits, dividends and profiles of FMP', async () => {
    const rows = {
      splits: [
        { date: '2026-06-31', numerator: 4, denominator: 1 },
        { date: '2026-06-30', numerator: 2, denominator: 1 }
      ],
      dividends: [
        { date: '2026-06-31', adjDividend: 1 },
        { date: '2026-06-30', adjDividend: 2, paymentDate: '2026-02-30' }
      ],
      profile: [{ symbol: 'AAPL', companyName: 'Apple', ipoDate: '1980-02-30' }]
    }
    const provider = await connect(fmp, ({ path }) => json(rows[path.split('/').at(-1) as keyof typeof rows]))
    expect((await provider.splits!('AAPL', signal)).splits).toEqual([{ exDate: '2026-06-30', ratio: 2 }])
    const { dividends } = await provider.dividends!('AAPL', signal)
    expect(dividends).toEqual([{ exDate: '2026-06-30', amount: 2, currency: 'USD', kind: 'cash' }])
    expect(await provider.profile!('AAPL', signal)).not.toHaveProperty('ipoDate')
  })

  test('in statements of Yahoo, stories of Alpha Vantage and its hour of the movers', async () => {
    const point = (asOfDate: string) => ({ asOfDate, currencyCode: 'USD', reportedValue: { raw: 5 } })
    const series = [{ annualTotalRevenue: [point('2025-02-30'), point('2025-09-30')] }]
    const { provider } = await standIn({ '/ws/': json({ timeseries: { result: series, error: null } }) })
    const { statements } = await provider.fundamentals!('AAPL', signal)
    expect(statements.map(({ periodEnd }) => periodEnd)).toEqual(['2025-09-30'])

    const story = { title: 'A story', url: 'https://example.com/1', time_published: '20260230T191900' }
    const movers = { last_updated: '2026-02-30 16:15:58 US/Eastern', top_gainers: [] }
    const other = await connect(alphaVantage, json({ feed: [story], ...movers }))
    expect((await other.news('IBM', 5, signal)).items).toEqual([])
    expect(await other.movers('gainers', signal)).not.toHaveProperty('asOf')
  })

  test('in quotes of Tiingo', async () => {
    const row = { ticker: 'AAPL', tngoLast: 100, timestamp: '2026-06-31T20:00:00+00:00' }
    const provider = await connect(tiingo, json([row]))
    expect((await provider.quotes!(['AAPL'], signal)).size).toBe(0)
  })
})

test('a story without an offset is of UTC, as Tiingo and Yahoo tell all of theirs', async () => {
  const row = { id: 1, title: 'A story', url: 'https://example.com/1', publishedDate: '2017-08-02T22:21:00' }
  const provider = await connect(tiingo, json([row]))
  const [story] = (await provider.news!('AAPL', 5, signal)).items
  expect(story?.publishedAt).toBe('2017-08-02T22:21:00.000Z')

  const content = {
    id: 'a',
    title: 'A story',
    pubDate: '2017-08-02T22:21:00',
    canonicalUrl: { url: 'https://example.com/1' }
  }
  const { provider: other } = await standIn({ '/xhr/ncp': json({ data: { tickerStream: { stream: [{ content }] } } }) })
  expect((await other.news!('AAPL', 5, signal)).items[0]?.publishedAt).toBe('2017-08-02T22:21:00.000Z')
})

describe('midnights that Yahoo misses by an hour', () => {
  const saoPaulo = (timestamp: number[], regularMarketTime?: number, events?: object) => {
    const column = timestamp.map((_, index) => index + 1)
    const columns = { open: column, high: column, low: column, close: column, volume: column }
    const meta = {
      exchangeTimezoneName: 'America/Sao_Paulo',
      currency: 'BRL',
      instrumentType: 'EQUITY',
      regularMarketTime
    }
    return standIn({
      [CHART]: json({ chart: { result: [{ meta, timestamp, events, indicators: { quote: [columns] } }] } })
    })
  }
  const seconds = (text: string) => Date.parse(text) / 1000
  const request = {
    symbol: 'PETR4.SA',
    from: Date.UTC(2022, 0, 1),
    to: Date.UTC(2022, 3, 1),
    adjusted: 'splits' as const
  }

  test('a month does not become the one before it', async () => {
    const months = ['2022-01-01T02:00Z', '2022-02-01T02:00Z', '2022-03-01T03:00Z'].map(seconds)
    const { provider } = await saoPaulo(months)
    const { bars } = await provider.bars!({ ...request, interval: '1mo' }, signal)
    expect(bars.map(({ start, close }) => [start, close])).toEqual([
      ['2022-01-01', 1],
      ['2022-02-01', 2],
      ['2022-03-01', 3]
    ])
  })

  test('a split takes effect on its day', async () => {
    const splits = { '1': { date: seconds('2022-01-10T02:00Z'), numerator: 2, denominator: 1 } }
    const { provider } = await saoPaulo([seconds('2022-01-10T02:00Z')], undefined, { splits })
    expect((await provider.splits!('PETR4.SA', signal)).splits).toEqual([{ exDate: '2022-01-10', ratio: 2 }])
  })

  test('a week starts on its Monday', async () => {
    const { provider } = await saoPaulo(['2022-01-03T02:00Z', '2022-01-10T02:00Z', '2022-01-17T03:00Z'].map(seconds))
    const { bars } = await provider.bars!({ ...request, interval: '1wk' }, signal)
    expect(bars.map(({ start }) => start)).toEqual(['2022-01-03', '2022-01-10', '2022-01-17'])
  })

  test('the newest trade of a market that never closes may well be at 23:00', async () => {
    const newest = seconds('2022-01-05T02:00Z')
    const { provider } = await saoPaulo([seconds('2022-01-04T13:00Z'), newest], newest)
    const { bars } = await provider.bars!({ ...request, interval: '1d' }, signal)
    expect(bars.map(({ start, close }) => [start, close])).toEqual([['2022-01-04', 2]])
  })
})
