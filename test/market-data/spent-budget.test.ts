import { afterAll, beforeAll, expect, test } from 'vitest'
import { startMarket, thoughtfulSandbox, type MarketUnderTest } from '../routes/market-under-test.ts'

const MARKET = '/api/v1/market'

let market: MarketUnderTest

beforeAll(async () => {
  market = await startMarket(await thoughtfulSandbox())
})
afterAll(async () => {
  await market.close()
  await market.sandbox.close()
})

test.each(['quote', 'historical', 'profile', 'fundamentals', 'options', 'indicators'])(
  'names that nobody knows are unknown to %s, also when the share of a vendor that sells few calls is spent',
  async (route) => {
    const query = route === 'indicators' ? '?name=sma' : ''
    for (const name of ['XQZA', 'XQZB', 'XQZC', 'XQZD', 'XQZE', 'XQZF']) {
      const answer = await market.get(`${MARKET}/${route}/${name}${query}`)
      expect([name, answer.status, answer.body]).toEqual([name, 404, expect.stringContaining('"SYMBOL_NOT_FOUND"')])
    }
  }
)

test('a search for what nobody has comes back empty then, and says who was not asked', async () => {
  const { token } = await market.api.login()
  const search = (query: string) =>
    market.api.send({ method: 'POST', url: `${MARKET}/search`, payload: { query } }, token)
  for (let words = 0; words < 6; words++) {
    const answer = await search(`zzqx ${'q'.repeat(words + 1)}`)
    expect([answer.status, answer.json()]).toMatchObject([
      200,
      {
        matches: [],
        provenance: {
          source: 'yahoo, fmp, tiingo',
          attempts: expect.arrayContaining([
            expect.objectContaining({ provider: 'alpha-vantage', outcome: 'not_asked' })
          ])
        }
      }
    ])
  }
})
