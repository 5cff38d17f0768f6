import { describe, expect, test } from 'vitest'
import { json, signal, standIn } from './yahoo-stand-in.ts'

const OPTIONS = '/v7/finance/options/'
const SEARCH = '/v1/finance/search'
const STREAM = '/xhr/ncp'

describe('options', () => {
  const expiration = Date.UTC(2025, 0, 17) / 1000
  const contract = (more: object) => ({ contractSymbol: 'AAPL250117C00150000', strike: 150, expiration, ...more })
  const chain = (calls: object[], expiries = [expiration]) =>
    json({
      optionChain: {
        result: [
          {
            expirationDates: expiries,
            quote: { symbol: 'AAPL', regularMarketPrice: 200 },
            options: [{ calls, puts: [] }]
          }
        ],
        error: null
      }
    })

  test('an empty book is absent prices and no volatility made up from them', async () => {
    const { provider, asked } = await standIn({
      [OPTIONS]: chain([
        contract({ bid: 0, ask: 0, impliedVolatility: 0.0156, lastPrice: 51.2 }),
        contract({ contractSymbol: 'AAPL250117C00155000', bid: 0, ask: 0.05 })
      ])
    })
    const { contracts, underlyingPrice } = await provider.options!('AAPL', '2025-01-17', signal)
    expect(asked.at(-1)).toContain(`date=${expiration}`)
    expect(underlyingPrice).toBe(200)
    expect(contracts[0]).toMatchObject({ expiry: '2025-01-17', last: 51.2, side: 'call' })
    for (const name of ['bid', 'ask', 'impliedVolatility']) expect(contracts[0]).not.toHaveProperty(name)
    expect(contracts[1]).toMatchObject({ bid: 0, ask: 0.05 })
  })

  test('a symbol without options has an empty chain', async () => {
    const { provider } = await standIn({
      [OPTIONS]: json({ optionChain: { result: [{ expirationDates: [], quote: { symbol: 'BTC-USD' }, options: [] }] } })
    })
    expect(await provider.options!('BTC-USD', undefined, signal)).toMatchObject({ expiries: [], contracts: [] })
  })

  test('a symbol that Yahoo does not know is not found', async () => {
    const { provider } = await standIn({ [OPTIONS]: json({ optionChain: { result: [], error: null } }) })
    await expect(provider.options!('NOSUCH', undefined, signal)).rejects.toMatchObject({ kind: 'not_found' })
  })
})

describe('news', () => {
  const found = (link: string, providerPublishTime: number) => ({
    uuid: link,
    title: 'A story',
    link,
    providerPublishTime
  })

  test('comes from the search where the stream does not answer, newest first and without hostile addresses', async () => {
    const stories = [
      found('https://finance.yahoo.com/a', 1_740_000_000),
      found('javascript:alert(1)', 1_740_000_500),
      { ...found('https://finance.yahoo.com/b', 1_740_001_000), relatedTickers: ['BRK-B', 'RELIANCE.NS', '???'] }
    ]
    const { provider } = await standIn({ [SEARCH]: json({ quotes: [], news: stories }) })
    const { items } = await provider.news!('BRK.B', 10, signal)
    expect(items.map(({ url }) => url)).toEqual(['https://finance.yahoo.com/b', 'https://finance.yahoo.com/a'])
    expect(items[0]!.symbols).toEqual(['BRK.B', 'NSE:RELIANCE'])
  })

  test('is asked for in the words of Yahoo, and skips advertisements', async () => {
    const content = {
      id: '1',
      title: 'Up',
      pubDate: '2025-10-29T20:33:56Z',
      canonicalUrl: { url: 'https://example.com/up' }
    }
    const bodies: string[] = []
    const { provider } = await standIn({
      [STREAM]: async (request) => {
        for await (const chunk of request) bodies.push(String(chunk))
        return json({ data: { tickerStream: { stream: [{ ad: [] }, { id: '1', content }] } }, status: 'OK' })
      }
    })
    const { items } = await provider.news!('BRK.B', 5, signal)
    expect(items).toEqual([
      {
        id: '1',
        title: 'Up',
        url: 'https://example.com/up',
        publishedAt: '2025-10-29T20:33:56.000Z',
        symbols: ['BRK.B']
      }
    ])
    expect(JSON.parse(bodies.join(''))).toEqual({ serviceConfig: { snippetCount: 5, s: ['BRK-B'] } })
  })
})

describe('fundamentals', () => {
  const point = (asOfDate: string, raw: number) => ({ asOfDate, currencyCode: 'USD', reportedValue: { raw } })
  const summary = {
    financialData: { debtToEquity: 145, profitMargins: 0.24295 },
    summaryDetail: { trailingPE: 'Infinity', dividendYield: { raw: 0.0041, fmt: '0.41%' }, beta: {} }
  }

  test('annual and quarterly statements stand apart, newest first, with the ratios under our units', async () => {
    const { provider, count } = await standIn({
      '/ws/fundamentals-timeseries/': json({
        timeseries: {
          result: [
            {
              meta: { type: ['annualTotalRevenue'] },
              annualTotalRevenue: [point('2023-09-30', 383), null, point('2024-09-30', 391)]
            },
            { meta: { type: ['quarterlyTotalRevenue'] }, quarterlyTotalRevenue: [point('2024-09-30', 95)] },
            { meta: { type: ['annualCapitalExpenditure'] }, annualCapitalExpenditure: [point('2024-09-30', -9)] },
            { meta: { type: ['annualInventory'] } }
          ]
        }
      }),
      '/v10/finance/quoteSummary/': json({ quoteSummary: { result: [summary], error: null } })
    })
    const { statements, metrics } = await provider.fundamentals!('AAPL', signal)
    expect(statements.map(({ periodEnd, period, lines }) => [periodEnd, period, lines])).toEqual([
      ['2024-09-30', 'annual', { revenue: 391, capitalExpenditure: -9 }],
      ['2024-09-30', 'quarterly', { revenue: 95 }],
      ['2023-09-30', 'annual', { revenue: 383 }]
    ])
    expect(metrics).toEqual({ debtToEquity: 1.45, profitMarginPercent: 24.295, dividendYieldPercent: 0.41 })
    expect(count('/ws/fundamentals-timeseries/')).toBe(1)
  })

  test('a limit on one half is the limit of the whole, not half an answer', async () => {
    const { provider } = await standIn({
      '/ws/fundamentals-timeseries/': { status: 429, type: 'text/plain', body: 'Edge: Too Many Requests' },
      '/v10/finance/quoteSummary/': json({ quoteSummary: { result: [summary], error: null } })
    })
    await expect(provider.fundamentals!('AAPL', signal)).rejects.toMatchObject({ kind: 'rate_limited' })
  })
})
