import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Provider } from '../../src/providers/provider.ts'
import { ReferenceQuotes } from '../../workers/ingest/reference-quotes.ts'
import { startWorld, type Api, type ApiWorld } from '../support/api.ts'
import { quoteOf, tradeEvent } from '../support/events.ts'

let world: ApiWorld
let api: Api

const vendor: Provider = {
  name: 'tiingo',
  maxQuotesPerRequest: 100,
  covers: () => true,
  async quotes(symbols) {
    const asOf = new Date(Date.now() - 60_000).toISOString()
    return new Map(symbols.map((symbol) => [symbol, quoteOf(symbol, 229, { asOf, previousClose: 228 })]))
  }
}

beforeAll(async () => {
  world = await startWorld()
  api = await world.startApi({}, [vendor])
})
afterAll(() => world.close())

test('a streamed quote has the close to compare with, although its first ticks were told before a vendor was asked', async () => {
  const { marketData, intake } = api.core
  const references = new ReferenceQuotes({ marketData, intake, now: Date.now })
  // Whoever asks first has a quote without a close of the day before, and the ticks come behind it.
  const quote = async () => {
    intake.accept(tradeEvent('AAPL', 231, 100))
    return (await marketData.quote('AAPL')).value
  }
  await expect.poll(async () => (await quote()).provenance.delivery).toBe('stream')
  expect(await quote()).not.toHaveProperty('previousClose')
  api.vendor.isDown = true
  references.streams('AAPL')
  await expect.poll(quote).toMatchObject({ previousClose: 228, provenance: { delivery: 'stream' } })
  await references.close()
})
