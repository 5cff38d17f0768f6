import { expect, onTestFinished, test } from 'vitest'
import { checkPayload, createJobQueues } from '../../src/jobs/queue.ts'
import { connectFailFast, ready } from '../../src/redis/connections.ts'
import { lateDoor } from '../support/late-door.ts'
import { testRedis } from '../support/services.ts'

test('queues that Redis answered late at first take jobs a moment later', async () => {
  const server = await testRedis()
  const door = await lateDoor(server.url)
  const redis = connectFailFast(door.url)
  await ready(redis, 'REDIS_URL')
  for (const text of ['info', 'eval']) {
    door.beLate(text, 1500)
    const queues = createJobQueues({ redis, settings: { quoteRefreshMs: 30_000 }, onError: () => undefined })
    onTestFinished(() => queues.close())
    const add = () => queues.add('refresh-quotes', { symbols: ['AAPL'] }).catch(() => 'not now')
    await expect.poll(add, { interval: 250 }).toMatch(/^refresh-quotes-/)
  }
  onTestFinished(async () => {
    redis.disconnect()
    await server.close()
  })
})

test('a job is told each symbol once, by the name that quotes are kept under', () => {
  const symbols = ['brk-b', 'BRK.B', 'RELIANCE.NS', 'BTC/USD']
  expect(checkPayload('refresh-quotes', { symbols })).toEqual({ symbols: ['BRK.B', 'NSE:RELIANCE', 'BTC-USD'] })
  expect(() => checkPayload('refresh-quotes', { symbols: ['AAPL', '$$$'] })).toThrow(/symbols\.1/)
})
