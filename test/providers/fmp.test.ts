import { describe, expect, onTestFinished, test } from 'vitest'
import type { BarRequest } from '../../src/market/bar.ts'
import { fmp } from '../../src/providers/fmp/fmp.ts'
import { canonicalOf, listingOf } from '../../src/providers/fmp/listing.ts'
import { json, signal, vendorServer, type Asked, type Reply } from './vendor-server.ts'
import { shippedHours } from '../support/hours.ts'

const KEY = 'a-secret-key'
const NOW = Date.UTC(2026, 6, 29, 20)

async function connect(answer: Reply | ((asked: Asked) => Reply), options: { plan?: 'free'; timeoutMs?: number } = {}) {
  const { url, asked } = await vendorServer(typeof answer === 'function' ? answer : () => answer)
  const { plan = 'standard', timeoutMs = 5000 } = options
  const provider = fmp({ hoursOf: shippedHours, apiKey: KEY, baseUrl: url, timeoutMs, plan, now: () => NOW })
  onTestFinished(() => provider.close())
  return { provider, asked }
}

const day = (date: string, extra: object = {}) => ({ date, open: 10, high: 12, low: 9, close: 11, volume: 5, ...extra })
const daily = (from: string, to: string, more: Partial<BarRequest> = {}): BarRequest => ({
  symbol: 'AAPL',
  interval: '1d',
  from: Date.parse(from),
  to: Date.parse(to),
  adjusted: 'splits',
  ...more
})

describe('FMP quotes', () => {
  test('a batch is one request, and a class share keeps its name', async () => {
    const { provider, asked } = await connect(json([{ symbol: 'BRK-B', price: 471.5, timestamp: 1785351265 }]))
    const quotes = await provider.quotes!(['BRK.B', 'NOSUCH'], signal)
    expect([...quotes.keys()]).toEqual(['BRK.B'])
    expect(asked.map(({ path, query }) => [path, query.get('symbols')])).toEqual([
      ['/stable/batch-quote', 'BRK-B,NOSUCH']
    ])
  })

  test('the key travels in a header and never in an address', async () => {
    const { provider, asked } = await connect(json([{ symbol: 'AAPL', price: 1, timestamp: 1785351265 }]))
    await provider.quotes!(['AAPL'], signal)
    expect(asked[0]!.headers.apikey).toBe(KEY)
    expect(asked[0]!.query.toString()).not.toContain(KEY)
  })

  test('a free key asks symbol by symbol', async () => {
    const { provider, asked } = await connect(json([{ symbol: 'AAPL', price: 1, timestamp: 1785351265 }]), {
      plan: 'free'
    })
    expect(provider.maxQuotesPerRequest).toBe(1)
    expect((await provider.quotes!(['AAPL'], signal)).size).toBe(1)
    expect(asked[0]!.path).toBe('/stable/quote')
  })

  test('pence become pounds, by the currency of the profile, which is asked once', async () => {
    const { provider, asked } = await connect(({ path }) =>
      path.endsWith('profile')
        ? json([{ symbol: 'OCDO.L', currency: 'GBp' }])
        : json([
            { symbol: 'OCDO.L', price: 308.8, change: -2.4, previousClose: 311.2, marketCap: 1, timestamp: 1785351265 }
          ])
    )
    await provider.quotes!(['OCDO.L'], signal)
    const quote = (await provider.quotes!(['OCDO.L'], signal)).get('OCDO.L')!
    expect(quote).toMatchObject({ price: 3.088, change: -0.024, previousClose: 3.112, currency: 'GBP' })
    expect(quote.provenance.notes).toEqual(['prices converted from pence (GBp) to GBP'])
    expect(quote).not.toHaveProperty('marketCap')
    expect(asked.filter(({ path }) => path.endsWith('profile'))).toHaveLength(1)
  })

  test('a London price whose unit nobody tells is marked as suspect', async () => {
    const { provider } = await connect(({ path }) =>
      path.endsWith('profile')
        ? { status: 402, type: 'text/plain', body: "Premium Query Parameter: 'Special Endpoint'" }
        : json([{ symbol: 'OCDO.L', price: 308.8, timestamp: 1785351265 }])
    )
    const quote = (await provider.quotes!(['OCDO.L'], signal)).get('OCDO.L')!
    expect(quote.provenance.state).toBe('suspect')
    expect(quote).not.toHaveProperty('currency')
  })

  test('one bad row costs only that row', async () => {
    const good = { symbol: 'AAPL', price: 343.57001, change: 3.55999, timestamp: 1785351265 }
    const { provider } = await connect(json([good, { symbol: 'MSFT', price: 'n/a' }, null]))
    const quotes = await provider.quotes!(['AAPL', 'MSFT'], signal)
    expect([...quotes.keys()]).toEqual(['AAPL'])
    expect(quotes.get('AAPL')).toMatchObject({ price: 343.57, change: 3.56 })
  })

  test('a price of nothing is no quote, and a penny share keeps its digits', async () => {
    const { provider } = await connect(
      json([
        { symbol: 'DEAD', price: 0, timestamp: 1785351265 },
        { symbol: 'PENNY', price: 0.000012, timestamp: 1785351265 }
      ])
    )
    const quotes = await provider.quotes!(['DEAD', 'PENNY'], signal)
    expect([...quotes.values()].map(({ symbol, price }) => [symbol, price])).toEqual([['PENNY', 0.000012]])
  })

  test('what the vendor has no symbol for is not asked', async () => {
    const { provider, asked } = await connect(json([]))
    await expect(provider.quotes!(['GC=F'], signal)).rejects.toMatchObject({ kind: 'not_covered' })
    expect(asked).toEqual([])
  })
})

describe('FMP bars', () => {
  test.each([
    ['splits', 'full'],
    ['none', 'non-split-adjusted'],
    ['all', 'dividend-adjusted']
  ] as const)('%s come from their own path, under either name of the members', async (adjusted, path) => {
    const adj = { date: '2024-06-06', adjOpen: 20, adjHigh: 22, adjLow: 19, adjClose: 21, volume: 7 }
    const { provider, asked } = await connect(
      json(adjusted === 'splits' ? [{ ...day('2024-06-06'), adjClose: 9 }] : [adj])
    )
    const series = await provider.bars!(daily('2024-06-06', '2024-06-07', { adjusted }), signal)
    expect(asked[0]!.path).toBe(`/stable/historical-price-eod/${path}`)
    expect(series.bars[0]!.close).toBe(adjusted === 'splits' ? 11 : 21)
  })

  test('history longer than one answer comes whole, oldest first and once', async () => {
    const first = Date.parse('2000-01-01')
    const all = Array.from({ length: 7000 }, (_, index) =>
      new Date(first + index * 86_400_000).toISOString().slice(0, 10)
    )
    const { provider, asked } = await connect(({ query }) => {
      const rows = all.filter((date) => date >= query.get('from')! && date <= query.get('to')!)
      return json(
        rows
          .toReversed()
          .slice(0, 5000)
          .map((date) => day(date))
      )
    })
    const series = await provider.bars!(daily('2000-01-01', '2020-01-01'), signal)
    expect(series.bars.map(({ start }) => start)).toEqual(all)
    expect(asked).toHaveLength(2)
  })

  test('minute bars cut off by the vendor are asked for again', async () => {
    const minutes = ['2025-07-21 09:30:00', '2025-07-22 09:30:00', '2025-07-23 09:30:00', '2025-07-24 09:30:00']
    const { provider } = await connect(({ query }) => {
      const rows = minutes.filter((date) => date.slice(0, 10) <= query.get('to')!)
      return json(
        rows
          .toReversed()
          .slice(0, 2)
          .map((date) => day(date))
      )
    })
    const request = daily('2025-07-21T00:00:00Z', '2025-07-25T00:00:00Z', { interval: '1m' })
    const series = await provider.bars!(request, signal)
    expect(series.bars.map(({ start }) => start.slice(0, 16))).toEqual(
      minutes.map((date) => `${date.slice(0, 10)}T13:30`)
    )
  })

  test('a minute bar in London starts by the clock of London', async () => {
    const { provider } = await connect(({ path }) =>
      json(path.endsWith('profile') ? [{ symbol: 'OCDO.L', currency: 'GBp' }] : [day('2025-07-24 08:00:00')])
    )
    const request = daily('2025-07-24', '2025-07-25', { symbol: 'OCDO.L', interval: '5m' })
    const series = await provider.bars!(request, signal)
    expect(series.bars).toEqual([
      { start: '2025-07-24T07:00:00.000Z', open: 0.1, high: 0.12, low: 0.09, close: 0.11, volume: 5 }
    ])
  })

  test.each([
    [{ interval: '1wk' as const }],
    [{ interval: '5m' as const, adjusted: 'all' as const }],
    [{ interval: '5m' as const, symbol: 'BTC-USD' }]
  ])('%o is left to another provider', async (more) => {
    const { provider } = await connect(json([day('2024-06-06')]))
    await expect(provider.bars!(daily('2024-06-06', '2024-06-07', more), signal)).rejects.toMatchObject({
      kind: 'not_covered'
    })
  })

  test('a total return without the columns that adjust it is none', async () => {
    const { provider } = await connect(json([day('2024-06-06')]))
    const bars = provider.bars!(daily('2024-06-06', '2024-06-07', { adjusted: 'all' }), signal)
    await expect(bars).rejects.toMatchObject({ kind: 'bad_payload' })
  })

  test('older answers come wrapped', async () => {
    const { provider } = await connect(json({ symbol: 'AAPL', historical: [day('2024-06-06')] }))
    expect((await provider.bars!(daily('2024-06-06', '2024-06-07'), signal)).bars).toHaveLength(1)
  })
})

describe('FMP lists', () => {
  test('sectors of a session without figures yet are those of the one before', async () => {
    const { provider, asked } = await connect(({ query }) => {
      if (query.get('date') === '2026-07-29') return json([])
      const [date, exchange] = [query.get('date'), query.get('exchange')]
      return json([{ date, exchange, sector: 'Healthcare', averageChange: exchange === 'NYSE' ? 3 : -1 }])
    })
    const { sectors } = await provider.sectors!(signal)
    expect(sectors).toEqual([{ sector: 'Health Care', changePercent: 1, asOf: '2026-07-28' }])
    expect(asked.map(({ query }) => query.get('date'))).toEqual([
      '2026-07-29',
      '2026-07-29',
      '2026-07-28',
      '2026-07-28'
    ])
  })

  test('a percent that price and change do not give is no move', async () => {
    const row = { name: 'x', exchange: 'NASDAQ' }
    const { provider } = await connect(
      json([
        { ...row, symbol: 'ABCD', price: 16.88, change: 16.88, changesPercentage: 1.29e41 },
        { ...row, symbol: 'LIAR', price: 10, change: 1, changesPercentage: 90 },
        { ...row, symbol: 'DOWN', price: 10, change: -1, changesPercentage: -9.0909 },
        { ...row, symbol: 'BF-B', price: 11, change: 1, changesPercentage: 10 }
      ])
    )
    expect((await provider.movers!('gainers', signal)).movers.map(({ symbol }) => symbol)).toEqual(['BF.B'])
  })

  test('indices are the well-known ones of the two hundred, each with its own time', async () => {
    const { provider } = await connect(
      json([
        { symbol: '^DJBGIE', price: 4155.76, change: 1.09, volume: 0 },
        { symbol: '^GSPC', price: 6366.13, change: 7.22, volume: 0, marketCap: 0, timestamp: 1753374601 }
      ])
    )
    const { indices } = await provider.indices!(signal)
    expect(indices).toHaveLength(1)
    expect(indices[0]).toMatchObject({ symbol: '^GSPC', asOf: '2025-07-24T16:30:01.000Z' })
    expect(indices[0]!.changePercent).toBeCloseTo(0.11354, 4)
    for (const absent of ['volume', 'marketCap', 'currency']) expect(indices[0]).not.toHaveProperty(absent)
  })

  test('a free key gets the indices it may see', async () => {
    const { provider } = await connect(
      ({ query }) =>
        query.get('symbol') === '^GSPC'
          ? json([{ symbol: '^GSPC', price: 6366.13, timestamp: 1753374601 }])
          : { status: 402, type: 'text/plain', body: "Premium Query Parameter: 'Special Endpoint'" },
      { plan: 'free' }
    )
    expect((await provider.indices!(signal)).indices).toHaveLength(1)
  })

  test('a name is searched where no symbol fits', async () => {
    const { provider, asked } = await connect(({ path }) =>
      json(
        path.endsWith('search-name')
          ? [{ symbol: 'BTCUSD', name: 'Bitcoin USD', currency: 'USD', exchange: 'CRYPTO' }]
          : []
      )
    )
    const { matches } = await provider.search!('bitcoin', 5, signal)
    expect(matches).toEqual([
      { symbol: 'BTC-USD', name: 'Bitcoin USD', kind: 'crypto', exchange: 'Crypto', currency: 'USD' }
    ])
    expect(asked).toHaveLength(2)
  })

  test('a story that names two symbols comes once, and one that names none comes too', async () => {
    const story = { publishedDate: '2025-01-15 16:30:00', title: 'T', url: 'https://example.com/1', text: 'x' }
    const { provider } = await connect(
      json([
        { ...story, symbol: 'AAPL' },
        { ...story, symbol: 'BRK-B' },
        { ...story, symbol: null, url: 'https://example.com/2', publishedDate: '2025-01-15 17:30:00' }
      ])
    )
    const { items } = await provider.news!('AAPL', 10, signal)
    expect(items.map(({ symbols, publishedAt }) => [symbols, publishedAt])).toEqual([
      [[], '2025-01-15T22:30:00.000Z'],
      [['AAPL', 'BRK.B'], '2025-01-15T21:30:00.000Z']
    ])
    expect((await provider.marketNews!(10, signal)).items).toEqual(items)
  })

  test('a payout of more than four times the price a year is in doubt', async () => {
    const payout = (date: string, adjDividend: number, percent: number) => ({ date, adjDividend, yield: percent })
    const { provider } = await connect(json([payout('2026-06-01', 900, 3600), payout('2026-03-01', 0.25, 1.1)]))
    const { provenance } = await provider.dividends!('AAPL', signal)
    expect(provenance).toMatchObject({ state: 'suspect', notes: [expect.stringContaining('900 on 2026-06-01')] })
  })

  test('splits and dividends come newest first', async () => {
    const { provider } = await connect(({ path }) =>
      json(
        path.endsWith('splits')
          ? [
              { date: '2014-06-09', numerator: 7, denominator: 1 },
              { date: '2020-08-31', numerator: 4, denominator: 1 }
            ]
          : [
              { date: '2020-05-08', dividend: 0.82, adjDividend: 0.205, paymentDate: '2020-05-14' },
              { date: '', adjDividend: 1 }
            ]
      )
    )
    expect((await provider.splits!('AAPL', signal)).splits[0]).toEqual({ exDate: '2020-08-31', ratio: 4 })
    const { dividends, amountsAdjusted } = await provider.dividends!('AAPL', signal)
    expect(amountsAdjusted).toBe('splits')
    expect(dividends).toEqual([
      { exDate: '2020-05-08', amount: 0.205, currency: 'USD', payDate: '2020-05-14', kind: 'cash' }
    ])
  })

  test('statements merge by period, and ratios become percents', async () => {
    const period = { date: '2024-09-28', period: 'FY', reportedCurrency: 'USD' }
    const bodies: Record<string, unknown> = {
      'income-statement': [{ ...period, revenue: 391, interestExpense: 0 }],
      'balance-sheet-statement': [{ ...period, totalAssets: 365, inventory: 7 }],
      'cash-flow-statement': [
        { ...period, freeCashFlow: 108, inventory: -1, capitalExpenditure: -9, netDividendsPaid: -15 }
      ],
      'ratios-ttm': [{ symbol: 'AAPL', netProfitMarginTTM: 0.2431, priceToEarningsRatioTTM: 0, dividendYieldTTM: 0 }],
      'key-metrics-ttm': [{ symbol: 'AAPL', marketCap: 38, returnOnEquityTTM: 1.5 }]
    }
    const { provider } = await connect(({ path }) => json(bodies[path.split('/').at(-1)!]))
    const { statements, metrics } = await provider.fundamentals!('AAPL', signal)
    expect(statements.map(({ lines }) => lines)).toEqual([
      { revenue: 391, totalAssets: 365, inventory: 7, freeCashFlow: 108, capitalExpenditure: -9, dividendsPaid: -15 }
    ])
    expect(metrics).toEqual({
      marketCap: 38,
      profitMarginPercent: 24.31,
      returnOnEquityPercent: 150,
      dividendYieldPercent: 0
    })
  })
})

describe('FMP symbols', () => {
  test.each([
    ['BRK.B', 'BRK-B'],
    ['BAC.PRL', 'BAC-PL'],
    ['OCDO.L', 'OCDO.L'],
    ['NSE:M&M', 'M&M.NS'],
    ['BSE:500325', '500325.BO'],
    ['^GSPC', '^GSPC'],
    ['7203.T', '7203.T'],
    ['RCI-B.TO', 'RCI-B.TO']
  ])('%s is %s', (canonical, wire) => {
    expect(listingOf(canonical)?.wire).toBe(wire)
    expect(canonicalOf(wire)).toBe(canonical)
  })
})
