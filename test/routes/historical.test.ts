import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { resolveRange } from '../../src/routes/historical-range.ts'
import type { Bar } from '../../src/market/bar.ts'
import { errorOf, startWorld, type Api, type ApiWorld } from '../support/api.ts'

let world: ApiWorld
let api: Api
let token: string

beforeAll(async () => {
  world = await startWorld()
  api = await world.startApi()
  token = (await api.login()).token
})
afterAll(() => world.close())

const get = (query: string, headers = {}) => api.get(`/api/v1/market/historical/AAPL${query}`, token, headers)

describe('history', () => {
  test('comes as json, csv and ndjson with the same bars, and says where they come from', async () => {
    const json = await get('?period=1mo')
    const { bars } = json.json() as { bars: Bar[] }
    expect(bars).toHaveLength(3)
    // The last is of today, whose session ends in the evening of New York at the earliest.
    expect(bars[0]).not.toHaveProperty('complete')

    const csv = await get('?period=1mo&format=csv')
    expect(csv.headers).toMatchObject({
      'content-type': 'text/csv; charset=utf-8; header=present',
      'quotewire-source': 'yahoo',
      'quotewire-adjusted': 'splits',
      'quotewire-currency': 'USD'
    })
    expect(csv.body.split('\n')).toEqual([
      'start,open,high,low,close,volume,complete,symbol',
      ...bars.map(({ start, complete }) => `${start},100,101.5,99.25,101,1000,${complete ?? ''},AAPL`),
      ''
    ])

    const ndjson = await get('?period=1mo&format=ndjson')
    expect(ndjson.headers['content-type']).toBe('application/x-ndjson')
    expect(
      ndjson.body
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown)
    ).toEqual(bars.map((bar) => ({ ...bar, symbol: 'AAPL' })))
    const held = await get('?period=1mo&format=ndjson', { 'if-none-match': ndjson.headers.etag })
    expect([held.status, held.body]).toEqual([304, ''])
  })

  test('asks the vendor once for one period', async () => {
    api.vendor.asked.length = 0
    await get('?period=5y')
    await get('?period=5y&format=csv')
    expect(api.vendor.asked).toEqual(['bars AAPL'])
  })

  test.each([
    ['an interval there is none of', '?interval=2h', 'interval'],
    ['a period there is none of', '?period=3y', 'period'],
    ['an adjustment there is none of', '?adjusted=maybe', 'adjusted'],
    ['a format there is none of', '?format=xml', 'format'],
    ['a parameter that is not known', '?frm=2024-01-01', 'frm'],
    ['a parameter given twice', '?interval=1d&interval=1h', 'interval'],
    ['period beside from', '?period=1y&from=2024-01-01', 'period'],
    ['to without from', '?to=2024-01-01', 'from'],
    ['a range turned round', '?from=2024-02-01&to=2024-01-01', 'to'],
    ['a range of nothing', '?from=2024-02-01T00:00:00Z&to=2024-02-01T00:00:00Z', 'to'],
    ['a year before 1900', '?from=1492-10-12&to=1900-01-02', 'from'],
    ['a beginning in the future', '?from=2199-01-01', 'from'],
    ['an end in the future', '?from=2024-01-01&to=2199-01-01', 'to'],
    ['a day there is none of', '?from=2024-02-30', 'from'],
    ['a time without its zone', '?from=2024-02-01T10:00', 'from'],
    ['a year of five digits', '?from=12024-02-01', 'from'],
    ['no date at all', "?from=now()'--", 'from'],
    ['ten years of minutes', '?period=10y&interval=1m', 'period'],
    ['two months of minutes', '?from=2024-01-01&to=2024-03-01&interval=1m', 'from'],
    ['minutes of the default year', '?interval=1m', 'interval']
  ])('%s is a 400 that names the field', async (_name, query, field) => {
    const answer = await get(query)
    expect(answer.status).toBe(400)
    expect(errorOf(answer)).toMatchObject({ code: 'INVALID_REQUEST', details: { field } })
  })
})

describe('a range', () => {
  const monday = Date.parse('2026-03-02T14:30:00Z')
  const days = (query: Parameters<typeof resolveRange>[0], now = monday) => {
    const { from, to } = resolveRange(query, now)
    return [new Date(from).toISOString().slice(0, 10), new Date(to).toISOString().slice(0, 10)]
  }

  test.each([
    ['1d', '2026-02-27'],
    ['5d', '2026-02-23'],
    ['1mo', '2026-02-02'],
    ['ytd', '2026-01-01'],
    ['1y', '2025-03-02'],
    ['max', '1900-01-01']
  ] as const)('of %s begins where one expects and ends with the day', (period, from) => {
    expect(days({ period, interval: '1d' })).toEqual([from, '2026-03-03'])
  })

  test('of one month does not skip February', () => {
    expect(days({ period: '1mo', interval: '1d' }, Date.parse('2026-03-31T12:00:00Z'))[0]).toBe('2026-02-28')
  })

  test('of a month is never too long for minutes, three months for quarters, two years for hours', () => {
    for (let day = 0; day < 4 * 366; day++) {
      const now = monday + day * 86_400_000
      for (const [period, interval] of [
        ['1mo', '1m'],
        ['3mo', '15m'],
        ['2y', '1h']
      ] as const) {
        expect(resolveRange({ period, interval }, now).period).toBe(period)
      }
    }
  })

  test('takes in the day it ends with', () => {
    expect(days({ from: '2024-01-02', to: '2024-01-05', interval: '1d' })).toEqual(['2024-01-02', '2024-01-06'])
  })

  test('of instants is taken as it is for intraday bars', () => {
    const range = { from: '2026-03-02T09:30:00-05:00', to: '2026-03-02T10:00:00-05:00', interval: '1m' } as const
    expect(resolveRange(range, monday)).toEqual({
      from: Date.parse('2026-03-02T14:30:00Z'),
      to: Date.parse('2026-03-02T15:00:00Z')
    })
  })
})
