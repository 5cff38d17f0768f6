import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Compile } from 'typebox/compile'
import type { BarSeries } from '../../src/market/bar.ts'
import { IndicatorSeries } from '../../src/market/indicator.ts'
import type { News } from '../../src/market/news.ts'
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
    expect(chain.pricing).toMatchObject({ model: 'black-scholes', riskFreeRate: 0.04, dividendYield: 0 })
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
    ['A%20B', 'symbol']
  ])('%s is refused, naming %s', async (query, field) => {
    const answer = await market.get(`${PATH}/options/${query}`)
    expect(answer.status).toBe(400)
    expect(errorOf(answer)).toMatchObject({ code: 'INVALID_REQUEST', details: { field } })
  })

  test('of a symbol that nobody knows are not found', async () => {
    expect((await market.get(`${PATH}/options/NOSUCH`)).status).toBe(404)
  })
})

describe('indicators', () => {
  test('stand at the bars that history shows', async () => {
    const { bars } = await market.value<BarSeries>(`${PATH}/historical/AAPL?period=6mo`)
    const sma = await market.value<IndicatorSeries>(`${PATH}/indicators/AAPL?name=sma&period=5&range=6mo`)
    expect(Compile(IndicatorSeries).Errors(sma)).toEqual([])
    expect(sma).toMatchObject({
      symbol: 'AAPL',
      parameters: { period: 5 },
      interval: '1d',
      currency: 'USD',
      barsNeeded: 5
    })
    expect(sma.points.map(({ start }) => start)).toEqual(bars.slice(4).map(({ start }) => start))
    const mean = bars.slice(-5).reduce((sum, { close }) => sum + close, 0) / 5
    expect(sma.points.at(-1)!.values['sma']).toBeCloseTo(mean, 9)
  })

  test('share the bars of history: no vendor is asked twice', async () => {
    await market.value(`${PATH}/historical/KO?period=1y`)
    const before = market.sandbox.requests.count('yahoo')
    for (const name of ['sma', 'ema', 'rsi', 'macd', 'bollinger', 'atr', 'stochastic', 'obv', 'vwap']) {
      const { points } = await market.value<IndicatorSeries>(`${PATH}/indicators/KO?name=${name}`)
      expect(points.length).toBeGreaterThan(200)
    }
    expect(market.sandbox.requests.count('yahoo')).toBe(before)
  })

  test('of intraday bars', async () => {
    const { points } = await market.value<IndicatorSeries>(`${PATH}/indicators/MSFT?name=vwap&interval=5m&range=1d`)
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
    ['?name=sma&period=0', 'period'],
    ['?name=sma&period=2.5', 'period'],
    ['?name=sma&period=long', 'period'],
    ['?name=macd&period=20', 'period'],
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
