import { describe, expect, test } from 'vitest'
import type { BarRequest, Interval } from '../../src/market/bar.ts'
import { json, signal, standIn } from './yahoo-stand-in.ts'

type Column = (number | null)[]
type ChartParts = { meta?: object; events?: object; days: number[]; prices: Column; volume?: Column; adjusted?: Column }

/** A chart whose four prices are alike. */
function chart({ meta, events, days, prices, volume, adjusted }: ChartParts) {
  const columns = { open: prices, high: prices, low: prices, close: prices, volume: volume ?? prices.map(() => 1000) }
  return json({
    chart: {
      result: [
        {
          meta: { currency: 'USD', exchangeTimezoneName: 'America/New_York', instrumentType: 'EQUITY', ...meta },
          timestamp: days,
          events,
          indicators: { quote: [columns], ...(adjusted && { adjclose: [{ adjclose: adjusted }] }) }
        }
      ],
      error: null
    }
  })
}

const seconds = (iso: string) => Date.parse(iso) / 1000
const always: Pick<BarRequest, 'from' | 'to' | 'interval'> = { from: 0, to: 4e12, interval: '1d' }
const PATH = '/v8/finance/chart/'

describe('bars', () => {
  test('rows of a halt are left out, and do not shift the rows after them', async () => {
    const days = ['2025-01-02T14:30Z', '2025-01-03T14:30Z', '2025-01-06T14:30Z'].map(seconds)
    const { provider } = await standIn({
      [PATH]: chart({ days, prices: [10, null, 12], volume: [1, null, 3], adjusted: [10, null, 12] })
    })
    const { bars } = await provider.bars!({ symbol: 'AAPL', ...always, adjusted: 'splits' }, signal)
    expect(bars.map(({ start, close, volume }) => [start, close, volume])).toEqual([
      ['2025-01-02', 10, 1],
      ['2025-01-06', 12, 3]
    ])
  })

  test('a range without data is left to another vendor, unless nobody could trade in it', async () => {
    const meta = { currency: 'USD', exchangeTimezoneName: 'America/New_York' }
    const empty = { chart: { result: [{ meta, indicators: { quote: [{}] } }], error: null } }
    const { provider } = await standIn({ [PATH]: json(empty) }, { now: () => Date.parse('2026-11-10T12:00Z') })
    const barsOf = (interval: Interval, from: string, to: string) =>
      provider.bars!(
        { symbol: 'AAPL', interval, from: Date.parse(from), to: Date.parse(to), adjusted: 'splits' },
        signal
      )
    const weekend = { bars: [], currency: 'USD', timeZone: 'America/New_York' }
    expect(await barsOf('1d', '2026-11-07', '2026-11-09')).toMatchObject(weekend)
    expect(await barsOf('5m', '2026-11-07T12:00Z', '2026-11-09T14:00Z')).toMatchObject(weekend)
    for (const [interval, from, to] of [
      ['1d', '2026-11-06', '2026-11-09'],
      ['5m', '2026-11-06T20:00Z', '2026-11-09'],
      ['5m', '2026-11-07', '2026-11-10']
    ] as const) {
      await expect(barsOf(interval, from, to)).rejects.toMatchObject({ kind: 'not_covered', notCoveredBy: 'request' })
    }
  })

  test("a session's date is the one at its exchange, in summer and in winter, east and west", async () => {
    const sydney = ['2025-01-05T23:00Z', '2025-07-07T00:00Z'].map(seconds)
    const { provider, asked } = await standIn({
      [PATH]: chart({
        days: sydney,
        prices: [1, 2],
        meta: { exchangeTimezoneName: 'Australia/Sydney', gmtoffset: 36_000 }
      })
    })
    const range = { from: Date.UTC(2025, 0, 6), to: Date.UTC(2025, 6, 7), interval: '1d' } as const
    const { bars } = await provider.bars!({ symbol: 'BHP.AX', ...range, adjusted: 'splits' }, signal)
    expect(bars.map(({ start }) => start)).toEqual(['2025-01-06'])
    const query = new URL(asked[0]!, 'http://x').searchParams
    expect(Number(query.get('period1'))).toBeLessThan(sydney[0]!)
  })

  test('prices as traded undo every split since, also those after the range', async () => {
    const split = (iso: string, numerator: number) => ({ date: seconds(iso), numerator, denominator: 1 })
    const splits = { 1: split('2021-07-20T13:30Z', 4), 2: split('2024-06-10T13:30Z', 10) }
    const { provider, asked } = await standIn(
      {
        [PATH]: chart({
          days: ['2021-02-01T14:30Z', '2021-07-19T13:30Z', '2021-07-20T13:30Z', '2024-06-10T13:30Z'].map(seconds),
          prices: [13.237000465393066, 18.77975082397461, 18.6, 121.79],
          volume: [240_000_000, 400_000_000, 4000, 4000],
          events: { splits }
        })
      },
      { now: () => Date.UTC(2025, 0, 1) }
    )
    const range = { from: Date.UTC(2021, 1, 1), to: Date.UTC(2021, 6, 21), interval: '1d' } as const
    const { bars } = await provider.bars!({ symbol: 'NVDA', ...range, adjusted: 'none' }, signal)
    expect(bars.map(({ start, close, volume }) => [start, close, volume])).toEqual([
      ['2021-02-01', 529.48, 6_000_000],
      ['2021-07-19', 751.19, 10_000_000],
      ['2021-07-20', 186, 400]
    ])
    expect(Number(new URL(asked[0]!, 'http://x').searchParams.get('period2'))).toBeGreaterThan(seconds('2025-01-01'))
    const adjusted = await provider.bars!({ symbol: 'NVDA', ...range, adjusted: 'splits' }, signal)
    expect(adjusted.bars[0]!.close).toBe(13.237)
  })

  test('prices adjusted for dividends follow the adjusted close; within the day there are none', async () => {
    const { provider } = await standIn({
      [PATH]: chart({ days: [seconds('2025-01-02T14:30Z')], prices: [200], adjusted: [198] })
    })
    const { bars } = await provider.bars!({ symbol: 'AAPL', ...always, adjusted: 'all' }, signal)
    expect(bars[0]).toMatchObject({ open: 198, close: 198, volume: 1000 })
    const intraday = provider.bars!({ symbol: 'AAPL', ...always, interval: '5m', adjusted: 'all' }, signal)
    await expect(intraday).rejects.toMatchObject({ kind: 'not_covered' })
  })

  test('the running session does not stand beside its own day or week', async () => {
    const days = ['2025-01-06T05:00Z', '2025-01-13T05:00Z', '2025-01-15T17:12:03Z'].map(seconds)
    const { provider } = await standIn({ [PATH]: chart({ days, prices: [10, 11, 13], volume: [5, 6, 2] }) })
    const weeks = await provider.bars!({ symbol: 'AAPL', ...always, interval: '1wk', adjusted: 'splits' }, signal)
    expect(weeks.bars).toEqual([
      { start: '2025-01-06', open: 10, high: 10, low: 10, close: 10, volume: 5 },
      { start: '2025-01-13', open: 11, high: 13, low: 11, close: 13, volume: 8 }
    ])
    const months = await provider.bars!({ symbol: 'AAPL', ...always, interval: '1mo', adjusted: 'splits' }, signal)
    expect(months.bars).toHaveLength(1)
  })

  test('a series tells whether its session is running', async () => {
    const regular = { start: seconds('2025-01-06T14:30Z'), end: seconds('2025-01-06T21:00Z') }
    const reply = chart({ days: [regular.start], prices: [10], meta: { currentTradingPeriod: { regular } } })
    const open = await standIn({ [PATH]: reply }, { now: () => Date.parse('2025-01-06T16:00Z') })
    const shut = await standIn({ [PATH]: reply }, { now: () => Date.parse('2025-01-06T22:00Z') })
    const request = { symbol: 'AAPL', ...always, adjusted: 'splits' } as const
    expect((await open.provider.bars!(request, signal)).provenance.state).toBe('live')
    expect((await shut.provider.bars!(request, signal)).provenance.state).toBe('closed')
  })

  test('a close without the other prices makes no bar', async () => {
    const { provider } = await standIn({ [PATH]: chart({ days: [seconds('2025-01-06T14:30Z')], prices: [0] }) })
    const zero = provider.bars!({ symbol: '^KS11', ...always, adjusted: 'splits' }, signal)
    await expect(zero).rejects.toMatchObject({ kind: 'not_covered' })
  })
})

describe('payouts', () => {
  test('in pence are told in pounds, newest first', async () => {
    const payout = (iso: string, amount: number) => ({ date: seconds(iso), amount })
    const dividends = { 1: payout('2024-05-16T07:00Z', 8.25), 2: payout('2024-10-10T07:00Z', 4.25) }
    const meta = { currency: 'GBp', exchangeTimezoneName: 'Europe/London' }
    const { provider } = await standIn({ [PATH]: chart({ days: [], prices: [], meta, events: { dividends } }) })
    expect((await provider.dividends!('TSCO.L', signal)).dividends).toEqual([
      { exDate: '2024-10-10', amount: 0.0425, currency: 'GBP', kind: 'cash' },
      { exDate: '2024-05-16', amount: 0.0825, currency: 'GBP', kind: 'cash' }
    ])
  })

  test('belong to the day at the exchange, which in Sydney is not yet the day in UTC', async () => {
    const events = { splits: { 1: { date: seconds('2025-01-05T23:00Z'), numerator: 1, denominator: 8 } } }
    const meta = { exchangeTimezoneName: 'Australia/Sydney' }
    const { provider } = await standIn({ [PATH]: chart({ days: [], prices: [], meta, events }) })
    expect((await provider.splits!('ABC.AX', signal)).splits).toEqual([{ exDate: '2025-01-06', ratio: 0.125 }])
  })

  test('a symbol without any has none, which is an answer', async () => {
    const { provider } = await standIn({ [PATH]: chart({ days: [], prices: [] }) })
    expect((await provider.splits!('BRK.B', signal)).splits).toEqual([])
    expect((await provider.dividends!('BRK.B', signal)).dividends).toEqual([])
  })
})
