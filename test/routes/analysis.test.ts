import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Static } from 'typebox'
import { Compile } from 'typebox/compile'
import type { BarSeries } from '../../src/market/bar.ts'
import { IndicatorSeries, IndicatorSet } from '../../src/market/indicator.ts'
import { CandlePatterns } from '../../src/market/candle-pattern.ts'
import type { Fundamentals } from '../../src/market/fundamentals.ts'
import type { News } from '../../src/market/news.ts'
import type { Quote } from '../../src/market/quote.ts'
import { OptionChain } from '../../src/market/option-chain.ts'
import { errorOf } from '../support/api.ts'
import { startMarket, thoughtfulSandbox, type MarketUnderTest } from './market-under-test.ts'

let market: MarketUnderTest

beforeAll(async () => {
  market = await startMarket(await thoughtfulSandbox())
})
afterAll(async () => {
  await market.close()
  await market.sandbox.close()
})

const PATH = '/api/v1/market'

describe('options', () => {
  test('of the nearest expiry, with greeks that the vendor does not give marked as computed', async () => {
    const chain = await market.value<OptionChain>(`${PATH}/options/AAPL`)
    expect(Compile(OptionChain).Errors(chain)).toEqual([])
    expect(new Set(chain.contracts.map(({ expiry }) => expiry))).toEqual(new Set([chain.expiries[0]]))
    expect(chain.provenance).toMatchObject({ source: 'yahoo', feed: 'sandbox' })
  })

  test('of a later expiry, whose deltas are those of calls and puts', async () => {
    const { expiries } = await market.value<OptionChain>(`${PATH}/options/AAPL`)
    const chain = await market.value<OptionChain>(`${PATH}/options/aapl?expiry=${expiries[4]}`)
    const { metrics } = await market.value<Fundamentals>(`${PATH}/fundamentals/AAPL`)
    expect(chain.pricing).toMatchObject({
      model: 'black-scholes',
      riskFreeRate: 0.04,
      dividendYield: Math.log1p(metrics.dividendYieldPercent! / 100),
      dividendYieldSource: 'yahoo'
    })
    expect(chain.contracts.length).toBeGreaterThan(40)
    const deltas = (side: 'call' | 'put') =>
      chain.contracts.filter((contract) => contract.side === side).map(({ delta }) => delta!)
    for (const delta of deltas('call')) expect(delta >= 0 && delta <= 1).toBe(true)
    for (const delta of deltas('put')) expect(delta >= -1 && delta <= 0).toBe(true)
    // Calls are listed by strike: the further out of the money, the less they move with the share.
    expect(deltas('call')).toEqual(deltas('call').toSorted((a, b) => b - a))
    for (const { computed } of chain.contracts) expect(computed).toEqual(['delta', 'gamma', 'theta', 'vega', 'rho'])
  })

  test("with the vendor's own greeks where it has them", async () => {
    const end = market.sandbox.scenario({ vendor: 'yahoo', scenario: 'down' })
    const chain = await market.value<OptionChain>(`${PATH}/options/MSFT`)
    end()
    expect(chain.provenance.source).toBe('alpha-vantage')
    expect(chain.contracts[0]).toMatchObject({ delta: expect.any(Number), vega: expect.any(Number) })
    expect(chain.contracts.some(({ computed }) => computed)).toBe(false)
  })

  test('of a symbol that has none are an empty chain', async () => {
    expect(await market.value(`${PATH}/options/^GSPC`)).toMatchObject({ expiries: [], contracts: [] })
  })

  test.each([
    ['AAPL?expiry=soon', 'expiry'],
    ['AAPL?expiry=2026-02-30', 'expiry'],
    ['AAPL?expiry=2020-01-17', 'expiry'],
    ['AAPL?expiry=2099-01-17', 'expiry'],
    ['AAPL?date=2027-01-15', 'date'],
    ['A%24B', 'symbol']
  ])('%s is refused, naming %s', async (query, field) => {
    const answer = await market.get(`${PATH}/options/${query}`)
    expect(answer.status).toBe(400)
    expect(errorOf(answer)).toMatchObject({ code: 'INVALID_REQUEST', details: { field } })
  })

  test('of a symbol that nobody knows are not found', async () => {
    expect((await market.get(`${PATH}/options/NOSUCH`)).status).toBe(404)
  })
})

describe('patterns', () => {
  test('are those of the bars that history shows, as they are asked for', async () => {
    const { bars } = await market.value<BarSeries>(`${PATH}/historical/AAPL?range=1y`)
    const all = await market.value<CandlePatterns>(`${PATH}/patterns/aapl?range=1y`)
    expect(Compile(CandlePatterns).Errors(all)).toEqual([])
    const starts = new Set(bars.map(({ start }) => start))
    expect(all.patterns.filter(({ end }) => !starts.has(end))).toEqual([])
    const { open, high, low, close } = bars.find(({ start }) => start === all.patterns.find(isDoji)!.end)!
    expect(Math.abs(open - close)).toBeLessThanOrEqual((high - low) / 10)
    const dojis = await market.value<CandlePatterns>(`${PATH}/patterns/AAPL?range=1y&names=doji,marubozu`)
    expect(dojis.patterns).toEqual(all.patterns.filter(({ name }) => name === 'doji' || name === 'marubozu'))
    const rows = await market.get(`${PATH}/patterns/AAPL?range=1y&names=doji&format=csv`)
    expect(rows.body).toMatch(/^start,end,name,direction,complete.*\r?\n\d{4}-\d\d-\d\d,\d{4}-\d\d-\d\d,doji,neutral,/)
  })

  test('that do not exist are refused, with those that do', async () => {
    const answer = await market.get(`${PATH}/patterns/AAPL?names=doji,hamer`)
    expect(answer.status).toBe(400)
    expect(errorOf(answer)).toMatchObject({ details: { field: 'names', allowed: expect.arrayContaining(['hammer']) } })
  })
})

const isDoji = ({ name }: { name: string }) => name === 'doji'

describe('indicators', () => {
  test('stand at all bars that history shows', async () => {
    const { bars } = await market.value<BarSeries>(`${PATH}/historical/AAPL?range=6mo`)
    const sma = await market.value<Static<typeof IndicatorSeries>>(
      `${PATH}/indicators/AAPL?name=sma&length=5&range=6mo`
    )
    expect(Compile(IndicatorSeries).Errors(sma)).toEqual([])
    expect(sma).toMatchObject({
      symbol: 'AAPL',
      parameters: { length: 5 },
      conventions: { input: 'close', smoothing: 'simple', warmUpBars: 4 },
      interval: '1d',
      currency: 'USD',
      barsNeeded: 5
    })
    expect(sma.points.map(({ start }) => start)).toEqual(bars.map(({ start }) => start))
    // The last bar may still change between two requests.
    const mean = bars.slice(-6, -1).reduce((sum, { close }) => sum + close, 0) / 5
    expect(sma.points.at(-2)!.values['sma']).toBeCloseTo(mean, 9)
  })

  test('come several at once, over the same bars', async () => {
    const asked = 'sma:20,sma:50,rsi,macd:12-26-9,bollinger:20-2.5'
    const set = await market.value<Static<typeof IndicatorSet>>(`${PATH}/indicators/AAPL?indicators=${asked}&range=3mo`)
    expect(Compile(IndicatorSet).Errors(set)).toEqual([])
    expect(set.indicators.map(({ name, parameters }) => [name, ...Object.values(parameters)])).toEqual([
      ['sma', 20],
      ['sma', 50],
      ['rsi', 14],
      ['macd', 12, 26, 9],
      ['bollinger', 20, 2.5]
    ])
    const alone = await market.value<Static<typeof IndicatorSeries>>(
      `${PATH}/indicators/AAPL?name=sma&length=50&range=3mo`
    )
    const settled = ({ points }: Pick<Static<typeof IndicatorSeries>, 'points'>) => points.slice(0, -1)
    expect(settled(set.indicators[1]!)).toEqual(settled(alone))
  })

  test('have the same range by each of its names', async () => {
    const ranges = await Promise.all(
      ['range=3mo', 'period=3mo', 'range=3mo&period=3mo'].map((query) =>
        market.value<Static<typeof IndicatorSeries>>(`${PATH}/indicators/AAPL?name=sma&length=7&${query}`)
      )
    )
    expect(ranges[1]!.points).toEqual(ranges[0]!.points)
    expect(ranges[2]!.points).toEqual(ranges[0]!.points)
    const length = await market.value<Static<typeof IndicatorSeries>>(
      `${PATH}/indicators/AAPL?name=sma&period=7&range=3mo`
    )
    expect(length.parameters).toEqual({ length: 7 })
  })

  test('share their bars: no vendor is asked twice', async () => {
    const names = ['sma', 'ema', 'rsi', 'macd', 'bollinger', 'atr', 'stochastic', 'obv', 'vwap']
    await market.value(`${PATH}/indicators/KO?indicators=${names.join(',')}`)
    const before = market.sandbox.requests.count('yahoo')
    for (const name of names.slice(0, -2)) await market.value(`${PATH}/indicators/KO?indicators=${name},obv`)
    expect(market.sandbox.requests.count('yahoo')).toBe(before)
    for (const name of names) {
      const { points } = await market.value<Static<typeof IndicatorSeries>>(`${PATH}/indicators/KO?name=${name}`)
      expect(points.length).toBeGreaterThan(240)
    }
    // Those before a range are of two years, of five, or, on the first of a month, none.
    expect(market.sandbox.requests.count('yahoo')).toBeLessThanOrEqual(before + 3)
  })

  test('of intraday bars', async () => {
    const { points } = await market.value<Static<typeof IndicatorSeries>>(
      `${PATH}/indicators/MSFT?name=vwap&interval=5m&range=1d`
    )
    expect(points[0]!.start).toMatch(/T\d\d:\d[05]:00/)
  })

  test('can be kept by their client', async () => {
    const first = await market.get(`${PATH}/indicators/AAPL?name=rsi`)
    expect(first.headers['cache-control']).toMatch(/^private, max-age=[1-9]/)
    const held = await market.get(`${PATH}/indicators/AAPL?name=rsi`, { 'if-none-match': first.headers.etag! })
    expect(held.status).toBe(304)
  })

  test.each([
    ['?name=magic', 'name'],
    ['', 'name'],
    ['?name=sma&length=0', 'length'],
    ['?name=sma&length=2.5', 'length'],
    ['?name=sma&length=long', 'length'],
    ['?name=sma&period=long', 'period'],
    ['?name=sma&period=7&length=7', 'period'],
    ['?name=sma&period=1y&range=2y', 'period'],
    ['?name=sma&period=1y&from=2026-01-01', 'period'],
    ['?name=macd&length=20', 'length'],
    ['?name=sma&indicators=rsi', 'name'],
    ['?indicators=rsi&length=7', 'length'],
    ['?indicators=magic', 'indicators'],
    ['?indicators=sma:1-2', 'indicators'],
    ['?indicators=sma:x', 'indicators'],
    ['?indicators=sma:0', 'indicators'],
    ['?indicators=sma:501', 'indicators'],
    ['?indicators=sma:2.5', 'indicators'],
    ['?indicators=sma,,rsi', 'indicators'],
    ['?name=macd&fast=30', 'fast'],
    ['?name=bollinger&deviations=-1', 'deviations'],
    ['?name=sma&interval=2d', 'interval'],
    ['?name=sma&range=3y', 'range'],
    ['?name=sma&range=1y&from=2026-01-01', 'range'],
    ['?name=sma&interval=1m&range=1y', 'range'],
    ['?name=sma&from=yesterday', 'from'],
    ['?name=sma&periods=20', 'periods']
  ])('%s is refused, naming %s', async (query, field) => {
    const answer = await market.get(`${PATH}/indicators/AAPL${query}`)
    expect(answer.status).toBe(400)
    expect(errorOf(answer)).toMatchObject({ code: 'INVALID_REQUEST', details: { field } })
  })

  test('of a symbol that nobody knows are not found', async () => {
    expect((await market.get(`${PATH}/indicators/NOSUCH?name=sma`)).status).toBe(404)
  })
})

test('each story has a tone, and says who heard it', async () => {
  const ours = await market.value<News>(`${PATH}/news/AAPL?limit=20`)
  expect(ours.items.length).toBeGreaterThan(5)
  for (const { tone } of ours.items) expect(tone!.by).toBe('lexicon')

  market.sandbox.scenario({ vendor: 'yahoo', scenario: 'down' })
  market.sandbox.scenario({ vendor: 'fmp', scenario: 'down' })
  const vendors = await market.value<News>(`${PATH}/news/MSFT?limit=20`)
  market.sandbox.endScenarios()
  expect(vendors.provenance.source).toBe('alpha-vantage')
  for (const { tone, sentiment } of vendors.items) expect(tone).toEqual({ score: sentiment, by: 'vendor' })
})

test('options and indicators come as csv with the figures of the JSON', async () => {
  const csv = async (path: string) => {
    const { body } = await market.get(`${PATH}${path}`)
    return body
      .trimEnd()
      .split('\n')
      .map((line) => line.split(','))
  }
  const chain = await market.value<OptionChain>(`${PATH}/options/AAPL`)
  const [columns, ...contracts] = await csv('/options/AAPL?format=csv')
  expect(contracts.map((row) => row[columns!.indexOf('symbol')])).toEqual(chain.contracts.map(({ symbol }) => symbol))
  expect(contracts.map((row) => Number(row[columns!.indexOf('delta')]))).toEqual(
    chain.contracts.map(({ delta }) => delta)
  )

  const series = await market.value<Static<typeof IndicatorSeries>>(`${PATH}/indicators/AAPL?name=macd&range=1mo`)
  const [of, ...points] = await csv('/indicators/AAPL?name=macd&range=1mo&format=csv')
  expect(of).toEqual(['start', ...Object.keys(series.points[0]!.values), 'complete', 'symbol'])
  expect(points.map(([start, value]) => [start, Number(value)])).toEqual(
    series.points.map(({ start, values }) => [start, Object.values(values)[0]])
  )
  const [ofSet, ...rows] = await csv('/indicators/AAPL?indicators=sma:5,sma:20,bollinger&range=1mo&format=csv')
  expect(ofSet).toEqual([
    'start',
    'sma:5',
    'sma:20',
    ...['lower', 'middle', 'upper'].map((band) => `bollinger:20-2.${band}`),
    'complete',
    'symbol'
  ])
  const starts = rows.map(([start]) => Date.parse(start!))
  expect(starts).toEqual(starts.toSorted((a, b) => a - b))
  expect(rows.at(-1)).toContain('AAPL')
})

test('options that stream have the same prices and figures in their chain as in their quotes, in whichever process', async () => {
  const other = await market.another()
  const { core } = market.api
  const { expiries } = await market.value<OptionChain>(`${PATH}/options/NVDA`)
  const path = `${PATH}/options/NVDA?expiry=${expiries[3]}`
  const chain = await market.value<OptionChain>(path)
  const asked = chain.contracts.find(({ side, inTheMoney }) => side === 'call' && !inTheMoney)!
  const { symbol } = asked
  expect(asked.basis).toBeUndefined()

  const [bid, ask] = [asked.last! * 1.02, asked.last! * 1.04]
  let sequence = 0
  const streamed = () => {
    const asOf = new Date().toISOString()
    const origin = { asOf, sequence: ++sequence, source: 'alpaca', feed: 'sandbox', receivedAt: asOf } as const
    const tradeDate = asOf.slice(0, 10)
    const trade = { symbol, price: asked.last!, size: 1, tradeDate, ...origin }
    core.intake.accept({ type: 'trade', data: { symbol, trade, timestamp: asOf } })
    const bbo = { symbol, bid, ask, tradeDate, ...origin }
    core.intake.accept({ type: 'bbo', data: { symbol, bbo, timestamp: asOf } })
    return core.recorder.flush()
  }
  await expect.poll(async () => (await streamed(), await core.stores.quotes.symbols())).toContain(symbol)
  const contractAt = async (client: Pick<MarketUnderTest, 'value'>) =>
    (await client.value<OptionChain>(path)).contracts.find((each) => each.symbol === symbol)!
  await expect.poll(async () => (await streamed(), (await contractAt(other)).basis?.price)).toBe((bid + ask) / 2)
  const contract = await contractAt(other)
  const quote = await other.value<Quote>(`${PATH}/quote/${symbol}`)
  const { impliedVolatility, delta, gamma, theta, vega, rho, computed, basis } = contract
  expect(quote.derivative).toMatchObject({ impliedVolatility, delta, gamma, theta, vega, rho, computed, basis })
  expect([contract.bid, contract.ask]).toEqual([quote.bid, quote.ask])
  expect(basis).toMatchObject({ underlyingPrice: expect.any(Number), priceFrom: 'mid', riskFreeRate: 0.04 })
  // The others are as the vendor told them.
  expect(chain.contracts.filter(({ basis: streamedBasis }) => streamedBasis)).toEqual([])
})
