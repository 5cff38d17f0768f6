import { Redis } from 'ioredis'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { MarketEvent } from '../../src/market/event.ts'
import { beginningOf } from '../../src/log/positions.ts'
import { quoteEvent, tradeEvent } from '../support/events.ts'
import { openLog } from '../support/live-server.ts'
import { pricesIn } from './prices.ts'
import { privateRedis } from './redis-door.ts'

const trade = (price: number) => tradeEvent('AAPL', price, 1)
const padding = quoteEvent('PAD', 1, { name: 'x'.repeat(66_000) })
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => from + at)

/** Trades with so much between them that no two fit into one entry. */
const far = (from: number, to: number): MarketEvent[] => range(from, to).flatMap((price) => [trade(price), padding])

async function world() {
  const server = await privateRedis()
  const admin = new Redis(server.directUrl())
  admin.on('error', () => undefined)
  onTestFinished(() => admin.disconnect())
  const log = await openLog(server.url)
  const witness = await openLog(server.directUrl())
  return { server, admin, log, held: () => pricesIn(witness, 'AAPL') }
}

const callsOf = async (admin: Redis, command: string) =>
  Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(await admin.info('commandstats'))?.[1] ?? 0)

describe('events of many entries', { timeout: 30_000 }, () => {
  test('reach Redis in one go, however long a turn of the event loop takes', async () => {
    const { admin, log, held } = await world()
    await log.append(far(1, 15))
    expect(await held()).toEqual(range(1, 15))
    expect(await callsOf(admin, 'xadd')).toBeGreaterThanOrEqual(15)
    expect(await callsOf(admin, 'exec')).toBe(1)
  })

  test('are there as they were where some are larger than an entry', async () => {
    const { log, held } = await world()
    const sized = (bytes: number) => quoteEvent('PAD', bytes, { name: 'ü'.repeat(bytes / 2) })
    await log.append([trade(1), sized(200_000), trade(2), sized(64_000), sized(64_000), trade(3)])
    await Promise.all([log.append([sized(3_000_000), trade(4)]), log.append([trade(5)])])
    expect(await held()).toEqual(range(1, 5))
    const entries = await log.read(beginningOf(0), 100)
    const quotes = entries.flatMap((entry) =>
      Array.from({ length: entry.count }, (_, index) => index)
        .filter((index) => entry.topicOf(entry.row(index)) === 'quotes:PAD')
        .map((index) => (entry.event(index) as typeof padding).data.quote)
    )
    expect(quotes.map(({ price, name }) => [price, name!.length * 2])).toEqual(
      [200_000, 64_000, 64_000, 3_000_000].map((bytes) => [bytes, bytes])
    )
  })

  test('are there once and in order where the connection was lost before the answer', async () => {
    const { server, log, held } = await world()
    await log.append([trade(1)])
    server.door.treat('swallow answers')
    const appended = [log.append(far(2, 40))]
    await expect.poll(held).toContain(10)
    appended.push(log.append(far(41, 45)))
    server.door.cut()
    await Promise.all(appended)
    expect(await held()).toEqual(range(1, 45))
    expect(log.stats).toMatchObject({ failed: 0, waitingBytes: 0 })
  })

  test('are there once and in order where the lost connection brings them later than the new one', async () => {
    const { server, log, held } = await world()
    await log.append([trade(1)])
    server.door.treat('hold requests')
    const appended = log.append(far(2, 40))
    await expect.poll(() => server.door.requestedBytes()).toBeGreaterThan(0)
    const deliverLate = server.door.cutClients()
    await appended
    await deliverLate()
    await log.append([trade(41)])
    expect(await held()).toEqual(range(1, 41))
  })

  test('are there once and in order where the connection breaks off in the midst of them', async () => {
    const { server, log, held } = await world()
    await log.append([trade(0)])
    for (let round = 0; round < 8; round++) {
      server.door.treat('pass')
      const appended = log.append(far(round * 20 + 1, round * 20 + 20))
      while (server.door.requestedBytes() <= round * 100_000) await new Promise(setImmediate)
      server.door.treat('swallow requests')
      server.door.cut()
      await appended
    }
    expect(await held()).toEqual(range(0, 160))
    expect(log.stats).toMatchObject({ failed: 0, waitingBytes: 0 })
  })

  test('wait while Redis has no memory left, and none of them goes ahead', async () => {
    const { admin, log, held } = await world()
    await log.append([trade(1)])
    await admin.config('SET', 'maxmemory', '1')
    const appended = log.append(far(2, 10))
    await expect.poll(async () => await admin.info('errorstats')).toContain('errorstat_OOM')
    expect(await held()).toEqual([1])
    await admin.config('SET', 'maxmemory', '0')
    await appended
    expect(await held()).toEqual(range(1, 10))
  })
})
