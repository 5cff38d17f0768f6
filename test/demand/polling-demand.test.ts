import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { connectFailFast, ready } from '../../src/redis/connections.ts'
import { Demand } from '../../src/demand/polling-demand.ts'
import { createGate } from '../db/gate.ts'
import { testRedis, type TestRedis } from '../support/services.ts'

const HOUR_MS = 3_600_000
const log = { warn: vi.fn(), info: vi.fn() }
let server: TestRedis
const open: Demand[] = []

beforeAll(async () => {
  server = await testRedis()
})
afterEach(async () => {
  for (const demand of open.splice(0)) await demand.close()
  await server.redis.flushdb()
})
afterAll(() => server.close())

function demandAt(now: () => number): Demand {
  const demand = new Demand({ redis: server.redis, log, now })
  open.push(demand)
  return demand
}

const symbolsOf = async (demand: Demand, limit = 10) => (await demand.top(limit)).map(({ symbol }) => symbol)

test('what two API processes are asked for adds up, most wanted first', async () => {
  const [one, two] = [demandAt(Date.now), demandAt(Date.now)]
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
  const demand = demandAt(() => now)
  for (let count = 0; count < 3; count++) demand.note('OLD')
  await demand.settle()
  now += 24 * HOUR_MS
  for (let count = 0; count < 2; count++) demand.note('NEW')
  await demand.settle()
  expect(await demand.top(2)).toEqual([
    { symbol: 'NEW', weight: 2 },
    { symbol: 'OLD', weight: expect.closeTo(1.5) }
  ])
  now += 7 * 24 * HOUR_MS
  expect(await symbolsOf(demand)).toEqual([])
})

test('a subscription keeps its symbol wanted until it ends', async () => {
  const demand = demandAt(Date.now)
  const end = demand.subscribe('BTC-USD')
  const endOther = demand.subscribe('BTC-USD')
  await demand.settle()
  const weight = (await demand.top(1))[0]!.weight
  end()
  end()
  await demand.settle()
  expect((await demand.top(1))[0]!.weight).toBeCloseTo(weight * 1.5)
  endOther()
  await demand.settle()
  expect((await demand.top(1))[0]!.weight).toBeCloseTo(weight * 1.5)
})

test('a subscription to what was never quoted makes it no more popular', async () => {
  const demand = new Demand({ redis: server.redis, log, exists: (symbol) => symbol === 'AAPL' })
  open.push(demand)
  for (const symbol of ['AAPL', 'JUNK']) demand.subscribe(symbol)
  await demand.settle()
  expect(await symbolsOf(demand)).toEqual(['AAPL'])
})

test('while Redis is away nothing that was counted is lost', async () => {
  const gate = await createGate(server.url)
  const redis = connectFailFast(gate.url)
  await ready(redis, 'REDIS_URL')
  const demand = new Demand({ redis, log })
  try {
    await gate.shut()
    demand.note('AAPL')
    await demand.settle()
    demand.note('AAPL')
    await demand.settle()
    await gate.open()
    await vi.waitFor(
      async () => {
        await demand.settle()
        expect(await demand.top(1)).toEqual([{ symbol: 'AAPL', weight: 2 }])
      },
      { timeout: 8000, interval: 100 }
    )
    expect(log.warn).toHaveBeenCalledOnce()
  } finally {
    await demand.close()
    redis.disconnect()
    await gate.shut()
  }
})
