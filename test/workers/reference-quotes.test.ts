import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Quote } from '../../src/market/quote.ts'
import { ProviderError, type Provider } from '../../src/providers/provider.ts'
import { ReferenceQuotes } from '../../workers/ingest/reference-quotes.ts'
import { startWorld, type Api, type ApiWorld } from '../support/api.ts'
import { quoteOf, tradeEvent } from '../support/events.ts'

let world: ApiWorld
let api: Api

/** It trades at every hour, so that what is told now is of today. */
const SYMBOL = 'BTC-USD'
/** What the vendor was asked for, and does not know. */
const asked: string[] = []
const UNKNOWN = 'UNHEARD'

const vendor: Provider = {
  name: 'tiingo',
  maxQuotesPerRequest: 100,
  covers: () => true,
  async quotes(symbols) {
    asked.push(...symbols)
    if (symbols.includes(UNKNOWN)) throw new ProviderError('tiingo', 'not_found', 'tiingo does not know it')
    const asOf = new Date().toISOString()
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
    intake.accept(tradeEvent(SYMBOL, 231, 100))
    return (await marketData.quote(SYMBOL)).value
  }
  await expect.poll(async () => (await quote()).provenance.delivery).toBe('stream')
  expect(await quote()).not.toHaveProperty('previousClose')
  api.vendor.isDown = true
  references.streams(SYMBOL)
  await expect.poll(quote).toMatchObject({ previousClose: 228, provenance: { delivery: 'stream' } })
  await references.close()
})

test('of a symbol that streams and that no vendor knows nobody is asked every few seconds', async () => {
  const { marketData, intake } = api.core
  let now = Date.now()
  const referred: string[] = []
  const refer = ({ symbol }: Quote) => void referred.push(symbol)
  const references = new ReferenceQuotes({ marketData, intake: { refer }, now: () => now })
  const quote = async () => {
    intake.accept(tradeEvent(UNKNOWN, 231, 100))
    return (await marketData.quote(UNKNOWN).catch(() => undefined))?.value
  }
  await expect.poll(quote).toMatchObject({ provenance: { delivery: 'stream' } })
  const requests = () => asked.filter((symbol) => symbol === UNKNOWN).length
  const before = requests()
  for (const [afterMs, other, count] of [
    [0, 'IBM', 1],
    [5000, 'MSFT', 2],
    [5000, 'ORCL', 2],
    [5000, 'GE', 3]
  ] as const) {
    now += afterMs
    references.streams(UNKNOWN)
    references.streams(other)
    // They are asked for together, and this one is referred to when both were answered.
    await expect.poll(() => referred).toContain(other)
    expect(requests() - before).toBe(count)
  }
  await references.close()
})
