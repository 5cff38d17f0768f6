import { describe, expect, onTestFinished, test } from 'vitest'
import type { BarRequest } from '../../src/market/bar.ts'
import { ProviderError } from '../../src/providers/provider.ts'
import { wireOf } from '../../src/providers/tiingo/client.ts'
import { tiingo } from '../../src/providers/tiingo/tiingo.ts'
import { json, signal, vendorServer, type Asked, type Reply } from './vendor-server.ts'
import { shippedHours } from '../support/hours.ts'

const KEY = 'a-secret-key'
const NOW = Date.UTC(2026, 6, 29, 20)

async function connect(answer: Reply | ((asked: Asked) => Reply), plan: 'standard' | 'free' = 'standard') {
  const { url, asked } = await vendorServer(typeof answer === 'function' ? answer : () => answer)
  const provider = tiingo({ hoursOf: shippedHours, apiKey: KEY, baseUrl: url, timeoutMs: 5000, plan, now: () => NOW })
  onTestFinished(() => provider.close())
  return { provider, asked }
}

const quote = (more: object) => ({
  ticker: 'AAPL',
  timestamp: '2026-07-29T14:28:57.053159184-04:00',
  lastSaleTimestamp: '2026-07-29T14:28:50.950142514-04:00',
  tngoLast: 100,
  last: 100,
  mid: 250,
  prevClose: 80,
  lastSize: 10,
  bidPrice: 99.9,
  bidSize: 300,
  askPrice: 100.1,
  askSize: 200,
  volume: 39_782,
  ...more
})

const row = (date: string, close: number, more: object = {}) => ({
  date: `${date}T00:00:00.000Z`,
  open: close,
  high: close + 1,
  low: close - 1,
  close,
  volume: 100,
  adjOpen: close,
  adjHigh: close + 1,
  adjLow: close - 1,
  adjClose: close,
  adjVolume: 100,
  divCash: 0,
  splitFactor: 1,
  ...more
})

const request = (more: Partial<BarRequest> = {}): BarRequest => ({
  symbol: 'AAPL',
  interval: '1d',
  from: Date.parse('2020-08-27'),
  to: Date.parse('2020-09-05'),
  adjusted: 'splits',
  ...more
})

describe('Tiingo quotes', () => {
  test('the price is a trade and never the middle of the book', async () => {
    const { provider, asked } = await connect(json([quote({})]))
    const { provenance, ...value } = (await provider.quotes!(['AAPL'], signal)).get('AAPL')!
    expect(value).toEqual({
      symbol: 'AAPL',
      price: 100,
      change: 20,
      changePercent: 25,
      previousClose: 80,
      bid: 99.9,
      bidSize: 300,
      ask: 100.1,
      askSize: 200,
      currency: 'USD',
      asOf: '2026-07-29T18:28:50.950Z'
    })
    expect(provenance).toMatchObject({ feed: 'iex', state: 'live' })
    expect(asked[0]!.headers.authorization).toBe(`Token ${KEY}`)
    expect(asked[0]!.query.toString()).toBe('tickers=AAPL')
  })

  test('each side of an almost empty book is left out by itself', async () => {
    const { provider } = await connect(json([quote({ askPrice: 185 })]))
    const value = (await provider.quotes!(['AAPL'], signal)).get('AAPL')!
    expect(value.bid).toBe(99.9)
    expect(value).not.toHaveProperty('ask')
    expect(value).not.toHaveProperty('askSize')
  })

  test('class shares keep their name, and what is not sold is missing', async () => {
    const { provider, asked } = await connect(json([quote({ ticker: 'brk-b' })]))
    const quotes = await provider.quotes!(['BRK.B', 'OCDO.L', 'NOSUCH'], signal)
    expect([...quotes.keys()]).toEqual(['BRK.B'])
    expect(asked[0]!.query.get('tickers')).toBe('BRK-B,NOSUCH')
    await expect(provider.quotes!(['^GSPC', 'BTC-USD'], signal)).rejects.toMatchObject({ kind: 'not_covered' })
  })

  test('one bad row costs only that row', async () => {
    const { provider } = await connect(
      json([quote({}), { ticker: 'MSFT' }, quote({ ticker: 'T', tngoLast: null, last: null })])
    )
    expect([...(await provider.quotes!(['AAPL', 'MSFT', 'T'], signal)).keys()]).toEqual(['AAPL'])
  })
})

describe('Tiingo bars', () => {
  // A split of 4 for 1 on 2020-08-31, a Monday, and a dividend after it.
  const split = [
    row('2020-08-28', 500, { adjClose: 120, adjOpen: 120, adjHigh: 121, adjLow: 119, adjVolume: 400 }),
    row('2020-08-31', 125, { splitFactor: 4, adjClose: 120 }),
    row('2020-09-01', 126, { divCash: 0.5 })
  ]

  test('a split after the range still divides the prices in it', async () => {
    const { provider, asked } = await connect(json(split))
    const { bars } = await provider.bars!(request({ to: Date.parse('2020-08-29') }), signal)
    expect(bars).toEqual([{ start: '2020-08-28', open: 125, high: 125.25, low: 124.75, close: 125, volume: 400 }])
    expect(asked[0]!.query.has('endDate')).toBe(false)
  })

  test('a week of a split is one week in one unit', async () => {
    const midweek = [row('2020-08-31', 500), row('2020-09-01', 508), row('2020-09-02', 127, { splitFactor: 4 })]
    const { provider } = await connect(json(midweek))
    const { bars } = await provider.bars!(request({ interval: '1wk' }), signal)
    expect(bars).toEqual([{ start: '2020-08-31', open: 125, high: 128, low: 124.75, close: 127, volume: 900 }])
  })

  test('a month starts with its first day, and asks for all of it', async () => {
    const { provider, asked } = await connect(json([row('2020-08-31', 500)]))
    const series = await provider.bars!(request({ interval: '1mo', adjusted: 'all' }), signal)
    expect(series.bars[0]!.start).toBe('2020-08-01')
    expect(Object.fromEntries(asked[0]!.query)).toMatchObject({ resampleFreq: 'monthly', startDate: '2020-08-01' })
  })

  test('a session date stays the day it is, however it is written', async () => {
    const { provider } = await connect(json([{ ...row('2020-08-31', 125), date: '2020-08-31T00:00:00+00:00' }]))
    const { bars } = await provider.bars!(request({ adjusted: 'none' }), signal)
    expect(bars.map(({ start }) => start)).toEqual(['2020-08-31'])
  })

  test('minute bars are adjusted by the daily rows, and ask for the volume', async () => {
    const minute = { date: '2020-08-28T14:30:00.000Z', open: 500, high: 504, low: 496, close: 500, volume: 10 }
    const { provider, asked } = await connect(({ path }) => json(path.startsWith('/iex/') ? [minute] : split))
    const bars = async (adjusted: BarRequest['adjusted']) =>
      (await provider.bars!(request({ interval: '30m', adjusted }), signal)).bars[0]
    expect(await bars('splits')).toMatchObject({ start: minute.date, close: 125, volume: 40 })
    expect((await bars('all'))!.close).toBeCloseTo(120, 9)
    expect(await bars('none')).toMatchObject({ close: 500, volume: 10 })
    expect(asked[0]!.query.get('columns')).toBe('open,high,low,close,volume')
  })

  test('a range without a session is empty, one with sessions is left to another vendor', async () => {
    const { provider } = await connect(json([]))
    const weekend = { from: Date.parse('2020-08-29'), to: Date.parse('2020-08-31'), adjusted: 'none' } as const
    expect((await provider.bars!(request(weekend), signal)).bars).toEqual([])
    const week = provider.bars!(request({ adjusted: 'none' }), signal)
    await expect(week).rejects.toMatchObject({ kind: 'not_covered' })
  })

  test('a split that cannot be read costs the bars before it, and no others', async () => {
    const rows = [row('2020-08-28', 500), row('2020-08-31', 125, { splitFactor: null }), row('2020-09-01', 126)]
    const { provider } = await connect(json(rows))
    const { bars, provenance } = await provider.bars!(request(), signal)
    expect(bars.map(({ start }) => start)).toEqual(['2020-08-31', '2020-09-01'])
    expect(provenance.notes).toEqual(['1 bars without a full set of prices left out'])
  })

  test('a payout of more than the share cost the day before is in doubt, of new shares too', async () => {
    const rows = [
      row('2026-06-01', 40),
      row('2026-06-02', 41, { divCash: 0.5 }),
      row('2026-06-03', 10, { divCash: 12, splitFactor: 4 })
    ]
    const { provider } = await connect(json(rows))
    const { dividends, provenance } = await provider.dividends!('AAPL', signal)
    expect(dividends.map(({ amount }) => amount)).toEqual([12, 0.5])
    expect(provenance).toMatchObject({
      state: 'suspect',
      notes: ['the payout of 12 on 2026-06-03 is 1.17 times the price']
    })
    const { provider: sound } = await connect(json(rows.slice(0, 2)))
    expect((await sound.dividends!('AAPL', signal)).provenance.state).toBe('live')
  })

  test('splits and dividends are read from the daily rows', async () => {
    const { provider } = await connect(json(split))
    expect((await provider.splits!('AAPL', signal)).splits).toEqual([{ exDate: '2020-08-31', ratio: 4 }])
    const { dividends, amountsAdjusted } = await provider.dividends!('AAPL', signal)
    expect(dividends).toEqual([{ exDate: '2020-09-01', amount: 0.5, currency: 'USD', kind: 'cash' }])
    expect(amountsAdjusted).toBe('none')
  })
})

describe('Tiingo companies', () => {
  const listing = json({ ticker: 'AAPL', name: 'Apple', description: null, exchangeCode: 'NASDAQ' })
  const gate = 'Field not available for free/evaluation'
  const company = { ticker: 'aapl', sector: 'Technology', industry: gate, companyWebsite: 'https://apple.com' }

  test('the sector comes with a plan that has it, and a placeholder is an absence', async () => {
    const { provider } = await connect(({ path }) => (path.endsWith('/meta') ? json([company]) : listing))
    const profile = await provider.profile!('AAPL', signal)
    expect(profile).toMatchObject({ name: 'Apple', sector: 'Information Technology', website: 'https://apple.com' })
    expect(profile).not.toHaveProperty('industry')
  })

  test('a plan without company data still gets the listing, a free one does not ask', async () => {
    const refused = json({ detail: 'Error: Free and Power plans are limited to the DOW 30.' }, 400)
    const { provider } = await connect(({ path }) => (path.endsWith('/meta') ? refused : listing))
    expect((await provider.profile!('AAPL', signal)).name).toBe('Apple')
    const free = await connect(listing, 'free')
    await free.provider.profile!('AAPL', signal)
    expect(free.asked).toHaveLength(1)
  })

  test('a story comes once, with the symbols of all its copies', async () => {
    const story = { title: 'One  Story', url: 'https://a.example', publishedDate: '2024-06-25T10:26:00Z', source: 'a' }
    const { provider } = await connect(
      json([
        { ...story, id: 1, tickers: ['aapl'] },
        { ...story, id: 2, title: 'one story', publishedDate: '2024-06-25T10:30:02.826000Z', tickers: ['brk-b'] },
        { ...story, id: 3, url: 'javascript:alert(1)' }
      ])
    )
    const { items } = await provider.news!('AAPL', 5, signal)
    expect(items.map(({ id, symbols, publishedAt }) => [id, symbols, publishedAt])).toEqual([
      ['2', ['BRK.B', 'AAPL'], '2024-06-25T10:30:02.826Z']
    ])
    expect((await provider.marketNews!(5, signal)).items).toEqual(items)
  })

  test('listings that still trade are found first', async () => {
    const match = { name: 'Apple', assetType: 'Stock', countryCode: 'US' }
    const { provider } = await connect(
      json([
        { ...match, ticker: 'OLD', isActive: false, openFIGI: 'BBG1' },
        { ...match, ticker: 'AAPL', isActive: true, openFIGIComposite: 'BBG2' }
      ])
    )
    const { matches } = await provider.search!('apple', 5, signal)
    expect(matches[0]).toEqual({ symbol: 'AAPL', name: 'Apple', kind: 'equity', country: 'US', currency: 'USD' })
  })

  test('a value that the plan hides is an absence, not a text', async () => {
    const incomeStatement = [
      { dataCode: 'revenue', value: 5 },
      { dataCode: 'eps', value: gate }
    ]
    const { provider } = await connect(({ path }) =>
      json(
        path.endsWith('/daily')
          ? [{ date: '2026-07-28T00:00:00.000Z', marketCap: gate, peRatio: 30 }]
          : [{ date: '2026-03-31', quarter: 1, statementData: { incomeStatement } }]
      )
    )
    const { statements, metrics } = await provider.fundamentals!('AAPL', signal)
    expect(statements[0]).toMatchObject({ period: 'quarterly', lines: { revenue: 5 } })
    expect(statements[0]!.lines).not.toHaveProperty('epsBasic')
    expect(metrics).toEqual({ peRatio: 30 })
  })
})

describe('what Tiingo says when it does not answer', () => {
  const detail = (text: string, status: number) => json({ detail: text }, status)
  const month = 'You have run over your 500 symbol look up for this month. Please upgrade your limits.'
  test.each<[string, Reply, object]>([
    ['a spent hour', detail('Error: You have run over your hourly request allocation.', 429), { scope: 'hour' }],
    ['a spent day', detail('Error: You have run over your daily request allocation.', 429), { scope: 'day' }],
    ['a spent month', detail(month, 429), { kind: 'rate_limited', scope: 'month' }],
    ['a spent month, as bare text', { status: 200, type: 'text/plain', body: month }, { scope: 'month' }],
    ['a wrong key', detail('Invalid token.', 401), { kind: 'unauthorized' }],
    ['no key', detail('Please supply a token', 403), { kind: 'unauthorized' }],
    [
      'a plan without it',
      detail('Error: Free and Power plans are limited to the DOW 30.', 400),
      { kind: 'not_covered' }
    ],
    ['a wrong request', detail("Error: resampleFreq must be in 'Min' or 'Hour' only", 400), { kind: 'bad_payload' }],
    ['an unknown symbol', detail('Not found.', 404), { kind: 'not_found' }],
    ['a web page for JSON', { type: 'text/html', body: '<html>' }, { kind: 'bad_payload' }],
    ['a web page for a path', { status: 404, type: 'text/html', body: '<html>' }, { kind: 'bad_payload' }],
    ['CSV for JSON', { type: 'text/csv', body: 'date,close\n2024-01-02,1' }, { kind: 'bad_payload' }],
    ['an outage', { status: 503, type: 'text/html', body: '<html>' }, { kind: 'unavailable' }],
    ['an object for an array', json({ price: 1 }), { kind: 'bad_payload' }]
  ])('%s', async (_, reply, expected) => {
    const { provider } = await connect(reply)
    const error = await provider.news!('AAPL', 5, signal).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(ProviderError)
    expect(error).toMatchObject({ provider: 'tiingo', ...expected })
    expect((error as Error).message).not.toContain(KEY)
  })
})

describe('Tiingo symbols', () => {
  test.each(['OCDO.L', '^GSPC', 'BTC-USD', 'EURUSD=X', 'GC=F', 'NSE:RELIANCE', 'ABC.RT'])(
    '%s is not asked',
    (symbol) => {
      expect(wireOf(symbol)).toBeUndefined()
    }
  )
})
