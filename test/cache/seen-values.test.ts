import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Seen } from '../../src/market/market-data.ts'
import { testRedis } from '../support/services.ts'
import { countingSource, live, processOn, type Price } from './market-under-test.ts'

const now = 1_750_000_000_000
let services: Awaited<ReturnType<typeof testRedis>>
let started: ReturnType<typeof processOn>

beforeEach(async () => {
  services = await testRedis()
  started = processOn(services.redis, () => now)
})

afterEach(async () => {
  started.cache.close()
  await services.close()
})

/** As an event brings it, with JSON that nobody would write again like this. */
function seen(price: number, receivedAt: number) {
  const told: Seen<Price> & { reads: number } = {
    reads: 0,
    receivedAt,
    get value() {
      told.reads++
      return live(price, receivedAt)
    },
    body: Buffer.from(` { "price": ${price} } `),
    comesBefore: (other) => receivedAt < other.receivedAt
  }
  return told
}

describe('a newer value that came otherwise than by a load', () => {
  const held = async () => {
    await started.prices.get('AAPL', countingSource(() => live(150)).source)
    return started
  }

  test('is served from then on, by who holds the key, and never gives way to an older one', async () => {
    const { prices } = await held()
    prices.memory.supersede('AAPL', seen(151, now + 1))
    prices.memory.supersede('AAPL', seen(152, now + 2))
    prices.memory.supersede('MSFT', seen(9, now + 2))
    expect(prices.fresh('AAPL')).toMatchObject({ value: { price: 152 }, freshUntil: now + 2 + 60_000 })
    expect(prices.fresh('MSFT')).toBeUndefined()
    prices.memory.supersede('AAPL', seen(151, now + 1))
    expect(prices.fresh('AAPL')?.value.price).toBe(152)
  })

  test('outlasts the news that another process stored an older one, and gives way to a newer one', async () => {
    const { prices } = await held()
    prices.memory.supersede('AAPL', seen(155, now + 5))
    prices.announced('AAPL', now + 4)
    expect(prices.fresh('AAPL')?.value.price).toBe(155)
    prices.memory.supersede('AAPL', seen(157, now + 7))
    prices.announced('AAPL', now + 8)
    expect(prices.fresh('AAPL')).toBeUndefined()
  })

  test('is served as the bytes that the event holds, and read once for all requests', async () => {
    const { prices } = await held()
    const passed = [seen(151, now + 1), seen(152, now + 2)]
    const last = seen(153, now + 3)
    for (const each of [...passed, last]) prices.memory.supersede('AAPL', each)
    const first = prices.fresh('AAPL')!
    expect(first.body).toBe(last.body)
    const { reads } = last
    expect(prices.fresh('AAPL')).toBe(first)
    expect(last.reads).toBe(reads)
    expect(passed.map((each) => each.reads)).toEqual([0, 0])
  })

  test('is told to whoever keeps what was made of the former one, and so is the end of what memory lets go', async () => {
    const { prices } = await held()
    const changed: string[] = []
    prices.memory.onChange((key) => changed.push(key))
    prices.memory.supersede('AAPL', seen(151, now + 1))
    prices.memory.supersede('AAPL', seen(150, now))
    prices.memory.supersede('MSFT', seen(9, now + 1))
    expect(changed).toEqual(['AAPL'])
    expect(prices.fresh('AAPL')?.value.price).toBe(151)
    const others = Array.from({ length: prices.policy.maxEntries }, (_, at) => `S${at}`)
    await prices.getMany(others, countingSource(() => live(1)).source)
    expect(changed.filter((key) => key === 'AAPL')).toHaveLength(2)
    prices.memory.dropOlder('S7', Date.now() + 1, undefined)
    expect(changed.at(-1)).toBe('S7')
  })
})
