import { Redis } from 'ioredis'
import { expect, onTestFinished, test } from 'vitest'
import { beginningOf } from '../../src/log/positions.ts'
import { tradeEvent } from '../support/events.ts'
import { following } from '../support/following.ts'
import { openLog, testLog } from '../support/live-server.ts'
import { pricesIn, pricesOf } from './prices.ts'

const STREAM = 'log:1:{0}'
const LAST_POSSIBLE = '18446744073709551615-18446744073709551615'
const YEAR_5000_MS = 95_617_584_000_000
const trade = (price: number) => tradeEvent('AAPL', price, 1)

async function world() {
  const { url, log } = await testLog()
  const redis = new Redis(url)
  onTestFinished(() => redis.disconnect())
  const prices: number[] = []
  const epochs: string[] = []
  following(log, [beginningOf(0)], {
    entries: (entries) => void prices.push(...pricesOf(entries, 'AAPL')),
    replaced: (epoch) => void epochs.push(epoch)
  })
  return { url, log, redis, prices, epochs }
}

test.each([
  ['the last possible one', LAST_POSSIBLE],
  ['one that doubles cannot count', '9007199254740993-0'],
  ['one that is longer than any of a cursor', '1000000000000000-7'],
  ['one that is the last of its millisecond', `${YEAR_5000_MS}-18446744073709551615`]
])('events go on, once and in order, after somebody gave the log an id: %s', async (_, id) => {
  const { url, log, redis, prices, epochs } = await world()
  await log.append([trade(1)])
  await expect.poll(() => prices).toEqual([1])
  await redis.xadd(STREAM, id, 'hello', 'world')
  await log.append([trade(2)])
  const other = await openLog(url)
  await other.append([trade(3)])
  await log.append([trade(4)])
  await expect.poll(() => prices).toEqual([1, 2, 3, 4])
  expect(await pricesIn(other, 'AAPL')).toEqual([1, 2, 3, 4])
  const { last, isWhole } = await log.reach(0)
  expect(log.timeOf(last!)).toBeLessThan(Date.now() + 60_000)
  expect(isWhole).toBe(true)
  expect(epochs).toEqual([])
})

test('what is read meanwhile is not in doubt for it', async () => {
  const { log, redis, prices } = await world()
  await log.append([trade(1)])
  await redis.xadd(STREAM, LAST_POSSIBLE, 'hello', 'world')
  expect(await pricesIn(log, 'AAPL')).toEqual([1])
  await expect.poll(() => prices).toEqual([1])
})

test('an id from the future does not make the events before it old', async () => {
  const { url, log, redis, prices } = await world()
  await log.append([trade(1)])
  for (let row = 0; row < 300; row++) await log.append([trade(1)])
  await redis.xadd(STREAM, `${YEAR_5000_MS}-0`, 'hello', 'world')
  const producer = await openLog(url)
  await producer.append([trade(2)])
  await producer.close()
  await expect.poll(() => prices.at(-1)).toBe(2)
  expect(await pricesIn(log, 'AAPL')).toHaveLength(302)
})
