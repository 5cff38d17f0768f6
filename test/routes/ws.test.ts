import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { quoteUpdate } from '../../src/market/event.ts'
import type { Quote } from '../../src/market/quote.ts'
import { startWorld, type Api, type ApiWorld } from '../support/api.ts'
import { LiveClient } from '../support/live-client.ts'

let world: ApiWorld
let api: Api
let url: string
let token: string

beforeAll(async () => {
  world = await startWorld()
  api = await world.startApi()
  url = await listen(api)
  token = (await api.login(['market:read', 'stream:read', 'admin:read'])).token
})
afterAll(() => world.close())

async function listen({ app }: Api): Promise<string> {
  await app.listen({ host: '127.0.0.1', port: 0 })
  return `ws://127.0.0.1:${(app.server.address() as AddressInfo).port}/api/v1/market/ws/stock-quotes`
}

const connect = (options: { token?: string; at?: string } = {}) =>
  new LiveClient(`${options.at ?? url}?token=${options.token ?? token}`)

describe('a dashboard', () => {
  test('gets a snapshot on subscribe, then every change', async () => {
    const client = connect()
    expect((await client.frame('welcome')).data).toMatchObject({ authenticated: true, encoding: 'json' })
    client.subscribe(['AAPL', 'msft', 'NOPE', '??'])
    expect((await client.frame('subscribed')).data).toMatchObject({
      type: 'stock_quotes',
      stream: 'quotes',
      accepted: [
        { symbol: 'AAPL', servedBy: 'polling' },
        { symbol: 'MSFT', servedBy: 'polling' }
      ],
      rejected: [
        { symbol: '??', code: 'INVALID_SYMBOL' },
        { symbol: 'NOPE', code: 'SYMBOL_NOT_FOUND' }
      ],
      current: { channels: [], streams: { quotes: ['AAPL', 'MSFT'] } }
    })
    const snapshot = await client.frame('snapshot')
    expect(snapshot.data).toMatchObject({
      stream: 'quotes',
      quotes: [{ symbol: 'AAPL', price: 231.4 }, { symbol: 'MSFT' }]
    })
    await api.core.eventLog.append([quoteUpdate(quote('AAPL', 232))])
    await client.until(() => client.ofType('quote_update').some(({ data }) => (data['quote'] as Quote).price === 232))
  })
})

export function quote(symbol: string, price: number): Quote {
  const now = new Date().toISOString()
  return {
    symbol,
    price,
    asOf: now,
    provenance: { source: 'yahoo', feed: 'composite', receivedAt: now, state: 'live', attempts: [] }
  }
}
