import { pino } from 'pino'
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest'
import { connectFailFast, ready } from '../../src/redis/connections.ts'
import { Lease } from '../../src/redis/lease.ts'
import { testRedis, type TestRedis } from '../support/services.ts'

const LIFE_MS = 800
const log = pino({ level: 'silent' })

let server: TestRedis

beforeEach(async () => {
  server = await testRedis()
})
afterEach(() => server.close())

/** A process that wants the lease, and what it was told. */
async function candidate(holder: string) {
  const redis = connectFailFast(server.url)
  await ready(redis, 'REDIS_URL')
  const fences: number[] = []
  const waitedFor: string[] = []
  let working = 0
  const lease = new Lease({
    redis,
    log,
    name: 'alpaca/iex/1',
    holder,
    lifeMs: LIFE_MS,
    begin(fence) {
      fences.push(fence)
      working++
      return () => void working--
    },
    onWaiting: (other) => waitedFor.push(other)
  })
  onTestFinished(async () => {
    await lease.close()
    redis.disconnect()
  })
  return { lease, redis, fences, waitedFor, isWorking: () => working > 0, times: () => working }
}

test('one of two works; when it goes, the other one begins at once, with a greater number', async () => {
  const first = await candidate('first')
  await expect.poll(first.isWorking).toBe(true)
  const second = await candidate('second')
  await expect.poll(() => second.waitedFor).toEqual(['first'])
  await first.lease.close()
  expect(first.isWorking()).toBe(false)
  await expect.poll(second.isWorking, { timeout: LIFE_MS }).toBe(true)
  expect(second.fences[0]).toBeGreaterThan(first.fences[0]!)
})

test('a holder that is cut off stops before somebody else can begin', async () => {
  const first = await candidate('first')
  await expect.poll(first.isWorking).toBe(true)
  const second = await candidate('second')
  first.redis.disconnect()
  let together = 0
  await expect
    .poll(
      () => {
        together = Math.max(together, first.times() + second.times())
        return second.isWorking()
      },
      { timeout: 4 * LIFE_MS, interval: 10 }
    )
    .toBe(true)
  expect(together).toBe(1)
})

test('where Redis lost its data, the next holder has a greater number all the same', async () => {
  const first = await candidate('first')
  await expect.poll(first.isWorking).toBe(true)
  const [fence] = first.fences
  await server.redis.set('quotewire:lease-token:alpaca/iex/1', fence! + 5)
  await server.redis.del('quotewire:lease:alpaca/iex/1')
  await expect.poll(() => first.fences.length, { timeout: 4 * LIFE_MS }).toBe(2)
  expect(first.fences[1]).toBeGreaterThan(fence! + 5)
  await server.redis.flushdb()
  await expect.poll(() => first.fences.length, { timeout: 4 * LIFE_MS }).toBe(3)
  expect(first.fences[2]).toBeGreaterThanOrEqual(fence!)
})
