import { Redis } from 'ioredis'
import { pino } from 'pino'
import { expect, onTestFinished, test } from 'vitest'
import { Carrier } from '../../src/demand/carrier.ts'
import { Leases, wantedByUser } from '../../src/demand/leases.ts'
import { keysOf } from '../../src/demand/leased-table.ts'
import type { Want } from '../../src/demand/want.ts'
import { startLive, testLog } from '../support/live-server.ts'

const SILENT = pino({ level: 'silent' })

async function connectionTo(url: string): Promise<Redis> {
  const redis = new Redis(url)
  onTestFinished(() => redis.disconnect())
  return redis
}

function anotherTo(redis: Redis): Redis {
  const another = redis.duplicate()
  onTestFinished(() => another.disconnect())
  return another
}

async function redisOfThisTest(): Promise<Redis> {
  const { url } = await testLog()
  return connectionTo(url)
}

function leasesOn(redis: Redis, processId: string): Leases {
  const leases = new Leases({ redis, log: SILENT, processId })
  onTestFinished(() => leases.close())
  return leases
}

const known = async (redis: Redis) =>
  Object.fromEntries([...(await wantedByUser(redis))].map(([userId, topics]) => [userId, [...topics].toSorted()]))

/** What a stream process sees of the demand, kept up to date, with how many batches it took. */
function watchedBy(redis: Redis) {
  const carrier = new Carrier({ redis, log: SILENT, processId: 'carrier' })
  const wants = new Map<string, Want>()
  const watched = { carrier, wants, changes: 0 }
  const watching = (async () => {
    for await (const changes of carrier.wanted()) {
      for (const [topic, want] of changes) {
        watched.changes++
        if (want) wants.set(topic, want)
        else wants.delete(topic)
      }
    }
  })()
  onTestFinished(async () => {
    await carrier.close()
    await watching
  })
  return watched
}

test('what each user subscribes to anywhere is known everywhere within a second, until the user leaves', async () => {
  const { url } = await testLog()
  const redis = await connectionTo(url)
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
  const ofBob = ['trades:MSFT', 'trades:TSLA']
  await expect
    .poll(() => known(redis), { timeout: 1000 })
    .toEqual({ ann: ['quotes:AAPL', 'quotes:MSFT', 'quotes:NVDA'], bob: ofBob })
  expect(followed).toEqual(['AAPL', 'MSFT'])
  ann.subscribe(['AAPL'], { stream: 'trades' })
  ann.send({ type: 'unsubscribe', data: { type: 'stock_quotes', symbols: ['AAPL', 'MSFT'] } })
  await ann.frame('unsubscribed')
  await expect.poll(() => known(redis)).toEqual({ ann: ['quotes:NVDA', 'trades:AAPL'], bob: ofBob })
  expect(followed).toEqual(['AAPL'])
  await ann.leave()
  await expect.poll(() => known(redis)).toEqual({ ann: ['quotes:NVDA'], bob: ofBob })
  expect(followed).toEqual([])
  await two.close()
  expect(await known(redis)).toEqual({})
})

test('a stream process sees what several API processes want together, and each change of it alone', async () => {
  const redis = await redisOfThisTest()
  const [one, two, three] = ['one', 'two', 'three'].map((name) => leasesOn(redis, name)) as [Leases, Leases, Leases]
  const symbols = Array.from({ length: 5000 }, (_, at) => `quotes:S${at}`)
  one.add('ann', symbols)
  two.add('bob', ['quotes:S0', 'trades:S0'])
  three.keepWarm(['quotes:S0', 'quotes:WARM'])
  const seen = watchedBy(anotherTo(redis))
  await expect.poll(() => seen.wants.size).toBe(5002)
  expect(seen.wants.get('quotes:S0')).toEqual({ topic: 'quotes:S0', priority: 'client', leases: 2 })
  expect(seen.wants.get('quotes:WARM')).toEqual({ topic: 'quotes:WARM', priority: 'warm_up', leases: 1 })
  const before = seen.changes
  one.add('ann', ['quotes:NEW'])
  one.remove('ann', ['quotes:S1'])
  await expect.poll(() => [seen.wants.has('quotes:NEW'), seen.wants.has('quotes:S1')]).toEqual([true, false])
  expect(seen.changes - before).toBe(2)
  await two.close()
  await expect.poll(() => seen.wants.get('quotes:S0')?.leases).toBe(1)
  expect(seen.wants.has('trades:S0')).toBe(false)
})

test('what was wanted in a process that died is forgotten, also by who follows the demand', async () => {
  const redis = await redisOfThisTest()
  const seen = watchedBy(anotherTo(redis))
  leasesOn(redis, 'living').add('bob', ['quotes:AAPL'])
  const deaf = anotherTo(redis)
  leasesOn(deaf, 'dead').add('ann', ['quotes:AAPL', 'quotes:MSFT'])
  await expect.poll(() => seen.wants.size).toBe(2)
  deaf.disconnect()
  expect(await redis.pttl(keysOf('leases').rowsOf('dead'))).toBeGreaterThan(0)
  await expect.poll(() => [...seen.wants.keys()]).toEqual(['quotes:AAPL'])
  expect(await known(redis)).toEqual({ bob: ['quotes:AAPL'] })
})

test('a Redis that lost its data is told again what everybody wants, and nothing moves meanwhile', async () => {
  const redis = await redisOfThisTest()
  const seen = watchedBy(anotherTo(redis))
  const leases = leasesOn(redis, 'one')
  leases.add('ann', ['quotes:AAPL'])
  leases.add('bob', ['quotes:MSFT'])
  await expect.poll(() => seen.wants.size).toBe(2)
  const before = seen.changes
  await redis.flushdb()
  leases.add('bob', ['quotes:TSLA'])
  const all = { ann: ['quotes:AAPL'], bob: ['quotes:MSFT', 'quotes:TSLA'] }
  await expect.poll(() => known(redis)).toEqual(all)
  await expect.poll(() => [...seen.wants.keys()].toSorted()).toEqual(['quotes:AAPL', 'quotes:MSFT', 'quotes:TSLA'])
  expect(seen.changes - before).toBe(1)
})

test('half a million subscriptions of a hundred users are told, and no more of one user than can be renewed', async () => {
  const redis = await redisOfThisTest()
  const leases = leasesOn(redis, 'one')
  const symbols = Array.from({ length: 5000 }, (_, at) => `quotes:S${at}`)
  for (let user = 0; user < 100; user++) leases.add(`user-${user}`, symbols)
  const greedy = Array.from({ length: 200_000 }, (_, at) => `quotes:G${at}`)
  leases.add('greedy', greedy)
  await expect.poll(() => redis.hlen(keysOf('leases').rowsOf('one'))).toBe(510_001)
  const wanted = await wantedByUser(redis)
  expect(wanted.get('user-99')?.size).toBe(5000)
  expect(wanted.get('greedy')?.size).toBe(10_000)
})

test('of a user who wants more than is told, what could not be told is, as soon as there is room for it', async () => {
  const redis = await redisOfThisTest()
  const leases = leasesOn(redis, 'one')
  const greedy = Array.from({ length: 12_000 }, (_, at) => `quotes:G${at}`)
  leases.add('greedy', greedy)
  const told = async () => (await wantedByUser(redis)).get('greedy')
  await expect.poll(async () => (await told())?.size).toBe(10_000)
  leases.remove('greedy', greedy.slice(0, 11_000))
  await expect.poll(async () => (await told())?.size).toBe(1000)
  expect([...(await told())!].toSorted()).toEqual(greedy.slice(11_000).toSorted())
})
