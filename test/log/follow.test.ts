import { Redis } from 'ioredis'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { EventLog } from '../../src/log/log.ts'
import type { Position } from '../../src/log/position.ts'
import { beginningOf } from '../../src/log/positions.ts'
import { tradeEvent } from '../support/events.ts'
import { following } from '../support/following.ts'
import { openLog, testLog } from '../support/live-server.ts'
import { entryOf } from './entries.ts'
import { pricesIn, pricesOf } from './prices.ts'
import { privateRedis } from './redis-door.ts'

const STREAM = 'log:1:{0}'
const BEGINNING = beginningOf(0)
const trade = (price: number) => tradeEvent('AAPL', price, 1)

function follow(log: EventLog, from: Position = BEGINNING) {
  const prices: number[] = []
  const epochs: string[] = []
  following(log, [from], {
    entries: (entries) => void prices.push(...pricesOf(entries, 'AAPL')),
    replaced: (epoch) => void epochs.push(epoch)
  })
  return { prices, epochs }
}

async function logAndRedis() {
  const { log, url } = await testLog()
  const redis = new Redis(url)
  onTestFinished(() => redis.disconnect())
  return { log, redis }
}

function entryWith(price: number, change: (bytes: Buffer) => Buffer): Buffer {
  return change(entryOf([trade(price)]))
}

const recordIn = (bytes: Buffer) => bytes.readUInt32LE(28)

describe('who follows the log', () => {
  test('is not disturbed by what somebody else writes into its stream, nor is who reads it', async () => {
    const { log, redis } = await logAndRedis()
    const { prices, epochs } = follow(log)
    await log.append([trade(1)])
    await redis.xadd(STREAM, '*', 'hello', 'world')
    await redis.xadd(STREAM, '*', 'hello', '', 'e', 'f')
    await log.append([trade(2)])
    await expect.poll(() => prices).toEqual([1, 2])
    for (let row = 0; row < 300; row++) await redis.xadd(STREAM, '*', 'hello', 'world')
    await log.append([trade(3)])
    await expect.poll(() => prices).toEqual([1, 2, 3])
    expect(await pricesIn(log, 'AAPL')).toEqual([1, 2, 3])
    expect(epochs).toEqual([])
  })

  test.each([
    ['was written by a later version', (bytes: Buffer) => bytes.fill(3, 0, 1)],
    ['is cut off', (bytes: Buffer) => bytes.subarray(0, bytes.length - 3)],
    ['is cut off in the head of a record', (bytes: Buffer) => bytes.subarray(0, 20)],
    ['says that a record is longer than it can be', (bytes: Buffer) => bytes.fill(255, recordIn(bytes) + 1)],
    ['says that a record is shorter than its head', (bytes: Buffer) => bytes.fill(0, recordIn(bytes) + 1)],
    [
      'says that its topic is none of its table',
      (bytes: Buffer) => bytes.fill(1, recordIn(bytes) + 4, recordIn(bytes) + 5)
    ],
    ['is empty', () => Buffer.alloc(0)]
  ])('goes on behind an entry that %s, and is told of the loss', async (_, change) => {
    const { log, redis } = await logAndRedis()
    const { prices, epochs } = follow(log)
    await log.append([trade(1)])
    await redis.xadd(STREAM, '*', 'e', entryWith(2, change))
    await log.append([trade(3)])
    await expect.poll(() => prices).toEqual([1, 3])
    await expect.poll(() => epochs.length).toBe(1)
    await expect(log.read(BEGINNING, 10)).rejects.toThrow(RangeError)
    await log.append([trade(4)])
    await expect.poll(() => prices).toEqual([1, 3, 4])
  })

  test('is told when the log was emptied before it began to follow', async () => {
    const { log, redis } = await logAndRedis()
    const known = await log.epoch()
    await redis.flushdb()
    const { epochs } = follow(log)
    await expect.poll(() => epochs.length).toBe(1)
    expect(epochs[0]).not.toBe(known)
  })

  test('is told when Redis came back without its newest events, although others were written since', async () => {
    const server = await privateRedis()
    const redis = new Redis(server.directUrl())
    onTestFinished(() => redis.disconnect())
    const log = await openLog(server.url)
    const [quick, other] = [follow(log), follow(await openLog(server.url))]
    const producer = await openLog(server.directUrl())
    await producer.append([trade(1)])
    await expect.poll(() => quick.prices).toEqual([1])
    const before = await redis.dumpBuffer(STREAM)
    await producer.append([trade(2)])
    await expect
      .poll(() => [quick.prices, other.prices])
      .toEqual([
        [1, 2],
        [1, 2]
      ])
    server.door.cut()
    await redis.restore(STREAM, 0, before, 'REPLACE')
    await producer.append([trade(3)])
    await expect.poll(() => [quick.epochs.length, other.epochs.length]).toEqual([1, 1])
    expect(quick.epochs).toEqual(other.epochs)
    await producer.append([trade(4)])
    await expect.poll(() => [quick.prices.at(-1), other.prices.at(-1)]).toEqual([4, 4])
  })

  test('is told when what was written is gone and nobody had read it', { timeout: 30_000 }, async () => {
    const server = await privateRedis()
    const redis = new Redis(server.directUrl())
    onTestFinished(() => redis.disconnect())
    const log = await openLog(server.url)
    await log.append([trade(1)])
    const before = await redis.dumpBuffer(STREAM)
    await log.append([trade(2)])
    const { epochs } = follow(await openLog(server.directUrl()), await log.at(0, Date.now() + 3_600_000))
    await redis.restore(STREAM, 0, before, 'REPLACE')
    server.door.cut()
    await log.append([trade(3)])
    await expect.poll(() => epochs.length).toBe(1)
  })
})

test('a producer that waits for room loses nothing, and holds little, however long Redis stands still', async () => {
  const server = await privateRedis()
  const log = await openLog(server.url)
  await log.append([trade(0)])
  const large = tradeEvent('PAD', 1, 1)
  large.data.trade.conditions = Array.from({ length: 100 }, () => 'x'.repeat(1000))
  server.freeze()
  const appended: Promise<void>[] = []
  const producing = (async () => {
    for (let price = 1; price <= 60; price++) {
      await log.room()
      appended.push(log.append([trade(price), ...Array.from({ length: 10 }, () => large)]))
    }
  })()
  await expect.poll(() => log.stats.waitingBytes).toBeGreaterThan(8 * 2 ** 20)
  const held = log.stats.waitingBytes
  for (let turn = 0; turn < 100; turn++) await new Promise(setImmediate)
  expect(log.stats.waitingBytes).toBe(held)
  expect(held).toBeLessThan(10 * 2 ** 20)
  server.thaw()
  await producing
  await Promise.all(appended)
  expect(await pricesIn(log, 'AAPL')).toEqual(Array.from({ length: 61 }, (_, price) => price))
  expect(log.stats).toMatchObject({ failed: 0, waitingBytes: 0 })
})
