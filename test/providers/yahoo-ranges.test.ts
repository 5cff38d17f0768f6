import { describe, expect, test } from 'vitest'
import type { BarRequest } from '../../src/market/bar.ts'
import { json, signal, standIn, type Reply } from './yahoo-stand-in.ts'

const PATH = '/v8/finance/chart/'
const DAY_MS = 86_400_000
const NOW = Date.UTC(2026, 6, 29, 20)
const utc = (iso: string) => Date.parse(`${iso}T00:00:00Z`)

/** One row, near the beginning of what was asked for. */
function rowAtBeginning(url: URL): Reply {
  const prices = { open: [10], high: [10], low: [10], close: [10], volume: [5] }
  const meta = { currency: 'USD', exchangeTimezoneName: 'America/New_York', instrumentType: 'EQUITY' }
  const isWithinDay = /^\d+[mh]$/.test(url.searchParams.get('interval')!)
  const timestamp = [Number(url.searchParams.get('period1')) + (isWithinDay ? 300 : 2 * 86_400)]
  return json({ chart: { result: [{ meta, timestamp, indicators: { quote: [prices] } }], error: null } })
}

async function askedFor(parts: Partial<BarRequest>, symbol = 'AAPL') {
  const { provider, asked } = await standIn({ [PATH]: (_, url) => rowAtBeginning(url) }, { now: () => NOW })
  const request = { symbol, interval: '1d', from: utc('2026-07-01'), to: NOW, adjusted: 'splits', ...parts } as const
  const series = await provider.bars!(request, signal)
  const ranges = asked
    .map((path) => new URL(path, 'http://x').searchParams)
    .map((query) => ({ from: Number(query.get('period1')) * 1000, to: Number(query.get('period2')) * 1000 }))
    .sort((one, other) => one.from - other.from)
  return { series, ranges, notes: series.provenance.notes?.join() ?? '' }
}

describe('a range that is longer than Yahoo gives is answered with its newest part', () => {
  test.each([
    ['1m', 30, 7],
    ['5m', 60, 60],
    ['15m', 60, 60],
    ['30m', 60, 60],
    ['1h', 730, 730]
  ] as const)('%s bars: %d days, in pieces of %d', async (interval, days, daysPerPiece) => {
    const { series, ranges, notes } = await askedFor({ interval, from: utc('2020-01-01') })
    expect(ranges[0]!.from).toBeGreaterThanOrEqual(NOW - days * DAY_MS)
    expect(ranges[0]!.from).toBeLessThan(NOW - (days - 1) * DAY_MS)
    expect(ranges.at(-1)!.to).toBe(NOW)
    for (const [index, { from, to }] of ranges.entries()) {
      expect(to - from).toBeLessThanOrEqual(daysPerPiece * DAY_MS)
      if (index > 0) expect(from).toBe(ranges[index - 1]!.to)
    }
    expect(series.bars).toHaveLength(ranges.length)
    if (interval === '1m') expect(notes).toContain('yahoo keeps 1m bars for 30 days')
  })

  test('two years of hours are 731 days, and no reason to refuse them', async () => {
    const { ranges } = await askedFor({ interval: '1h', from: NOW - 731 * DAY_MS })
    expect(ranges).toHaveLength(1)
    expect(ranges[0]!.to - ranges[0]!.from).toBeLessThan(730 * DAY_MS)
  })

  test.each([
    ['days', '1d'],
    ['weeks', '1wk'],
    ['months', '1mo']
  ] as const)('%s since 1900 are those of 99 years', async (_, interval) => {
    const { ranges } = await askedFor({ interval, from: utc('1900-01-01') })
    expect(ranges).toHaveLength(1)
    expect(ranges[0]!.to - ranges[0]!.from).toBeLessThanOrEqual(99.01 * 365.25 * DAY_MS)
    expect(ranges[0]!.from).toBeLessThan(utc('1928-01-01'))
  })

  test('a range that lies before all of it costs no request', async () => {
    const { provider, asked } = await standIn({}, { now: () => NOW })
    const old = { symbol: 'AAPL', interval: '1m', from: utc('2026-01-01'), to: utc('2026-01-03') } as const
    await expect(provider.bars!({ ...old, adjusted: 'splits' }, signal)).rejects.toMatchObject({ kind: 'not_covered' })
    expect(asked).toEqual([])
  })

  test('a range that reaches into the future is not asked for in pieces of years to come', async () => {
    const { ranges } = await askedFor({ interval: '1m', from: NOW - 2 * DAY_MS, to: utc('2096-01-01') })
    expect(ranges).toHaveLength(1)
  })

  test('what is older than a young listing costs only its own piece', async () => {
    const none = { code: 'Bad Request', description: "Data doesn't exist for startDate = 1, endDate = 2" }
    const isOld = (url: URL) => Number(url.searchParams.get('period2')) * 1000 < NOW - 5 * DAY_MS
    const replies = {
      [PATH]: (_: unknown, url: URL) =>
        isOld(url) ? json({ chart: { result: null, error: none } }, 400) : rowAtBeginning(url)
    }
    const { provider } = await standIn(replies, { now: () => NOW })
    const request = { symbol: 'AAPL', interval: '1m', from: NOW - 20 * DAY_MS, to: NOW, adjusted: 'splits' } as const
    expect((await provider.bars!(request, signal)).bars).toHaveLength(1)
  })
})

test.each<[string, Partial<BarRequest>, number]>([
  ['minutes of a month', { interval: '1m', from: utc('2026-06-29') }, 5],
  ['minutes of a week', { interval: '1m', from: NOW - 7 * DAY_MS }, 1],
  ['minutes that reach into the future', { interval: '1m', from: NOW - 7 * DAY_MS, to: utc('2096-01-01') }, 2],
  ['minutes that are not kept any more', { interval: '1m', from: utc('2026-01-01'), to: utc('2026-01-03') }, 0],
  ['hours as traded, which need the splits since', { interval: '1h', to: NOW - DAY_MS, adjusted: 'none' }, 2],
  ['days of a century', { from: utc('1900-01-01') }, 1]
])('the budget is told what %s cost', async (_, parts, count) => {
  const { provider, asked } = await standIn({ [PATH]: (_request, url) => rowAtBeginning(url) }, { now: () => NOW })
  const usual = { symbol: 'AAPL', interval: '1d', from: utc('2026-07-01'), to: NOW, adjusted: 'splits' } as const
  const request = { ...usual, ...parts }
  expect(provider.costOfBars!(request)).toBe(count)
  await provider.bars!(request, signal).catch(() => {})
  expect(asked).toHaveLength(count)
})

describe('weeks and months are whole', () => {
  test('weeks are asked for from a Monday at the exchange, to the end of the last', async () => {
    const range = { interval: '1wk', from: utc('2026-05-07'), to: utc('2026-05-20') } as const
    const { ranges } = await askedFor(range)
    expect(ranges[0]!.from).toBe(Date.parse('2026-05-04T00:00:00-04:00'))
    expect(ranges[0]!.to).toBeGreaterThanOrEqual(Date.parse('2026-05-25T00:00:00-04:00'))
    const sydney = await askedFor(range, 'BHP.AX')
    expect(sydney.ranges[0]!.from).toBe(Date.parse('2026-05-04T00:00:00+10:00'))
    const nowhere = await askedFor(range, '^UNKNOWN')
    expect(nowhere.ranges[0]!.from).toBe(utc('2026-05-04'))
  })

  test('months from the first', async () => {
    const { ranges } = await askedFor({ interval: '1mo', from: utc('2026-02-20'), to: utc('2026-05-03') })
    expect(ranges[0]!.from).toBe(Date.parse('2026-02-01T00:00:00-05:00'))
    expect(ranges[0]!.to).toBeGreaterThanOrEqual(utc('2026-06-01'))
  })
})

test.each(['splits', 'dividends'] as const)('%s of before 1970 are asked for', async (capability) => {
  const { provider, asked } = await standIn({ [PATH]: (_, url) => rowAtBeginning(url) }, { now: () => NOW })
  await provider[capability]!('KO', signal)
  const first = Number(new URL(asked[0]!, 'http://x').searchParams.get('period1')) * 1000
  expect(first).toBeLessThan(utc('1928-01-01'))
  expect(NOW - first).toBeLessThan(100 * 365 * DAY_MS)
})
