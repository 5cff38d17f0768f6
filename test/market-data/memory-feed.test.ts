import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { EntryBuilder } from '../../src/log/entry-builder.ts'
import { readEntry } from '../../src/log/entry.ts'
import { WrittenTopics } from '../../src/log/topic-name.ts'
import { createMemoryFeed } from '../../src/market-data/memory-feed.ts'
import type { QuoteUpdate } from '../../src/market/event.ts'
import type { Seen } from '../../src/market/market-data.ts'
import type { Quote } from '../../src/market/quote.ts'
import { QuoteLists } from '../../src/routes/quote-lists.ts'
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

test('a list is joined again when one of its own symbols changes, and not for the ticks of others', async () => {
  await batch('AAPL,MSFT')
  const lists = new QuoteLists(api.core.marketData)
  const joined = () => lists.fresh('MSFT,BRK.B', Date.now())
  await quote('BRK.B')
  joined()
  const first = joined()
  expect(first?.count).toBe(2)
  const instant = Date.now() + 3000
  const of = (more: number) => ({ ...received(instant + more), asOf: new Date(instant + more).toISOString() })
  await api.core.eventLog.append(Array.from({ length: 50 }, (_, at) => quoteEvent('AAPL', 300 + at, of(at))))
  await expect.poll(async () => (await quote('AAPL')).price).toBe(349)
  expect(joined()).toBe(first)
  await api.core.eventLog.append([quoteEvent('MSFT', 420, of(100))])
  await expect.poll(async () => (await quote('MSFT')).price).toBe(420)
  expect(String(joined()?.body)).toContain('"price":420')
})

test('of the quotes of one turn memory takes the newest of each symbol, and leaves it unread until somebody asks', async () => {
  await batch('AAPL,MSFT')
  const { marketData } = api.core
  const taken: [string, Seen<Quote>][] = []
  const feed = createMemoryFeed({
    holdsQuote: (symbol) => marketData.holdsQuote(symbol),
    quoteSeen: (symbol, seen) => taken.push([symbol, seen])
  })
  const builder = new EntryBuilder()
  const topics = new WrittenTopics(1)
  const add = (event: QuoteUpdate) => builder.add(event, topics.of(event))
  const soon = Date.now() + 5000
  for (let at = 0; at < 100; at++) {
    add(quoteEvent('AAPL', 400 + at, { ...received(soon + at), asOf: new Date(soon + at).toISOString() }))
    add(quoteEvent('NOBODY', at, received(soon)))
  }
  const entry = readEntry({ shard: 0, idHigh: soon, idLow: 0 }, builder.finish())
  const [reads, copies] = [vi.spyOn(entry, 'event'), vi.spyOn(entry, 'only')]
  feed([entry])
  await expect.poll(() => copies.mock.calls).toEqual([[198]])
  expect(reads).not.toHaveBeenCalled()
  expect(taken.map(([symbol, { value, receivedAt }]) => [symbol, value.price, receivedAt])).toEqual([
    ['AAPL', 499, soon + 99]
  ])
  expect(String(taken[0]![1].body)).toBe(JSON.stringify(taken[0]![1].value))
})
