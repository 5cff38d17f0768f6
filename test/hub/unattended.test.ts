import { Redis } from 'ioredis'
import { expect, onTestFinished, test } from 'vitest'
import { privateRedis } from '../log/redis-door.ts'
import { quoteEvent } from '../support/events.ts'
import { startLive } from '../support/live-server.ts'

const EVENTS = 200

test('a process with nobody connected reads a busy log now and then, and whoever connects gets each event at once', async () => {
  const redis = await privateRedis()
  const admin = new Redis(redis.directUrl())
  onTestFinished(() => admin.disconnect())
  const reads = async () => Number(/cmdstat_xread:calls=(\d+)/.exec(await admin.info('commandstats'))?.[1] ?? 0)
  const server = await startLive(redis.url)
  const { hub } = server.live.context
  const append = async () => {
    const before = await reads()
    const seen = hub.sequence
    for (let price = 1; price <= EVENTS; price++) await server.log.append([quoteEvent('AAPL', price)])
    await expect.poll(() => hub.sequence).toBe(seen + EVENTS)
    return (await reads()) - before
  }
  expect(await append()).toBeLessThan(EVENTS / 2)
  const client = server.connect()
  client.socket.once('open', () => client.subscribe(['AAPL']))
  expect((await client.frame('snapshot')).data['quotes']).toMatchObject([{ price: EVENTS }])
  expect(await append()).toBeGreaterThan(EVENTS / 2)
  await client.until(() => client.ofType('quote_update').length === EVENTS)
})
