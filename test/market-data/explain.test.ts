import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Explanation } from '../../src/market/explanation.ts'
import { startWorld, type Api, type ApiWorld } from '../support/api.ts'

let world: ApiWorld
let api: Api

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  world = await startWorld()
  api = await world.startApi()
})
afterEach(async () => {
  vi.useRealTimers()
  await world.close()
})

const explain = (symbol = 'AAPL'): Promise<Explanation> => api.core.marketData.explain(symbol)
const later = (ms: number) => vi.setSystemTime(Date.now() + ms)
const tiers = ({ cache }: Explanation) => Object.fromEntries(cache.map(({ tier, state }) => [tier, state]))

test('an operator learns how old the answer is, and that it came from memory and not from a vendor just now', async () => {
  await api.core.marketData.quote('AAPL')
  later(40_000)
  const explained = await explain()
  expect(explained.chosenBecause).toBe('yahoo gave it 40 s ago and it passed every quality rule')
  expect(tiers(explained)).toMatchObject({ memory: 'fresh', redis: 'fresh' })
})

test('a quote that is being renewed is not told as one that nobody could renew', async () => {
  await api.core.marketData.quote('AAPL')
  later(70_000)
  const { chosen, chosenBecause } = await explain()
  expect(chosen?.provenance.state).toBe('stale')
  expect(chosenBecause).toBe('yahoo gave it 70 s ago; it outlived its freshness and is being renewed')
})

test('a quote that nobody could renew is told as such, with what was tried', async () => {
  await api.core.marketData.quote('AAPL')
  api.vendor.isDown = true
  later(100_000)
  const explained = await explain()
  expect(explained.chosenBecause).toBe(
    'no provider could renew it after yahoo (unavailable); the last good value of yahoo stands in'
  )
  expect(tiers(explained)).toMatchObject({ memory: 'stale', redis: 'stale' })
  expect(explained.providers[0]).toMatchObject({ provider: 'yahoo', asked: true, outcome: 'unavailable' })
})

test('a symbol that nobody knows is told as such', async () => {
  const { chosen, chosenBecause } = await explain('NOPE')
  expect([chosen, chosenBecause]).toEqual([undefined, expect.stringContaining('No provider knows NOPE')])
})

test('a program that asks all day for the same explanation costs each vendor one call a minute, whatever the process', async () => {
  const other = await world.startApi()
  await api.core.marketData.quote('AAPL')
  const before = api.vendor.asked.length
  const first = await explain()
  for (let asked = 0; asked < 20; asked++) expect((await explain()).askedAt).toBe(first.askedAt)
  expect((await other.core.marketData.explain('AAPL')).askedAt).toBe(first.askedAt)
  expect([api.vendor.asked.length - before, other.vendor.asked.length]).toEqual([1, 0])
  later(61_000)
  expect((await explain()).askedAt).not.toBe(first.askedAt)
})
