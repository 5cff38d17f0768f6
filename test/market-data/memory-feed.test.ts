import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Quote } from '../../src/market/quote.ts'
import { startWorld, type Api, type ApiWorld } from '../support/api.ts'
import { quoteEvent, quoteOf } from '../support/events.ts'

let world: ApiWorld
let api: Api
let token: string

beforeAll(async () => {
  world = await startWorld()
  api = await world.startApi()
  token = (await api.login()).token
})
afterAll(() => world.close())

const quote = async (symbol: string) => (await api.get(`/api/v1/market/quote/${symbol}`, token)).json() as Quote
const batch = async (symbols: string) =>
  ((await api.get(`/api/v1/market/quotes?symbols=${symbols}`, token)).json() as { quotes: Quote[] }).quotes
const received = (instant: number) => {
  const { provenance } = quoteOf('AAPL', 1)
  return { provenance: { ...provenance, receivedAt: new Date(instant).toISOString() } }
}

test('nobody is served an older quote from memory than the log has shown', async () => {
  await quote('AAPL')
  await batch('AAPL,MSFT')
  api.vendor.asked.length = 0
  const soon = Date.now() + 1000
  await api.core.eventLog.append([quoteEvent('AAPL', 239, received(soon)), quoteEvent('AAPL', 240, received(soon + 1))])
  await expect.poll(async () => (await quote('AAPL')).price).toBe(240)
  expect((await batch('AAPL,MSFT')).map(({ price }) => price)).toEqual([240, 418.25])
  expect(api.vendor.asked).toEqual([])
})

test('an event from before the quote in memory, or about an earlier price, changes nothing', async () => {
  const held = await quote('MSFT')
  const soon = Date.now() + 1000
  const early = { asOf: new Date(Date.parse(held.asOf) - 1000).toISOString() }
  await api.core.eventLog.append([
    quoteEvent('MSFT', 1, { ...received(Date.now() - 60_000), asOf: held.asOf }),
    quoteEvent('MSFT', 2, { ...received(soon), ...early }),
    quoteEvent('AAPL', 241, { ...received(soon + 500), asOf: new Date(soon + 500).toISOString() })
  ])
  await expect.poll(async () => (await quote('AAPL')).price).toBe(241)
  expect((await quote('MSFT')).price).toBe(held.price)
})

test('of a symbol that nobody asked for nothing is kept', async () => {
  const soon = Date.now() + 2000
  const late = { ...received(soon), asOf: new Date(soon).toISOString() }
  await api.core.eventLog.append([quoteEvent('BRK.B', 1, late), quoteEvent('AAPL', 242, late)])
  await expect.poll(async () => (await quote('AAPL')).price).toBe(242)
  expect(api.core.marketData.freshQuote('BRK.B')).toBeUndefined()
})
