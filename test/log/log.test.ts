import { Redis } from 'ioredis'
import { describe, expect, test } from 'vitest'
import type { LogEntry } from '../../src/log/log-entry.ts'
import type { EventLog } from '../../src/log/log.ts'
import { beginningOf } from '../../src/log/positions.ts'
import { quoteEvent } from '../support/events.ts'
import { following } from '../support/following.ts'
import { openLog, testLog } from '../support/live-server.ts'
import { privateRedis } from './redis-door.ts'

const eventsOf = (entries: readonly LogEntry[]) =>
  entries.flatMap((entry) =>
    Array.from({ length: entry.count }, (_, index) => ({
      topic: entry.topicOf(entry.row(index)),
      json: entry.event(index) as unknown
    }))
  )

/** Follows a log from its beginning. */
function follow(log: EventLog) {
  const entries: LogEntry[] = []
  const epochs: string[] = []
  const shards = Array.from({ length: log.shards }, (_, shard) => beginningOf(shard))
  following(log, shards, {
    entries: (read) => void entries.push(...read),
    replaced: (epoch) => void epochs.push(epoch)
  })
  return { entries, epochs, events: () => eventsOf(entries) }
}

describe('the log', () => {
  test('forgets the oldest entries by age and by size, and says how far it reaches', async () => {
    const { url, log } = await testLog()
    await log.append([quoteEvent('AAPL', 1)])
    expect((await log.reach(0)).isWhole).toBe(true)
    const brief = await openLog(url, { retentionMs: 200, maxBytes: 2 ** 28 })
    await expect
      .poll(
        async () => {
          await brief.append(Array.from({ length: 50 }, () => quoteEvent('AAPL', 2, { name: 'x'.repeat(3000) })))
          return (await log.reach(0)).isWhole
        },
        { timeout: 5000 }
      )
      .toBe(false)
    const { first, last } = await log.reach(0)
    expect(log.timeOf(first!)).toBeGreaterThan(Date.now() - 4000)
    expect(log.timeOf(last!)).toBeGreaterThanOrEqual(log.timeOf(first!))
  })
})

describe('a cursor', () => {
  test('survives a restart of Redis, and whoever followed goes on without loss', { timeout: 60_000 }, async () => {
    const server = await privateRedis()
    const log = await openLog(server.url)
    const { events, epochs } = follow(log)
    const epoch = await log.epoch()
    await log.append([quoteEvent('AAPL', 1), quoteEvent('AAPL', 2)])
    await expect.poll(() => events().length).toBe(2)
    const { last } = await log.reach(0)

    await server.stop()
    const appended = log.append([quoteEvent('AAPL', 3)])
    await server.start()
    await appended
    await expect.poll(() => events().length).toBe(3)
    expect(await log.epoch()).toBe(epoch)
    expect(epochs).toEqual([])
    const since = eventsOf(await log.read(last!, 10))
    expect(since.map(({ json }) => (json as { data: { quote: { price: number } } }).data.quote.price)).toEqual([
      1, 2, 3
    ])
  })

  test('is worth nothing after Redis lost its data, and whoever followed is told', async () => {
    const { url, log } = await testLog()
    const { epochs, events } = follow(log)
    const epoch = await log.epoch()
    await log.append([quoteEvent('AAPL', 1)])
    await expect.poll(() => events().length).toBe(1)
    const redis = new Redis(url)
    await redis.flushdb()
    redis.disconnect()
    await expect.poll(() => epochs.length).toBe(1)
    expect(epochs[0]).not.toBe(epoch)
    expect(await log.epoch()).toBe(epochs[0])
    await log.append([quoteEvent('AAPL', 2)])
    await expect.poll(() => events().length).toBe(2)
  })
})
