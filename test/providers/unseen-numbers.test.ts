import { describe, expect, test } from 'vitest'
import { alphaVantage } from '../../src/providers/alpha-vantage/alpha-vantage.ts'
import { fmp } from '../../src/providers/fmp/fmp.ts'
import { tiingo } from '../../src/providers/tiingo/tiingo.ts'
import { connect, daily, NOW, QUOTE, quoted, yahooChart } from './answers.ts'
import { json, signal } from './vendor-server.ts'
import { standIn } from './yahoo-stand-in.ts'

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

  test('a capitalisation in agorot is told in shekels in profiles and ratios too', async () => {
    const price = { currency: 'ILA', regularMarketPrice: 309, marketCap: 309_000 }
    const summary = { price, defaultKeyStatistics: { sharesOutstanding: 1000 } }
    const { provider } = await standIn({ '/v10/': json({ quoteSummary: { result: [summary], error: null } }) })
    expect(await provider.profile!('TEVA.TA', signal)).toMatchObject({ marketCap: 3090, currency: 'ILS' })
    expect((await provider.fundamentals!('TEVA.TA', signal)).metrics).toMatchObject({ marketCap: 3090 })
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

describe('listings in China, which Tiingo names by digits', () => {
  test('are not told in dollars', async () => {
    const provider = await connect(tiingo, json([{ date: '2026-07-03', open: 9, high: 9, low: 9, close: 9 }]))
    const asked = provider.bars!(daily('600519', 'none'), signal)
    await expect(asked).rejects.toMatchObject({ kind: 'not_covered' })
  })

  test('are found under the symbols that others know them by', async () => {
    const rows = ['600519', '000001', '830799'].map((ticker) => ({ ticker, name: ticker, countryCode: 'CN' }))
    const provider = await connect(tiingo, json(rows))
    const { matches } = await provider.search!('x', 5, signal)
    expect(matches.map(({ symbol }) => symbol)).toEqual(['600519.SS', '000001.SZ'])
  })
})

test('a yield may be below zero', async () => {
  const index = { quoteType: 'INDEX', currency: 'USD', regularMarketPrice: -0.055, regularMarketChange: -0.035 }
  expect(await quoted('^IRX', index)).toMatchObject({ price: -0.055, change: -0.035 })
  const { provider } = await yahooChart({ instrumentType: 'INDEX', currency: 'USD' }, {}, [0.02, -0.055, 0])
  const { bars } = await provider.bars!(daily('^IRX', 'splits'), signal)
  expect(bars.map(({ close }) => close)).toEqual([0.02, -0.055])
  expect(await quoted('AAPL', { currency: 'USD', regularMarketPrice: -1 })).toBeUndefined()
})

describe('volumes', () => {
  test('a kind that Yahoo did not have before may tell money instead of coins: no volume', async () => {
    const coin = { currency: 'USD', regularMarketVolume: 3e10 }
    expect(await quoted('BTC-USD', { ...coin, quoteType: 'DIGITALASSET' })).not.toHaveProperty('volume')
    expect(await quoted('BTC-USD', { ...coin, quoteType: null })).not.toHaveProperty('volume')
    expect(await quoted('AAPL', { ...coin, quoteType: 'EQUITY' })).toHaveProperty('volume')
  })

  test("a key that sees no book in session sees IEX's own volume all the same", async () => {
    const row = { ticker: 'AAPL', tngoLast: 1, bidPrice: null, askPrice: null, lastSize: null, volume: 39_782 }
    const at = async (timestamp: string) => {
      const provider = await connect(tiingo, json([{ ...row, timestamp }]))
      return (await provider.quotes!(['AAPL'], signal)).get('AAPL')
    }
    const inSession = await at('2026-07-29T14:28:57.053159184-04:00')
    expect(inSession).not.toHaveProperty('volume')
    expect(inSession).toMatchObject({ provenance: { state: 'live' } })
    expect(await at('2026-07-29T20:00:00+00:00')).toMatchObject({ volume: 39_782, provenance: { state: 'closed' } })
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
    await expect(provider.bars(daily('IBM', 'splits'), signal)).rejects.toMatchObject({ kind: 'bad_payload' })
    expect((await provider.splits('IBM', signal)).splits).toEqual([{ exDate: '2026-07-29', ratio: 2 }])
  })

  test('of Tiingo, which has them in its rows', async () => {
    const row = (day: number, more: object) => ({
      date: new Date(Date.UTC(2026, 6, day)).toISOString(),
      open: 10,
      high: 10,
      low: 10,
      close: 10,
      volume: 1,
      divCash: 0,
      splitFactor: 1,
      ...more
    })
    const provider = await connect(tiingo, json([row(20, {}), row(21, { close: null, splitFactor: 4 }), row(22, {})]))
    const { bars, provenance } = await provider.bars!(daily('AAPL', 'splits'), signal)
    expect(bars.map(({ start, close }) => [start, close])).toEqual([
      ['2026-07-20', 2.5],
      ['2026-07-22', 10]
    ])
    expect(provenance.notes).toEqual(['1 bars without a full set of prices left out'])
    expect((await provider.bars!(daily('AAPL', 'none'), signal)).bars).toHaveLength(2)
    const unsure = await connect(tiingo, json([row(20, {}), row(21, { splitFactor: 'four' }), row(22, {})]))
    const known = await unsure.bars!(daily('AAPL', 'splits'), signal)
    expect(known.bars.map(({ start }) => start)).toEqual(['2026-07-21', '2026-07-22'])
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

describe('a price that cannot be read shows that there is such a symbol, and costs no other', () => {
  const asOf = '2026-07-29T20:00:00+00:00'
  const providers = {
    fmp: (price: unknown) => {
      const rows = [{ price: 5, symbol: 'MSFT' }, ...priced('symbol', 'price', price)]
      return connect(fmp, json(rows.map((row) => ({ timestamp: NOW / 1000, ...row }))))
    },
    tiingo: (price: unknown) => {
      const rows = [{ tngoLast: 5, ticker: 'MSFT' }, ...priced('ticker', 'tngoLast', price)]
      return connect(tiingo, json(rows.map((row) => ({ timestamp: asOf, ...row }))))
    },
    yahoo: async (price: unknown) => {
      const rows = [{ regularMarketPrice: 5, symbol: 'MSFT' }, ...priced('symbol', 'regularMarketPrice', price)]
      const result = rows.map((row) => ({ regularMarketTime: NOW / 1000, ...row }))
      return (await standIn({ [QUOTE]: json({ quoteResponse: { result, error: null } }) })).provider
    }
  }
  const priced = (name: string, member: string, price: unknown) => [{ [name]: 'AAPL', [member]: price }]
  const asked = ['AAPL', 'MSFT']

  describe.each(Object.entries(providers))('of %s', (name, connected) => {
    test.each([['None'], ['n/a'], [true], [[231.4]], [{ usd: 231.4 }]])('%j', async (price) => {
      const answer = await (await connected(price)).quotes!(asked, signal)
      expect([...answer.keys()]).toEqual(['MSFT'])
      expect([...answer.unreadable!]).toMatchObject([['AAPL', { provider: name, kind: 'bad_payload' }]])
    })

    test.each([[null], [''], [undefined], [0]])('but %j is none', async (price) => {
      const answer = await (await connected(price)).quotes!(asked, signal)
      expect([...answer.keys()]).toEqual(['MSFT'])
      expect([...answer.unreadable!]).toEqual([])
    })
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

  test('with commas between thousands, and signs behind percents', async () => {
    const row = { symbol: 'BRK-A', price: '718,750.00', change: '7,116.34', changePercentage: '1.00%', volume: '1,5' }
    const provider = await connect(fmp, json([{ ...row, timestamp: NOW / 1000 }]))
    const quote = (await provider.quotes!(['BRK-A'], signal)).get('BRK-A')
    expect(quote).toMatchObject({ price: 718_750, change: 7116.34, changePercent: 1 })
    expect(quote).not.toHaveProperty('volume')
    expect(await quoted('BRK-A', { currency: 'USD', regularMarketPrice: '718,750.00' })).toMatchObject({
      price: 718_750
    })

    const wire = {
      '01. symbol': 'IBM',
      '05. price': '1,234.50',
      '06. volume': '1,5',
      '07. latest trading day': '2026-07-28'
    }
    const other = await connect(alphaVantage, json({ 'Global Quote': wire }))
    const ibm = (await other.quotes(['IBM'], signal)).get('IBM')
    expect(ibm).toMatchObject({ price: 1234.5 })
    expect(ibm).not.toHaveProperty('volume')
  })

  test('of a mover whose percent came as text', async () => {
    const row = { symbol: 'ABC', name: 'Abc', price: 5, change: 1, changesPercentage: '25%', exchange: 'NYSE' }
    const provider = await connect(fmp, json([row]))
    expect((await provider.movers!('gainers', signal)).movers).toMatchObject([{ symbol: 'ABC', changePercent: 25 }])
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
