import { describe, expect, test } from 'vitest'
import type { BarRequest } from '../../src/market/bar.ts'
import { json, signal, standIn } from './yahoo-stand-in.ts'

const PATH = '/v8/finance/chart/'
const seconds = (iso: string) => Date.parse(iso) / 1000
const dayAt = (date: string) => seconds(`${date}T14:30:00Z`)

type Parts = {
  times: number[]
  closes: (number | null)[]
  volumes?: (number | null)[]
  adjusted?: (number | null)[]
  meta?: object
  events?: object
}

/** Four prices alike in every row. */
function chart({ times, closes, volumes, adjusted, meta, events }: Parts) {
  const quote = { open: closes, high: closes, low: closes, close: closes, volume: volumes ?? closes.map(() => 100) }
  const indicators = { quote: [quote], ...(adjusted && { adjclose: [{ adjclose: adjusted }] }) }
  const whole = { currency: 'USD', instrumentType: 'EQUITY', exchangeTimezoneName: 'America/New_York', ...meta }
  return json({ chart: { result: [{ meta: whole, timestamp: times, events, indicators }], error: null } })
}

async function barsOf(parts: Parts, request: Partial<BarRequest>) {
  const { provider } = await standIn({ [PATH]: chart(parts) }, { now: () => Date.UTC(2026, 10, 29) })
  const range = { symbol: 'AAPL', interval: '1d', from: 0, to: Date.UTC(2026, 10, 30), adjusted: 'splits' } as const
  return provider.bars!({ ...range, ...request }, signal)
}
const closesOf = ({ bars }: Awaited<ReturnType<typeof barsOf>>) => bars.map(({ start, close }) => [start, close])

describe('bars that are not those asked for', () => {
  test.each([
    ['1d', '1mo'],
    ['1d', '1wk'],
    ['5m', '1d'],
    ['1m', '5m'],
    ['1wk', '3mo']
  ] as const)('are none: for %s Yahoo sends %s', async (interval, dataGranularity) => {
    const answer = barsOf({ times: [], closes: [], meta: { dataGranularity } }, { interval })
    await expect(answer).rejects.toMatchObject({ kind: 'bad_payload' })
  })

  test('are none: they are of another symbol', async () => {
    const chartOf = (symbol: string, asked: string) =>
      barsOf({ times: [dayAt('2026-11-25')], closes: [1], meta: { symbol } }, { symbol: asked })
    await expect(chartOf('MSFT', 'AAPL')).rejects.toMatchObject({ kind: 'bad_payload' })
    await chartOf('BRK-B', 'BRK.B')
    await chartOf('RELIANCE.NS', 'NSE:RELIANCE')
  })

  test('hours are hours by either name', async () => {
    await barsOf(
      { times: [dayAt('2026-11-25')], closes: [1], meta: { dataGranularity: '60m' } },
      { interval: '1h', from: Date.UTC(2026, 10, 1) }
    )
  })

  test('weeks that begin on Wednesdays are no weeks of anybody', async () => {
    const times = ['2026-05-06', '2026-05-13'].map(dayAt)
    await expect(barsOf({ times, closes: [1, 2] }, { interval: '1wk' })).rejects.toMatchObject({ kind: 'bad_payload' })
  })

  test('weeks are named by their Mondays, months by their firsts', async () => {
    const weeks = await barsOf({ times: ['2026-05-18', '2026-05-26'].map(dayAt), closes: [1, 2] }, { interval: '1wk' })
    expect(weeks.bars.map(({ start }) => start)).toEqual(['2026-05-18', '2026-05-25'])
    const months = await barsOf({ times: ['2026-05-01', '2026-06-02'].map(dayAt), closes: [1, 2] }, { interval: '1mo' })
    expect(months.bars.map(({ start }) => start)).toEqual(['2026-05-01', '2026-06-01'])
  })

  test('the week that a range begins in is part of it', async () => {
    const times = ['2026-04-27', '2026-05-04', '2026-05-11'].map(dayAt)
    const range = { interval: '1wk', from: Date.UTC(2026, 4, 7), to: Date.UTC(2026, 4, 13) } as const
    expect(closesOf(await barsOf({ times, closes: [1, 2, 3] }, range))).toEqual([
      ['2026-05-04', 2],
      ['2026-05-11', 3]
    ])
  })
})

describe('total returns', () => {
  const days = ['2026-05-04', '2026-05-05', '2026-05-06', '2026-05-07', '2026-05-08', '2026-05-11']
  const payout = (date: string, amount: number) => ({ dividends: { 1: { date: dayAt(date), amount } } })

  test('of a week follow its own days: a payout within it is not taken off its close, one after it is', async () => {
    const parts = { times: days.map(dayAt), closes: [20, 20, 20, 19, 19, 19], events: payout('2026-05-07', 1) }
    const adjusted = [19, 19, 19, 19, 19, 19]
    const week = await barsOf({ ...parts, adjusted }, { interval: '1wk', adjusted: 'all' })
    expect(week.bars).toMatchObject([
      { start: '2026-05-04', open: 19, high: 19, low: 19, close: 19, volume: 500 },
      { start: '2026-05-11', close: 19 }
    ])
    const later = { ...parts, events: payout('2026-05-11', 1), adjusted: [19, 19, 19, 18.05, 18.05, 19] }
    const month = await barsOf(later, { interval: '1wk', adjusted: 'all' })
    expect(month.bars.map(({ close }) => close)).toEqual([18.05, 19])
  })

  test('of a week whose payout lies on a day that is not there are not told', async () => {
    const parts = { times: [dayAt('2026-05-04')], closes: [20], adjusted: [19], events: payout('2026-05-07', 1) }
    const week = barsOf(parts, { interval: '1wk', adjusted: 'all' })
    await expect(week).rejects.toMatchObject({ kind: 'not_covered' })
  })

  test.each(['INDEX', 'CURRENCY', 'CRYPTOCURRENCY', 'FUTURE'])(
    'of %s are its prices, for it pays nothing',
    async (instrumentType) => {
      const parts = { times: days.map(dayAt), closes: [1, 2, 3, 4, 5, 6], meta: { instrumentType } }
      expect((await barsOf(parts, { adjusted: 'all' })).bars).toHaveLength(6)
    }
  )

  test('of a share are not told without its adjusted closes, and a day that lacks one is named', async () => {
    const parts = { times: days.slice(0, 3).map(dayAt), closes: [1, 2, 3] }
    await expect(barsOf(parts, { adjusted: 'all' })).rejects.toMatchObject({ kind: 'not_covered' })
    const raised = barsOf({ ...parts, adjusted: [10, 20, 30] }, { adjusted: 'all' })
    await expect(raised).rejects.toMatchObject({ kind: 'not_covered' })
    const some = await barsOf({ ...parts, adjusted: [1, null, 3] }, { adjusted: 'all' })
    expect(closesOf(some)).toEqual([
      ['2026-05-04', 1],
      ['2026-05-06', 3]
    ])
    expect(some.withoutPrices).toEqual(['2026-05-05'])
  })

  test('that follow from an impossible payout are in doubt', async () => {
    const parts = { times: days.map(dayAt), closes: [20, 20, 20, 19, 19, 19], events: payout('2026-05-07', 940) }
    const series = await barsOf({ ...parts, adjusted: [1, 1, 1, 19, 19, 19] }, { adjusted: 'all' })
    expect(series.provenance.state).toBe('suspect')
    expect(series.provenance.notes?.join()).toContain('47 times the price')
  })
})

describe('payouts', () => {
  const parts = (amount: number, more: object = {}) => ({
    times: ['2026-05-06', '2026-05-07'].map(dayAt),
    closes: [20, 19],
    events: { dividends: { 1: { date: dayAt('2026-05-07'), amount, ...more } } }
  })
  test.each<[string, 'suspect' | 'closed', number, object?]>([
    ['of many times the price are in doubt', 'suspect', 900],
    ['of half the price have been paid', 'closed', 10],
    ['of cents are the usual', 'closed', 0.2],
    ['in another currency are not held against the price', 'closed', 900, { currency: 'KRW' }]
  ])('%s', async (_, state, amount, more) => {
    const { provider } = await standIn({ [PATH]: chart(parts(amount, more)) })
    const { dividends, provenance } = await provider.dividends!('AAPL', signal)
    expect(dividends).toHaveLength(1)
    expect(provenance.state).toBe(state)
    expect(provenance.notes !== undefined).toBe(state === 'suspect')
  })
})

describe('splits', () => {
  const split = (date: string, numerator: number, denominator: number) => ({
    splits: { 1: { date: dayAt(date), numerator, denominator } }
  })
  const times = ['2026-05-04', '2026-05-05', '2026-05-06'].map(dayAt)

  test('of one for one are none', async () => {
    const { provider } = await standIn({
      [PATH]: chart({ times, closes: [1, 1, 1], events: split('2026-05-05', 1, 1) })
    })
    expect((await provider.splits!('AAPL', signal)).splits).toEqual([])
  })

  test.each([
    ['4 for 1', 4, 1, [400, 100, 101]],
    ['1 for 10', 1, 10, [10, 100, 99]]
  ])('of %s that Yahoo has not divided by are not undone either', async (_, numerator, denominator, closes) => {
    const series = await barsOf(
      { times, closes, events: split('2026-05-05', numerator, denominator) },
      { adjusted: 'none' }
    )
    expect(series.bars.map(({ close }) => close)).toEqual(closes)
    expect(series.provenance.notes?.join()).toContain('has not divided prices before 2026-05-05')
  })

  test('that prices follow are undone, and those beside the series are told to whoever judges it', async () => {
    const parts = { times, closes: [100, 101, 102], events: split('2026-05-05', 4, 1) }
    const series = await barsOf(parts, { adjusted: 'none' })
    expect(series.bars.map(({ close }) => close)).toEqual([400, 101, 102])
    expect((await barsOf(parts, {})).splits).toEqual([{ exDate: '2026-05-05', ratio: 4 }])
  })
})

test('a session that traded and has no prices is named', async () => {
  const times = ['2026-05-04', '2026-05-05', '2026-05-06', '2026-05-07'].map(dayAt)
  const series = await barsOf({ times, closes: [10, null, null, 11], volumes: [5, 42_000, null, 5] }, {})
  expect(series.withoutPrices).toEqual(['2026-05-05'])
})

describe('within the day', () => {
  const at = (time: string) => seconds(`2026-11-25T${time}Z`)
  const request = { interval: '5m', from: Date.UTC(2026, 10, 24), to: Date.UTC(2026, 10, 27) } as const
  const session = { start: at('14:30:00'), end: at('21:00:00') }

  test('the row of the last trade belongs to the bar that is running', async () => {
    const times = [at('15:35:00'), at('15:40:00'), at('15:42:17')]
    const { bars } = await barsOf({ times, closes: [10, 11, 12], volumes: [1, 2, 0] }, request)
    expect(bars.slice(1)).toEqual([
      { start: '2026-11-25T15:40:00.000Z', open: 11, high: 12, low: 11, close: 12, volume: 2 }
    ])
  })

  test('or begins the next, where that has no row yet', async () => {
    const { bars } = await barsOf({ times: [at('15:35:00'), at('15:42:17')], closes: [10, 12] }, request)
    expect(bars.map(({ start }) => start)).toEqual(['2026-11-25T15:35:00.000Z', '2026-11-25T15:40:00.000Z'])
  })

  test('hours that begin at half past take it in too, although it stands on a full minute', async () => {
    const times = [at('15:30:00'), at('15:45:00')]
    const { bars } = await barsOf({ times, closes: [10, 12] }, { ...request, interval: '1h' })
    expect(closesOf({ bars } as never)).toEqual([['2026-11-25T15:30:00.000Z', 12]])
  })

  test('a closing auction is the end of the last bar, and what lies outside of the session is left out', async () => {
    const meta = { tradingPeriods: [[session]], exchangeTimezoneName: 'America/New_York' }
    const times = [at('13:00:00'), at('20:55:00'), at('21:04:09'), at('23:00:00')]
    const series = await barsOf({ times, closes: [8, 10, 12, 13], meta }, request)
    expect(closesOf(series)).toEqual([['2026-11-25T20:55:00.000Z', 12]])
    expect(series.provenance.notes).toEqual(['2 bars outside of the session left out'])
  })

  test('a bar of extended hours is no auction', async () => {
    const meta = { tradingPeriods: { regular: [[session]] }, hasPrePostMarketData: true }
    const series = await barsOf({ times: [at('20:55:00'), at('21:05:00')], closes: [10, 12], meta }, request)
    expect(closesOf(series)).toEqual([['2026-11-25T20:55:00.000Z', 10]])
  })
})
