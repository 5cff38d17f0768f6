import { afterAll, beforeAll, expect, test } from 'vitest'
import { startMarket, thoughtfulSandbox, type MarketUnderTest } from '../routes/market-under-test.ts'

let market: MarketUnderTest

beforeAll(async () => {
  market = await startMarket(await thoughtfulSandbox())
})
afterAll(async () => {
  await market.close()
  await market.sandbox.close()
})

test.each([
  ['quote/AAPL', 'quote:AAPL', 60],
  ['historical/AAPL?period=1y&interval=1d', 'historical:AAPL:1y:1d', 3600],
  ['profile/AAPL', 'profile:AAPL', 1800],
  ['news/AAPL', 'news:AAPL:10', 900],
  ['indices', 'market:indices', 120],
  ['sentiment', 'market:sentiment', 300],
  ['sectors', 'market:sectors', 300],
  ['movers', 'market:movers:gainers', 300],
  ['search', 'search:apple:10', 3600]
])('an operator finds %s in Redis as %s, good for %i s', async (path, key, seconds) => {
  const answer = await (path === 'search' ? search() : market.get(`/api/v1/market/${path}`))
  expect(answer.status).toBe(200)
  expect(answer.headers['cache-control']).toBe(`private, max-age=${seconds}`)
  expect(await market.api.core.redis.exists(key)).toBe(1)
})

async function search() {
  const { token } = await market.api.login()
  const payload = { query: 'apple', limit: 10 }
  return market.api.send({ method: 'POST', url: '/api/v1/market/search', payload }, token)
}
