import { afterAll, beforeAll, expect, test } from 'vitest'
import { startMarket, thoughtfulSandbox, type MarketUnderTest } from '../routes/market-under-test.ts'

let market: MarketUnderTest
let other: Awaited<ReturnType<MarketUnderTest['another']>>

beforeAll(async () => {
  market = await startMarket(await thoughtfulSandbox())
  other = await market.another()
  // Not everybody can be asked, so that nobody can say that a name is unknown.
  market.sandbox.scenario({ vendor: 'tiingo', scenario: 'rate_limited', retryAfterSeconds: 600 })
})
afterAll(async () => {
  await market.close()
  await market.sandbox.close()
})

test.each(['quote/XQZWA', 'fundamentals/XQZWB', 'historical/XQZWC?period=1y&interval=1d', 'profile/XQZWD'])(
  'a typo in a dashboard that polls %s costs each vendor one look a minute, not one a poll',
  async (path) => {
    const ask = () => market.get(`/api/v1/market/${path}`)
    expect((await ask()).json()).toMatchObject({ error: { code: 'NOT_COVERED' } })
    market.sandbox.requests.clear()
    for (let polls = 0; polls < 20; polls++) {
      expect((await ask()).status).toBe(404)
    }
    expect((await other.get(`/api/v1/market/${path}`)).status).toBe(404)
    expect(market.sandbox.requests.count()).toBe(0)
  }
)
