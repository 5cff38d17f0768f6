import { describe, expect, test } from 'vitest'
import { alphaVantage } from '../../src/providers/alpha-vantage/alpha-vantage.ts'
import { fmp } from '../../src/providers/fmp/fmp.ts'
import { tiingo } from '../../src/providers/tiingo/tiingo.ts'
import { CHART, connect, daily, NOW } from './answers.ts'
import { json, signal } from './vendor-server.ts'
import { standIn } from './yahoo-stand-in.ts'

const DAY_MS = 86_400_000

test('Alpha Vantage names the delay of quotes that are sold with one', async () => {
  const wire = { '01. symbol': 'IBM', '05. price': '10.5', '07. latest trading day': '2026-07-28' }
  const provider = await connect(alphaVantage, json({ 'Global Quote - DATA DELAYED BY 15 MINUTES': wire }))
  const quote = (await provider.quotes(['IBM'], signal)).get('IBM')
  expect(quote).toMatchObject({ price: 10.5, provenance: { delayedBySeconds: 900 } })
})

describe('instants', () => {
  test('a time without an offset is not read in the zone of this machine', async () => {
    const bar = (date: string) => ({ date, open: 1, high: 1, low: 1, close: 1 })
    const provider = await connect(tiingo, json([bar('2026-07-28T14:30:00'), bar('2026-07-28T15:00:00.000Z')]))
    const request = { ...daily('AAPL', 'none'), interval: '30m' } as const
    const { bars } = await provider.bars!(request, signal)
    expect(bars.map(({ start }) => start)).toEqual(['2026-07-28T15:00:00.000Z'])
  })

  test('FMP may come to write the offset', async () => {
    const bar = (date: string) => ({ date, open: 1, high: 1, low: 1, close: 1 })
    const provider = await connect(fmp, json([bar('2026-07-28T09:30:00-04:00'), bar('2026-07-28 09:35:00')]))
    const { bars } = await provider.bars!({ ...daily('AAPL', 'splits'), interval: '5m' }, signal)
    expect(bars.map(({ start }) => start)).toEqual(['2026-07-28T13:30:00.000Z', '2026-07-28T13:35:00.000Z'])
  })

  test('a price whose time FMP does not tell is in doubt', async () => {
    const provider = await connect(fmp, json([{ symbol: 'AAPL', price: 1 }]))
    const quote = (await provider.quotes!(['AAPL'], signal)).get('AAPL')
    expect(quote?.provenance.state).toBe('suspect')
  })

  test.each([1e300, -1e300, 'soon', null])('a session at %s costs its row only', async (stamp) => {
    const { provider } = await standIn({
      [CHART]: json({
        chart: {
          result: [
            {
              meta: { exchangeTimezoneName: 'America/New_York', currency: 'USD' },
              timestamp: [stamp, (NOW - DAY_MS) / 1000],
              events: { dividends: { '1': { date: stamp, amount: 1 } } },
              indicators: { quote: [{ open: [1, 2], high: [1, 2], low: [1, 2], close: [1, 2], volume: [1, 2] }] }
            }
          ],
          error: null
        }
      })
    })
    const { bars } = await provider.bars!(daily('AAPL', 'splits'), signal)
    expect(bars.map(({ close }) => close)).toEqual([2])
  })
})

describe('another answer than the one asked for', () => {
  test('rows of another symbol are not those of the one asked for', async () => {
    const row = { symbol: 'MSFT', companyName: 'Microsoft', currency: 'USD' }
    const provider = await connect(fmp, json([row]))
    await expect(provider.profile!('AAPL', signal)).rejects.toMatchObject({ kind: 'bad_payload' })
  })

  test('half years are not quarters', async () => {
    const row = { date: '2026-06-30', period: 'H1', revenue: 5, totalAssets: 5, freeCashFlow: 5 }
    const provider = await connect(fmp, ({ path }) =>
      json(path.endsWith('-ttm') ? [] : [row, { ...row, period: 'FY' }])
    )
    const { statements } = await provider.fundamentals!('AAPL', signal)
    expect(statements.map(({ period }) => period)).toEqual(['annual'])
  })

  test.each([
    ['where the plan has no income statement', [], 6],
    ['where the income statement has another one', [{ date: '2026-06-30', period: 'FY', revenue: 9, netIncome: 5 }], 5]
  ])('net income, which stands in the statement of cash flows too, %s', async (_, income, netIncome) => {
    const cashFlow = [{ date: '2026-06-30', period: 'FY', freeCashFlow: 7, netIncome: 6 }]
    const provider = await connect(fmp, ({ path }) =>
      json(path.includes('income') ? income : path.includes('cash-flow') ? cashFlow : [])
    )
    const { statements } = await provider.fundamentals!('AAPL', signal)
    expect(statements.map(({ lines }) => lines.netIncome)).toEqual([netIncome])
  })

  test('a broken summary does not mean that the symbol is unknown', async () => {
    const { provider } = await standIn({ '/v10/finance/quoteSummary/': json({ quoteSummary: { result: null } }) })
    await expect(provider.profile!('AAPL', signal)).rejects.toMatchObject({ kind: 'bad_payload' })
  })

  test('a guard that turns away the address does not mean that the key is wrong', async () => {
    const provider = await connect(alphaVantage, { status: 403, type: 'text/html', body: '<html>Just a moment</html>' })
    await expect(provider.search('apple', 5, signal)).rejects.toMatchObject({ kind: 'unavailable' })
  })

  test.each([
    [{ error: 'Limit Reach . Please upgrade your plan' }, 'rate_limited'],
    [{ error: 'Exclusive Endpoint : not available under your current subscription' }, 'not_covered']
  ])('FMP may say %o under another name', async (body, kind) => {
    const provider = await connect(fmp, json(body))
    await expect(provider.profile!('AAPL', signal)).rejects.toMatchObject({ kind })
  })

  test('a symbol without stories is no answer that nobody understands', async () => {
    const said =
      'No articles found. Please adjust the time range or refer to the API documentation https://www.alphavantage.co/documentation#newsapi and try again.'
    const provider = await connect(alphaVantage, json({ Information: said }))
    await expect(provider.news('IBM', 5, signal)).rejects.toMatchObject({ kind: 'not_found' })
  })

  test.each([
    ['a chart', CHART, { chart: { result: [], error: null } }],
    ['a screen', '/v1/finance/screener/', { finance: { result: [], error: null } }]
  ])('%s that Yahoo does not have is an absence', async (_, path, body) => {
    const { provider } = await standIn({ [path]: json(body) })
    const asked = path === CHART ? provider.bars!(daily('AAPL', 'splits'), signal) : provider.movers!('gainers', signal)
    await expect(asked).rejects.toMatchObject({ kind: 'not_found' })
  })

  test('a placeholder is no title of a story', async () => {
    const stories = ['N/A', 'A story'].map((title, id) => ({ id, title, url: `https://example.com/${id}` }))
    const ofTiingo = await connect(
      tiingo,
      json(stories.map((each) => ({ ...each, publishedDate: '2026-07-01T10:00:00Z' })))
    )
    const ofFmp = await connect(fmp, json(stories.map((each) => ({ ...each, publishedDate: '2026-07-01 10:00:00' }))))
    for (const provider of [ofTiingo, ofFmp]) {
      const { items } = await provider.news!('AAPL', 5, signal)
      expect(items.map(({ title }) => title)).toEqual(['A story'])
    }
  })

  test('a coin is no share because FMP has its exchange under an older name', async () => {
    const row = { symbol: 'BTCUSD', companyName: 'Bitcoin', exchange: 'CCC', exchangeShortName: 'CRYPTO' }
    const provider = await connect(fmp, json([row]))
    expect((await provider.profile!('BTC-USD', signal)).kind).toBe('crypto')
  })

  test('letters of another character set arrive whole', async () => {
    const body = Buffer.from('[{"symbol":"OR.PA","companyName":"L\'Oréal Société"}]', 'latin1')
    const provider = await connect(fmp, { body, type: 'application/json; charset="ISO-8859-1"' })
    expect((await provider.profile!('OR.PA', signal)).name).toBe("L'Oréal Société")
  })

  test('a character set that nobody knows is read as the usual one', async () => {
    const row = { symbol: 'OR.PA', companyName: 'Oréal' }
    const provider = await connect(fmp, { ...json([row]), type: 'application/json; charset=x-vendor' })
    expect((await provider.profile!('OR.PA', signal)).name).toBe('Oréal')
  })

  test('one null row costs no other', async () => {
    const match = { '1. symbol': 'IBM', '2. name': 'International Business Machines', '8. currency': 'USD' }
    const provider = await connect(alphaVantage, json({ bestMatches: [null, match] }))
    expect((await provider.search('ibm', 5, signal)).matches).toHaveLength(1)
  })

  test('a plan that is named by its requests per minute is no limit that passes', async () => {
    const message =
      'This is a premium endpoint. ***THE SAMPLE DATA SCHEMA BELOW IS ARTIFICIAL***. To access the actual data, please subscribe to either the 600 requests per minute or the 1200 requests per minute premium plan'
    const provider = await connect(alphaVantage, json({ message, data: [] }))
    await expect(provider.options('IBM', undefined, signal)).rejects.toMatchObject({ kind: 'not_covered' })
  })
})
