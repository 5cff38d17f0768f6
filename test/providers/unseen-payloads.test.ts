import { describe, expect, onTestFinished, test } from 'vitest'
import type { Adjustment, BarRequest } from '../../src/market/bar.ts'
import { alphaVantage } from '../../src/providers/alpha-vantage/alpha-vantage.ts'
import { fmp } from '../../src/providers/fmp/fmp.ts'
import { tiingo } from '../../src/providers/tiingo/tiingo.ts'
import { json, signal, vendorServer, type Asked, type Reply } from './vendor-server.ts'
import { standIn } from './yahoo-stand-in.ts'

const NOW = Date.UTC(2026, 6, 29, 20)
const DAY_MS = 86_400_000
const CHART = '/v8/finance/chart/'
const QUOTE = '/v7/finance/quote'

async function connect<Adapter extends { close(): Promise<void> }>(
  make: (options: {
    apiKey: string
    baseUrl: string
    timeoutMs: number
    plan: 'standard'
    now: () => number
  }) => Adapter,
  answer: Reply | ((asked: Asked) => Reply)
) {
  const { url } = await vendorServer(typeof answer === 'function' ? answer : () => answer)
  const provider = make({ apiKey: 'k', baseUrl: url, timeoutMs: 5000, plan: 'standard', now: () => NOW })
  onTestFinished(() => provider.close())
  return provider
}

const daily = (symbol: string, adjusted: Adjustment): BarRequest => ({
  symbol,
  interval: '1d',
  from: Date.UTC(2026, 6, 1),
  to: NOW,
  adjusted
})

function yahooQuote(symbol: string, more: object) {
  const row = { symbol, quoteType: 'EQUITY', regularMarketPrice: 309, regularMarketTime: NOW / 1000 - 60, ...more }
  return standIn({ [QUOTE]: json({ quoteResponse: { result: [row], error: null } }) }, { now: () => NOW })
}

async function quoted(symbol: string, more: object) {
  const { provider } = await yahooQuote(symbol, more)
  return (await provider.quotes!([symbol], signal)).get(symbol)
}

/** Three sessions, all four prices alike, of a listing in London. */
function yahooChart(meta: object, events: object, prices: unknown[] = [300, 300, 300]) {
  const timestamp = [20, 21, 22].map((day) => Date.UTC(2026, 6, day, 7) / 1000)
  const columns = { open: prices, high: prices, low: prices, close: prices, volume: [1, 2, 3] }
  const whole = { exchangeTimezoneName: 'Europe/London', instrumentType: 'EQUITY', currency: 'GBp', ...meta }
  const result = [{ meta: whole, timestamp, events, indicators: { quote: [columns] } }]
  return standIn({ [CHART]: json({ chart: { result, error: null } }) }, { now: () => NOW })
}

describe('units', () => {
  test.each([
    ['ZC=F', 'USX', 'USD'],
    ['NPN.JO', 'ZAC', 'ZAR'],
    ['NPN.JO', 'ZAc', 'ZAR'],
    ['TEVA.TA', 'ILA', 'ILS'],
    ['VOD.L', 'GBX', 'GBP']
  ])('%s in %s is told in %s', async (symbol, currency, major) => {
    expect(await quoted(symbol, { currency })).toMatchObject({ price: 3.09, currency: major })
  })

  test('a listing in London whose unit Yahoo leaves out is not passed on as certain', async () => {
    const quote = await quoted('VOD.L', { marketCap: 1e9 })
    expect(quote).toMatchObject({ price: 309, provenance: { state: 'suspect' } })
    expect(quote).not.toHaveProperty('currency')
    expect(quote).not.toHaveProperty('marketCap')
    const { provider } = await yahooChart({ currency: null }, {})
    const series = await provider.bars!(daily('VOD.L', 'splits'), signal)
    expect(series.provenance.state).toBe('suspect')
  })

  test('a minor unit that nobody knows is no currency', async () => {
    const quote = await quoted('ABC.XX', { currency: 'XYz' })
    expect(quote).toMatchObject({ provenance: { state: 'suspect' } })
    expect(quote).not.toHaveProperty('currency')
  })

  test('a capitalisation in agorot is told by the number of shares', async () => {
    const shares = { currency: 'ILA', sharesOutstanding: 1000 }
    expect(await quoted('TEVA.TA', { ...shares, marketCap: 309_000 })).toMatchObject({ marketCap: 3090 })
    expect(await quoted('TEVA.TA', { ...shares, marketCap: 3090 })).toMatchObject({ marketCap: 3090 })
  })

  test.each([
    ['in pence', { amount: 9 }, 0.09, 'GBP'],
    ['in pounds beside prices in pence', { amount: 0.09 }, 0.09, 'GBP'],
    ['in pounds by its own word', { amount: 3, currency: 'GBP' }, 3, 'GBP'],
    ['in a currency of its own', { amount: 0.12, currency: 'USD' }, 0.12, 'USD']
  ])('a dividend that Yahoo has %s', async (_, event, amount, currency) => {
    const dividends = { '1': { date: Date.UTC(2026, 6, 22, 7) / 1000, ...event } }
    const { provider } = await yahooChart({}, { dividends })
    const paid = await provider.dividends!('VOD.L', signal)
    expect(paid.dividends).toEqual([{ exDate: '2026-07-22', amount, currency, kind: 'cash' }])
  })

  test('a dividend that may be a small one in pence or a large one in pounds is in doubt', async () => {
    const dividends = { '1': { date: Date.UTC(2026, 6, 22, 7) / 1000, amount: 0.3 } }
    const { provider } = await yahooChart({}, { dividends })
    expect((await provider.dividends!('VOD.L', signal)).provenance.state).toBe('suspect')
  })

  test('a pair that is spelled like a share has not the currency of one', async () => {
    const row = { symbol: 'USDJPY', price: 150.1234567, exchange: 'FOREX', timestamp: NOW / 1000 }
    const provider = await connect(fmp, json([row]))
    expect((await provider.quotes!(['USDJPY'], signal)).get('USDJPY')).not.toHaveProperty('currency')
  })
})

describe('volumes', () => {
  test('a kind that Yahoo did not have before may tell money instead of coins: no volume', async () => {
    const coin = { currency: 'USD', regularMarketVolume: 3e10 }
    expect(await quoted('BTC-USD', { ...coin, quoteType: 'DIGITALASSET' })).not.toHaveProperty('volume')
    expect(await quoted('BTC-USD', { ...coin, quoteType: null })).not.toHaveProperty('volume')
    expect(await quoted('AAPL', { ...coin, quoteType: 'EQUITY' })).toHaveProperty('volume')
  })

  test('a counter that ran over is no volume', async () => {
    const provider = await connect(
      fmp,
      json([{ symbol: 'AAPL', price: 1, volume: -2147483648, timestamp: NOW / 1000 }])
    )
    expect((await provider.quotes!(['AAPL'], signal)).get('AAPL')).not.toHaveProperty('volume')
  })
})

describe('prices as traded need every split', () => {
  test('of Yahoo', async () => {
    const splits = { '1': { date: Date.UTC(2026, 6, 22, 7) / 1000, numerator: null, denominator: null } }
    const { provider } = await yahooChart({}, { splits })
    await expect(provider.bars!(daily('VOD.L', 'none'), signal)).rejects.toMatchObject({ kind: 'bad_payload' })
    expect((await provider.bars!(daily('VOD.L', 'splits'), signal)).bars).toHaveLength(3)
  })

  test("by its words where Yahoo's numbers are missing", async () => {
    const splits = { '1': { date: Date.UTC(2026, 6, 22, 7) / 1000, splitRatio: '4:1' } }
    const { provider } = await yahooChart({}, { splits })
    const { bars } = await provider.bars!(daily('VOD.L', 'none'), signal)
    expect(bars.map(({ close }) => close)).toEqual([12, 12, 3])
  })

  test('of Alpha Vantage', async () => {
    const row = { '1. open': '10', '2. high': '10', '3. low': '10', '4. close': '10', '5. volume': '1' }
    const series = { 'Meta Data': { '2. Symbol': 'IBM' }, 'Time Series (Daily)': { '2026-07-28': row } }
    const splits = (factor: unknown) => ({ data: [{ effective_date: '2026-07-29', split_factor: factor }, null] })
    const provider = await connect(alphaVantage, ({ query }) =>
      json(query.get('function') === 'SPLITS' ? splits('2.0') : series)
    )
    await expect(provider.bars!(daily('IBM', 'splits'), signal)).rejects.toMatchObject({ kind: 'bad_payload' })
    expect((await provider.splits!('IBM', signal)).splits).toEqual([{ exDate: '2026-07-29', ratio: 2 }])
  })

  test('of Tiingo, which has them in its rows', async () => {
    const row = (day: number, more: object) => ({
      date: new Date(Date.UTC(2026, 6, day)).toISOString(),
      ...{ open: 10, high: 10, low: 10, close: 10, volume: 1, divCash: 0, splitFactor: 1, ...more }
    })
    const provider = await connect(tiingo, json([row(20, {}), row(21, { close: null, splitFactor: 4 }), row(22, {})]))
    await expect(provider.bars!(daily('AAPL', 'splits'), signal)).rejects.toMatchObject({ kind: 'bad_payload' })
    expect((await provider.bars!(daily('AAPL', 'none'), signal)).bars).toHaveLength(2)
    expect((await provider.splits!('AAPL', signal)).splits).toEqual([{ exDate: '2026-07-21', ratio: 4 }])
  })
})

describe('what is told twice counts once', () => {
  test('splits, which would be applied twice', async () => {
    const row = { date: '2026-07-01', numerator: 4, denominator: 1 }
    const provider = await connect(fmp, json([row, row]))
    expect((await provider.splits!('AAPL', signal)).splits).toEqual([{ exDate: '2026-07-01', ratio: 4 }])
  })

  test('dividends, but not a special one beside the regular one', async () => {
    const row = { date: '2026-07-01', adjDividend: 0.25 }
    const provider = await connect(fmp, json([row, row, { ...row, adjDividend: 5 }]))
    expect((await provider.dividends!('AAPL', signal)).dividends.map(({ amount }) => amount)).toEqual([0.25, 5])
  })
})

describe('numbers that came as text are numbers, and placeholders are absences', () => {
  const texts = { price: '231.40', previousClose: '229', dayLow: 'N/A', dayHigh: '', open: 'NaN', volume: '-' }

  test('of FMP', async () => {
    const provider = await connect(fmp, json([{ symbol: 'AAPL', ...texts, timestamp: String(NOW / 1000) }]))
    const quote = (await provider.quotes!(['AAPL'], signal)).get('AAPL')
    expect(quote).toMatchObject({ price: 231.4, previousClose: 229, change: 2.4, asOf: new Date(NOW).toISOString() })
    for (const name of ['dayLow', 'dayHigh', 'open', 'volume']) expect(quote).not.toHaveProperty(name)
  })

  test('of Yahoo', async () => {
    const row = { currency: 'USD', regularMarketPrice: '231.4', regularMarketOpen: 'NaN', regularMarketVolume: '5' }
    const quote = await quoted('AAPL', row)
    expect(quote).toMatchObject({ price: 231.4, volume: 5 })
    expect(quote).not.toHaveProperty('open')
  })

  test('of Yahoo in the columns of a chart', async () => {
    const { provider } = await yahooChart({}, {}, ['300', 'N/A', 301])
    const { bars } = await provider.bars!(daily('VOD.L', 'splits'), signal)
    expect(bars.map(({ close }) => close)).toEqual([3, 3.01])
  })

  test('NaN as it stands in Python is an absence too', async () => {
    const row = '{"ticker":"AAPL","timestamp":"2026-07-29T20:00:00+00:00","tngoLast":231.4,"prevClose":NaN}'
    const provider = await connect(tiingo, { body: `[${row}]` })
    const quote = (await provider.quotes!(['AAPL'], signal)).get('AAPL')
    expect(quote).toMatchObject({ price: 231.4 })
    expect(quote).not.toHaveProperty('previousClose')
    const { provider: other } = await standIn({
      [QUOTE]: {
        body: `{"quoteResponse":{"result":[{"symbol":"AAPL","shortName":"NaN, Infinity","regularMarketPrice":231.4,"regularMarketTime":1,"regularMarketOpen":-Infinity}]}}`
      }
    })
    const yahoos = (await other.quotes!(['AAPL'], signal)).get('AAPL')
    expect(yahoos).toMatchObject({ price: 231.4, name: 'NaN, Infinity' })
  })

  test('of Tiingo', async () => {
    const row = { ticker: 'AAPL', timestamp: '2026-07-29T20:00:00+00:00', tngoLast: '231.4', prevClose: 'None' }
    const provider = await connect(tiingo, json([row]))
    const quote = (await provider.quotes!(['AAPL'], signal)).get('AAPL')
    expect(quote).toMatchObject({ price: 231.4 })
    expect(quote).not.toHaveProperty('previousClose')
  })
})

test('Alpha Vantage names the delay of quotes that are sold with one', async () => {
  const wire = { '01. symbol': 'IBM', '05. price': '10.5', '07. latest trading day': '2026-07-28' }
  const provider = await connect(alphaVantage, json({ 'Global Quote - DATA DELAYED BY 15 MINUTES': wire }))
  const quote = (await provider.quotes!(['IBM'], signal)).get('IBM')
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

  test('a broken summary does not mean that the symbol is unknown', async () => {
    const { provider } = await standIn({ '/v10/finance/quoteSummary/': json({ quoteSummary: { result: null } }) })
    await expect(provider.profile!('AAPL', signal)).rejects.toMatchObject({ kind: 'bad_payload' })
  })

  test('a guard that turns away the address does not mean that the key is wrong', async () => {
    const provider = await connect(alphaVantage, { status: 403, type: 'text/html', body: '<html>Just a moment</html>' })
    await expect(provider.search!('apple', 5, signal)).rejects.toMatchObject({ kind: 'unavailable' })
  })

  test.each([
    [{ error: 'Limit Reach . Please upgrade your plan' }, 'rate_limited'],
    [{ error: 'Exclusive Endpoint : not available under your current subscription' }, 'not_covered']
  ])('FMP may say %o under another name', async (body, kind) => {
    const provider = await connect(fmp, json(body))
    await expect(provider.profile!('AAPL', signal)).rejects.toMatchObject({ kind })
  })

  test('one null row costs no other', async () => {
    const match = { '1. symbol': 'IBM', '2. name': 'International Business Machines', '8. currency': 'USD' }
    const provider = await connect(alphaVantage, json({ bestMatches: [null, match] }))
    expect((await provider.search!('ibm', 5, signal)).matches).toHaveLength(1)
  })

  test('a plan that is named by its requests per minute is no limit that passes', async () => {
    const message =
      'This is a premium endpoint. ***THE SAMPLE DATA SCHEMA BELOW IS ARTIFICIAL***. To access the actual data, please subscribe to either the 600 requests per minute or the 1200 requests per minute premium plan'
    const provider = await connect(alphaVantage, json({ message, data: [] }))
    await expect(provider.options!('IBM', undefined, signal)).rejects.toMatchObject({ kind: 'not_covered' })
  })
})
