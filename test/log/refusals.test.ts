import { Redis } from 'ioredis'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { EventLog } from '../../src/log/log.ts'
import { beginningOf } from '../../src/log/positions.ts'
import { quoteEvent, tradeEvent } from '../support/events.ts'
import { following } from '../support/following.ts'
import { openLog } from '../support/live-server.ts'
import { pricesIn } from './prices.ts'
import { privateRedis, type PrivateRedis } from './redis-door.ts'

const trade = (price: number) => tradeEvent('AAPL', price, 1)
const held = (log: EventLog) => pricesIn(log, 'AAPL')

function adminOf(server: PrivateRedis): Redis {
  const admin = new Redis(server.directUrl())
  admin.on('error', () => undefined)
  onTestFinished(() => admin.disconnect())
  return admin
}

/** Follows a log from its end; resolves when it does, with the epochs that it is told of. */
async function epochsOf(log: EventLog): Promise<string[]> {
  const epochs: string[] = []
  await log.epoch()
  const { last = beginningOf(0) } = await log.reach(0)
  following(log, [last], {
    entries: () => undefined,
    replaced: (epoch) => void epochs.push(epoch)
  })
  return epochs
}

describe('events wait, and are written in order', { timeout: 30_000 }, () => {
  test('while Redis has no memory left', async () => {
    const server = await privateRedis()
    const admin = adminOf(server)
    const log = await openLog(server.url)
    await log.append([trade(1)])
    await admin.config('SET', 'maxmemory', '1')
    const appended = [log.append([trade(2)])]
    await expect.poll(async () => await admin.info('errorstats')).toContain('errorstat_OOM')
    appended.push(log.append([trade(3)]))
    expect(log.stats.waitingBytes).toBeGreaterThan(0)
    await admin.config('SET', 'maxmemory', '0')
    await Promise.all(appended)
    expect(await held(log)).toEqual([1, 2, 3])
    expect(log.stats).toMatchObject({ appended: 3, failed: 0, waitingBytes: 0 })
  })

  test('while Redis is a replica', async () => {
    const server = await privateRedis()
    const admin = adminOf(server)
    const log = await openLog(server.url)
    await log.append([trade(1)])
    await admin.replicaof('127.0.0.1', 1)
    const appended = log.append([trade(2)])
    await expect.poll(async () => await admin.info('errorstats')).toContain('errorstat_READONLY')
    await admin.replicaof('NO', 'ONE')
    await appended
    expect(await held(log)).toEqual([1, 2])
  })

  test('while the user of Redis may not write, and where it may not end connections', async () => {
    const server = await privateRedis()
    const admin = adminOf(server)
    await admin.acl('SETUSER', 'quotewire', 'on', '>secret', '~*', '+@all', '-client', '+client|setname')
    const url = new URL(server.url)
    url.username = 'quotewire'
    url.password = 'secret'
    const log = await openLog(url.href)
    await log.append([trade(1)])
    await admin.acl('SETUSER', 'quotewire', '-xadd')
    const appended = [log.append([trade(2)])]
    await expect.poll(async () => await admin.info('errorstats')).toContain('errorstat_NOPERM')
    await admin.acl('SETUSER', 'quotewire', '+xadd')
    await Promise.all(appended)
    server.door.treat('swallow answers')
    appended.push(log.append([trade(3)]))
    await expect.poll(async () => (await admin.info('commandstats')).match(/cmdstat_xadd:calls=(\d+)/)?.[1]).toBe('3')
    server.door.cut()
    await Promise.all(appended)
    expect(await held(log)).toEqual([1, 2, 3])
  })

  test('while something else stands where the log should', async () => {
    const server = await privateRedis()
    const redis = adminOf(server)
    const log = await openLog(server.url)
    await redis.set('log:1:{0}', 'not a stream')
    const appended = [log.append([trade(1)]), log.append([trade(2)])]
    await expect.poll(async () => await redis.info('errorstats')).toContain('errorstat_WRONGTYPE')
    await redis.del('log:1:{0}')
    await Promise.all(appended)
    expect(await held(log)).toEqual([1, 2])
  })
})

describe('nobody is deceived', { timeout: 60_000 }, () => {
  test('when more events wait than may: they are refused, and followers are told once the others are written', async () => {
    const server = await privateRedis()
    const log = await openLog(server.url)
    await log.append([trade(1)])
    await server.stop()
    const large = Array.from({ length: 100 }, () => quoteEvent('PAD', 1, { name: 'x'.repeat(10_000) }))
    const appended: Promise<void>[] = []
    while (log.stats.waitingBytes < 64 * 2 ** 20) appended.push(log.append(large))
    await expect(log.append([trade(2)])).rejects.toThrow(/too far behind/)
    await expect(log.append([trade(3)])).rejects.toThrow(/too far behind/)
    expect(log.stats).toMatchObject({ appended: 1, failed: 2 })
    expect(log.stats.waitingBytes).toBeLessThan(66 * 2 ** 20)
    await server.start()
    const epochs = await epochsOf(await openLog(server.directUrl()))
    await Promise.all(appended)
    await log.append([trade(4)])
    await expect.poll(() => epochs.length).toBe(1)
    expect(await held(log)).toEqual([1, 4])
    expect(log.stats).toMatchObject({ appended: 2 + appended.length * 100, failed: 2, waitingBytes: 0 })
  })

  test('when a process stops while Redis is away: it ends soon, and says what was not written', async () => {
    const server = await privateRedis()
    const log = await openLog(server.url)
    await log.append([trade(1)])
    await server.stop()
    const appended = [log.append([trade(2)]), log.append([trade(3)])].map((each) => expect(each).rejects.toThrow())
    const begun = performance.now()
    await log.close()
    expect(performance.now() - begun).toBeLessThan(6000)
    await Promise.all(appended)
    expect(log.stats).toMatchObject({ appended: 1, failed: 2, waitingBytes: 0 })
    await expect(log.append([trade(4)])).rejects.toThrow(/closed/)
  })
})
