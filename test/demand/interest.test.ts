import { Redis } from 'ioredis'
import { pino } from 'pino'
import { expect, onTestFinished, test } from 'vitest'
import { followedByUser, Interest } from '../../src/demand/interest.ts'
import { startLive, testLog } from '../support/live-server.ts'

const SILENT = pino({ level: 'silent' })

async function redisOfThisTest(): Promise<Redis> {
  const { url } = await testLog()
  const redis = new Redis(url)
  onTestFinished(() => redis.disconnect())
  return redis
}

function interestOn(redis: Redis, processId: string): Interest {
  const interest = new Interest({ redis, log: SILENT, processId, follow: () => () => undefined })
  onTestFinished(() => interest.close())
  return interest
}

const known = async (redis: Redis) =>
  Object.fromEntries([...(await followedByUser(redis))].map(([userId, symbols]) => [userId, [...symbols].toSorted()]))

test('what each user subscribes to anywhere is known everywhere within a second, until the user leaves', async () => {
  const { url } = await testLog()
  const redis = new Redis(url)
  onTestFinished(() => redis.disconnect())
  const followed: string[] = []
  const follow = (symbol: string) => {
    followed.push(symbol)
    return () => void followed.splice(followed.indexOf(symbol), 1)
  }
  const [one, two] = await Promise.all([startLive(url, { follow }), startLive(url)])
  const [ann, bob, annElsewhere] = [one.connect(), two.connect([], 'bob'), two.connect()]
  ann.socket.once('open', () => ann.subscribe(['AAPL', 'MSFT']))
  bob.socket.once('open', () => bob.subscribe(['MSFT', 'TSLA'], { stream: 'trades' }))
  annElsewhere.socket.once('open', () => annElsewhere.subscribe(['NVDA']))
  await Promise.all([ann, bob, annElsewhere].map((client) => client.frame('snapshot')))
  await expect.poll(() => known(redis)).toEqual({ ann: ['AAPL', 'MSFT', 'NVDA'], bob: ['MSFT', 'TSLA'] })
  expect(followed).toEqual(['AAPL', 'MSFT'])
  ann.subscribe(['AAPL'], { stream: 'trades' })
  ann.send({ type: 'unsubscribe', data: { type: 'stock_quotes', symbols: ['AAPL', 'MSFT'] } })
  await ann.frame('unsubscribed')
  await expect.poll(() => known(redis)).toEqual({ ann: ['AAPL', 'NVDA'], bob: ['MSFT', 'TSLA'] })
  expect(followed).toEqual(['AAPL'])
  await ann.leave()
  await expect.poll(() => known(redis)).toEqual({ ann: ['NVDA'], bob: ['MSFT', 'TSLA'] })
  expect(followed).toEqual([])
  await two.close()
  expect(await known(redis)).toEqual({})
})

test('what was followed in a process that died is forgotten', async () => {
  const redis = await redisOfThisTest()
  interestOn(redis, 'dead').follow('ann', ['AAPL'])
  await expect.poll(() => known(redis)).toEqual({ ann: ['AAPL'] })
  const [key] = await redis.keys('quotewire:followed:*')
  expect(await redis.pttl(key!)).toBeGreaterThan(0)
  await redis.zadd('quotewire:followed', Date.now() - 1, 'dead')
  expect(await known(redis)).toEqual({})
})

test('a Redis that lost its data is told again what everybody follows', async () => {
  const redis = await redisOfThisTest()
  const interest = interestOn(redis, 'one')
  interest.follow('ann', ['AAPL'])
  interest.follow('bob', ['MSFT'])
  await expect.poll(() => known(redis)).toEqual({ ann: ['AAPL'], bob: ['MSFT'] })
  await redis.flushdb()
  await expect.poll(() => known(redis), { timeout: 8000 }).toEqual({ ann: ['AAPL'], bob: ['MSFT'] })
})

test('half a million subscriptions of a hundred users are told, and no more of one user than can be renewed', async () => {
  const redis = await redisOfThisTest()
  const interest = interestOn(redis, 'one')
  const symbols = Array.from({ length: 5000 }, (_, at) => `S${at}`)
  for (let user = 0; user < 100; user++) interest.follow(`user-${user}`, symbols)
  interest.follow(
    'greedy',
    Array.from({ length: 200_000 }, (_, at) => `G${at}`)
  )
  await expect.poll(async () => (await followedByUser(redis)).size, { timeout: 8000 }).toBe(101)
  const followed = await followedByUser(redis)
  expect(followed.get('user-99')?.size).toBe(5000)
  expect(followed.get('greedy')?.size).toBe(10_000)
})
