import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { connectFailFast, ready } from '../../src/redis/connections.ts'
import { Popularity } from '../../src/demand/popularity.ts'
import { createGate } from '../db/gate.ts'
import { testRedis, type TestRedis } from '../support/services.ts'

const HOUR_MS = 3_600_000
const log = { warn: vi.fn(), info: vi.fn() }
let server: TestRedis
const open: Popularity[] = []

beforeAll(async () => {
  server = await testRedis()
})
afterEach(async () => {
  for (const popularity of open.splice(0)) await popularity.close()
  await server.redis.flushdb()
})
afterAll(() => server.close())

function popularityAt(now: () => number): Popularity {
  const popularity = new Popularity({ redis: server.redis, log, now })
  open.push(popularity)
  return popularity
}

const symbolsOf = async (popularity: Popularity, limit = 10) =>
  (await popularity.top(limit)).map(({ symbol }) => symbol)

test('what two API processes are asked for adds up, most wanted first', async () => {
  const [one, two] = [popularityAt(Date.now), popularityAt(Date.now)]
  for (const symbol of ['AAPL', 'MSFT', 'MSFT']) one.note(symbol)
  for (const symbol of ['AAPL', 'AAPL', 'TSLA']) two.note(symbol)
  await Promise.all([one.settle(), two.settle()])
  expect(await two.top(2)).toEqual([
    { symbol: 'AAPL', weight: 3 },
    { symbol: 'MSFT', weight: 2 }
  ])
})

test('yesterday counts half, and a week later nobody remembers', async () => {
  let now = Date.parse('2026-03-05T12:00:00Z')
  const popularity = popularityAt(() => now)
  for (let count = 0; count < 3; count++) popularity.note('OLD')
  await popularity.settle()
  now += 24 * HOUR_MS
  for (let count = 0; count < 2; count++) popularity.note('NEW')
  await popularity.settle()
  expect(await popularity.top(2)).toEqual([
    { symbol: 'NEW', weight: 2 },
    { symbol: 'OLD', weight: expect.closeTo(1.5) }
  ])
  now += 7 * 24 * HOUR_MS
  expect(await symbolsOf(popularity)).toEqual([])
})

test('a subscription keeps its symbol wanted until it ends', async () => {
  const popularity = popularityAt(Date.now)
  let followed = ['BTC-USD']
  popularity.countFollowed(() => followed)
  await popularity.settle()
  const weight = (await popularity.top(1))[0]!.weight
  await popularity.settle()
  expect((await popularity.top(1))[0]!.weight).toBeCloseTo(weight * 2)
  followed = []
  await popularity.settle()
  expect((await popularity.top(1))[0]!.weight).toBeCloseTo(weight * 2)
})

test('a subscription to what was never quoted makes it no more popular', async () => {
  const popularity = new Popularity({ redis: server.redis, log, exists: (symbol) => symbol === 'AAPL' })
  open.push(popularity)
  popularity.countFollowed(() => ['AAPL', 'JUNK'])
  await popularity.settle()
  expect(await symbolsOf(popularity)).toEqual(['AAPL'])
})

test('while Redis is away nothing that was counted is lost', async () => {
  const gate = await createGate(server.url)
  const redis = connectFailFast(gate.url)
  await ready(redis, 'REDIS_URL')
  const popularity = new Popularity({ redis, log })
  try {
    await gate.shut()
    popularity.note('AAPL')
    await popularity.settle()
    popularity.note('AAPL')
    await popularity.settle()
    await gate.open()
    await vi.waitFor(
      async () => {
        await popularity.settle()
        expect(await popularity.top(1)).toEqual([{ symbol: 'AAPL', weight: 2 }])
      },
      { timeout: 8000, interval: 100 }
    )
    expect(log.warn).toHaveBeenCalledOnce()
  } finally {
    await popularity.close()
    redis.disconnect()
    await gate.shut()
  }
})
