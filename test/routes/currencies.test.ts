import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { BarSeries } from '../../src/market/bar.ts'
import type { Quote } from '../../src/market/quote.ts'
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
/** What the simulated exchange trades at, in the unit that it trades in. */
const tradedPrice = (symbol: string) => {
  const { exchange } = market.sandbox
  return exchange.quote(exchange.find(symbol)!).price
}

/** Prices move while a test runs, by much less than a wrong unit or currency would. */
const NEAR = 0.05

const LISTINGS = [
  ['AAPL', 'USD', 1],
  ['OCDO.L', 'GBP', 100],
  ['AZN.L', 'GBP', 100],
  ['SHOP.TO', 'CAD', 1],
  ['NSE:RELIANCE', 'INR', 1],
  ['BTC-USD', 'USD', 1],
  ['ETH-USD', 'USD', 1],
  ['EURUSD=X', 'USD', 1],
  ['USDJPY=X', 'JPY', 1],
  ['EURGBP=X', 'GBP', 1],
  ['USDINR=X', 'INR', 1],
  ['^FTSE', 'GBP', 1],
  ['^N225', 'JPY', 1]
] as const

describe('a price is told in the currency that it is paid in', () => {
  test.each(LISTINGS)('%s in %s', async (symbol, currency, perMajor) => {
    const quote = await market.value<Quote>(`${PATH}/quote/${encodeURIComponent(symbol)}`)
    expect(quote).toMatchObject({ symbol, currency })
    expect(Math.abs((quote.price * perMajor) / tradedPrice(symbol) - 1)).toBeLessThan(NEAR)
    expect(Math.abs(quote.price / quote.previousClose! - 1)).toBeLessThan(0.3)
    if (perMajor !== 1) expect(quote.provenance.notes?.join()).toContain('pence')
  })

  test.each(LISTINGS)('history of %s in %s, in the unit of its quote', async (symbol, currency) => {
    const path = encodeURIComponent(symbol)
    const [quote, series] = await Promise.all([
      market.value<Quote>(`${PATH}/quote/${path}`),
      market.value<BarSeries>(`${PATH}/historical/${path}?period=1mo`)
    ])
    expect(series.currency).toBe(currency)
    expect(Math.abs(series.bars.at(-1)!.close / quote.price - 1)).toBeLessThan(0.3)
  })
})

describe('the next vendor tells the same unit', () => {
  test.each([
    ['OCDO.L', 'GBP', 100],
    ['BTC-USD', 'USD', 1],
    ['EURUSD=X', 'USD', 1]
  ] as const)('%s in %s', async (symbol, currency, perMajor) => {
    await market.close()
    market = await startMarket(market.sandbox)
    const end = market.sandbox.scenario({ vendor: 'yahoo', scenario: 'down' })
    const quote = await market.value<Quote>(`${PATH}/quote/${symbol}`)
    end()
    expect(quote.provenance.source).not.toBe('yahoo')
    expect(quote.currency).toBe(currency)
    expect(Math.abs((quote.price * perMajor) / tradedPrice(symbol) - 1)).toBeLessThan(NEAR)
  })
})
