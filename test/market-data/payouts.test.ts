import { afterAll, beforeAll, expect, test } from 'vitest'
import type { CorporateActions } from '../../src/market/corporate-action.ts'
import type { Provider } from '../../src/providers/provider.ts'
import { startWorld, type Api, type ApiWorld } from '../support/api.ts'
import { provenanceOf } from '../gateway/market.ts'

/** Lists one payout of today, and no price beside it. */
const payer: Provider = {
  name: 'tiingo',
  maxQuotesPerRequest: 1,
  covers: () => true,
  dividends: async (symbol) => ({
    symbol,
    dividends: [{ exDate: new Date().toISOString().slice(0, 10), amount: 1e6 }],
    amountsAdjusted: 'none',
    provenance: provenanceOf('tiingo')
  })
}

let world: ApiWorld
let api: Api
let token: string
beforeAll(async () => {
  world = await startWorld()
  api = await world.startApi({}, [payer])
  token = (await api.login()).token
})
afterAll(() => world.close())

test('a payout that a vendor tells without a price is held against the price that the server has', async () => {
  const stateOf = async (symbol: string) => {
    const { dividends } = (
      await api.get(`/api/v1/market/corporate-actions/${symbol}`, token)
    ).json() as CorporateActions
    return dividends!.provenance.state
  }
  await api.get('/api/v1/market/quote/AAPL', token)
  expect([await stateOf('AAPL'), await stateOf('MSFT')]).toEqual(['suspect', 'live'])
})
