import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { errorOf } from '../support/api.ts'
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

describe('what the one vendor that can be asked does not have, while the quota of the others is spent', () => {
  const SYMBOL = 'MSFT'
  const NOT_ASKED = expect.objectContaining({ provider: 'alpha-vantage', outcome: 'not_asked' }) as unknown
  const NOT_COVERED = { code: 'NOT_COVERED', details: { attempts: expect.arrayContaining([NOT_ASKED]) as unknown } }

  beforeAll(() => {
    const { sandbox } = market
    const offs = (['fmp', 'alpha-vantage', 'tiingo'] as const).map((vendor) =>
      sandbox.scenario({ vendor, scenario: 'rate_limited', retryAfterSeconds: 7200 })
    )
    offs.push(sandbox.scenario({ vendor: 'yahoo', scenario: 'unknown_symbol', symbol: SYMBOL }))
    return () => offs.forEach((off) => off())
  })

  test.each([
    `quote/${SYMBOL}`,
    `historical/${SYMBOL}?range=1mo`,
    `profile/${SYMBOL}`,
    `fundamentals/${SYMBOL}`,
    `options/${SYMBOL}`,
    `corporate-actions/${SYMBOL}`,
    `indicators/${SYMBOL}?name=sma`
  ])(
    'is on %s no failure of the server: a 404 that says who was not asked, and the same when it is remembered',
    async (route) => {
      for (let times = 0; times < 2; times++) {
        const answer = await market.get(`${MARKET}/${route}`)
        expect([answer.status, errorOf(answer)]).toMatchObject([404, NOT_COVERED])
      }
    }
  )

  test.each(['quotes', 'history', 'sparklines'])('says so of its symbol alone in %s', async (route) => {
    const { errors } = await market.value<{ errors: unknown[] }>(`${MARKET}/${route}?symbols=${SYMBOL},AAPL`)
    expect(errors).toMatchObject([{ symbol: SYMBOL, ...NOT_COVERED }])
  })

  test.each([
    `alpaca/v2/stocks/bars?symbols=${SYMBOL}&timeframe=1Day&start=2026-01-05`,
    `alpaca/v2/stocks/snapshots?symbols=${SYMBOL}`,
    `massive/v2/aggs/ticker/${SYMBOL}/range/1/day/2026-01-05/2026-02-05`,
    `massive/v2/snapshot/locale/us/markets/stocks/tickers?tickers=${SYMBOL}`
  ])('is no empty list to the programs that ask for %s', async (path) => {
    const { app } = market.api
    const { key } = await market.api.login()
    const headers = { authorization: `Bearer ${key}`, 'apca-api-key-id': 'any', 'apca-api-secret-key': key }
    const answer = await app.inject({ url: `/drop-in/${path}`, headers })
    expect([answer.statusCode, answer.body]).toEqual([404, expect.stringContaining('could be asked')])
  })

  test('comes as an empty list of a search, and as no story', async () => {
    expect(await market.value(`${MARKET}/search?query=qqzz`)).toMatchObject({
      matches: [],
      provenance: { source: 'yahoo', attempts: expect.arrayContaining([NOT_ASKED]) as unknown }
    })
    expect(await market.value(`${MARKET}/news/${SYMBOL}`)).toMatchObject({ items: [] })
  })

  test('leaves what is of the whole market as it was', async () => {
    for (const route of ['indices', 'sectors', 'movers?type=gainers', 'overview', `explain/${SYMBOL}`]) {
      expect((await market.get(`${MARKET}/${route}`)).status).toBe(200)
    }
  })
})
