import { Redis } from 'ioredis'
import { describe, expect, onTestFinished, test } from 'vitest'
import { shardOf } from '../../src/log/shard.ts'
import type { Manner } from '../support/door.ts'
import { quoteEvent, tradeEvent } from '../support/events.ts'
import { openLog } from '../support/live-server.ts'
import { testRedis } from '../support/services.ts'
import { pricesIn } from './prices.ts'
import { openDoor, privateRedis, throughDoor } from './redis-door.ts'

/** A log whose connection goes through a door, and another one beside it that shows what Redis holds. */
async function logBehindDoor({ shards = 1 } = {}) {
  const services = await testRedis()
  onTestFinished(() => services.close())
  const door = await openDoor()
  const log = await openLog(throughDoor(door, services.url), { shards })
  const witness = await openLog(services.url, { shards })
  return { door, log, witness, redis: services.redis }
}

const trade = (price: number, symbol = 'AAPL') => tradeEvent(symbol, price, 1)
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => from + at)

describe('an event is in the log exactly once', () => {
  test('where Redis took it and the connection was lost before the answer', async () => {
    const { door, log, witness } = await logBehindDoor()
    await log.append([trade(1)])
    door.treat('swallow answers')
    const appended = [log.append([trade(2)])]
    await expect.poll(() => pricesIn(witness, 'AAPL')).toEqual([1, 2])
    appended.push(log.append([trade(3)]))
    door.cut()
    await Promise.all(appended)
    expect(await pricesIn(witness, 'AAPL')).toEqual([1, 2, 3])
    expect(log.stats).toMatchObject({ appended: 3, failed: 0, waitingBytes: 0 })
  })

  test('where the very first one was taken, and others wrote meanwhile', async () => {
    const { door, log, witness } = await logBehindDoor()
    await log.epoch()
    await witness.append([trade(1, 'OTHER')])
    await log.append([trade(1)])
    for (let round = 0; round < 3; round++) {
      door.treat('swallow answers')
      const appended = log.append([trade(2 + round)])
      await expect.poll(() => pricesIn(witness, 'AAPL')).toEqual(range(1, 2 + round))
      for (let price = 2; price < 300; price++) await witness.append([trade(price, 'OTHER')])
      door.cut()
      await appended
    }
    expect(await pricesIn(witness, 'AAPL')).toEqual(range(1, 4))
  })

  test('where the connection was lost before Redis took it', async () => {
    const { door, log, witness } = await logBehindDoor()
    await log.append([trade(1)])
    door.treat('swallow requests')
    const appended = [log.append([trade(2)])]
    await expect.poll(() => door.requestedBytes()).toBeGreaterThan(0)
    appended.push(log.append([trade(3)]))
    door.cut()
    await Promise.all(appended)
    expect(await pricesIn(witness, 'AAPL')).toEqual([1, 2, 3])
  })

  test('where the lost connection brings it to Redis after all, later than the new one', async () => {
    const { door, log, witness } = await logBehindDoor()
    await log.append([trade(1)])
    door.treat('hold requests')
    const appended = log.append([trade(2)])
    await expect.poll(() => door.requestedBytes()).toBeGreaterThan(0)
    const deliverLate = door.cutClients()
    await appended
    await deliverLate()
    await log.append([trade(3)])
    expect(await pricesIn(witness, 'AAPL')).toEqual([1, 2, 3])
  })

  test('where it is in doubt when the log comes back as it was before, trimmed at some time', async () => {
    const { door, log, witness, redis } = await logBehindDoor()
    for (let price = 1; price <= 10; price++) await log.append([trade(price)])
    await redis.xtrim('log:1:{0}', 'MAXLEN', '=', 5)
    const before = await redis.dumpBuffer('log:1:{0}')
    for (let price = 11; price <= 13; price++) await log.append([trade(price)])
    door.treat('swallow requests')
    const appended = log.append([trade(14)])
    await expect.poll(() => door.requestedBytes()).toBeGreaterThan(0)
    await redis.restore('log:1:{0}', 0, before, 'REPLACE')
    door.cut()
    await appended
    expect(await pricesIn(witness, 'AAPL')).toEqual([...range(6, 10), 14])
    expect(log.stats).toMatchObject({ failed: 0 })
  })

  test('where Redis answers late', async () => {
    const server = await privateRedis()
    const admin = new Redis(server.directUrl())
    onTestFinished(() => admin.disconnect())
    const log = await openLog(server.url)
    await log.append([trade(1)])
    await admin.client('PAUSE', 1500)
    await log.append([trade(2)])
    await log.append([trade(3)])
    expect(await pricesIn(log, 'AAPL')).toEqual([1, 2, 3])
  })

  test(
    'where an append is larger than one entry, over several shards, and every connection is cut again and again',
    {
      timeout: 60_000
    },
    async () => {
      const { door, log, witness } = await logBehindDoor({ shards: 3 })
      const symbols = ['AAPL', 'MSFT', 'TSLA', 'NVDA', 'AMZN', 'META', 'IBM', 'GE']
      const manners: Manner[] = ['swallow answers', 'swallow requests', 'pass', 'swallow answers']
      const stop = new AbortController()
      onTestFinished(() => stop.abort())
      const appended: Promise<void>[] = []
      let price = 0
      const producing = (async () => {
        while (!stop.signal.aborted) {
          price++
          const large =
            price % 10 === 0 ? symbols.map((symbol) => quoteEvent(symbol, 1, { name: 'x'.repeat(40_000) })) : []
          appended.push(log.append([...large, ...symbols.map((symbol) => trade(price, symbol))]))
          await new Promise((resolve) => setTimeout(resolve, 2))
        }
      })()
      for (let round = 0; round < 16; round++) {
        const before = log.stats.appended
        await expect.poll(() => log.stats.appended).toBeGreaterThan(before + 50)
        door.treat(manners[round % manners.length]!)
        await expect.poll(() => log.stats.waitingBytes).toBeGreaterThan(0)
        door.cut()
      }
      stop.abort()
      await producing
      await Promise.all(appended)
      expect(new Set(symbols.map((symbol) => shardOf(`trades:${symbol}`, 3))).size).toBe(3)
      for (const symbol of symbols) expect(await pricesIn(witness, symbol)).toEqual(range(1, price))
    }
  )

  test('where Redis is killed in the middle of a flow', { timeout: 60_000 }, async () => {
    const server = await privateRedis()
    const syncAlways = async () => {
      const admin = new Redis(server.directUrl())
      await admin.config('SET', 'appendfsync', 'always')
      admin.disconnect()
    }
    await syncAlways()
    const log = await openLog(server.url)
    const stop = new AbortController()
    onTestFinished(() => stop.abort())
    const appended: Promise<void>[] = []
    const acknowledged: number[] = []
    let price = 0
    const producing = (async () => {
      while (!stop.signal.aborted) {
        const own = ++price
        appended.push(log.append([trade(own)]).then(() => void acknowledged.push(own)))
        await new Promise(setImmediate)
      }
    })()
    for (let round = 0; round < 3; round++) {
      const before = acknowledged.length
      await expect.poll(() => acknowledged.length).toBeGreaterThan(before + 100)
      await server.kill()
      const held = acknowledged.length
      await server.start()
      const witness = await openLog(server.directUrl())
      expect((await pricesIn(witness, 'AAPL')).slice(0, held)).toEqual(range(1, held))
      await syncAlways()
    }
    stop.abort()
    await producing
    await Promise.all(appended)
    const witness = await openLog(server.directUrl())
    expect(await pricesIn(witness, 'AAPL')).toEqual(range(1, price))
    expect(log.stats).toMatchObject({ appended: price, failed: 0, waitingBytes: 0 })
  })
})
