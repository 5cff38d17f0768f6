import { Redis } from 'ioredis'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { EventLog } from '../../src/log/log.ts'
import type { Trade } from '../../src/market/trade.ts'
import { privateRedis, type PrivateRedis } from '../log/redis-door.ts'
import { tradeEvent } from '../support/events.ts'
import type { Frame, LiveClient } from '../support/live-client.ts'
import { openLog, startLive, type LiveServer } from '../support/live-server.ts'

const SYMBOLS = ['AAPL', 'MSFT', 'GE', 'AMZN']
const SHARDS = 3
const CLIENTS = 40
const STREAMS = [0, 1, 2].map((shard) => `log:${SHARDS}:{${shard}}`)

const tradeOf = ({ data }: Frame) => data['trade'] as Trade
const pricesOf = (frames: readonly Frame[], symbol: string): number[] =>
  frames.flatMap((frame) => (frame.type === 'trade' && frame.data['symbol'] === symbol ? [tradeOf(frame).price] : []))
/** The newest that came of every symbol. */
const lastPrice = (client: LiveClient): number => Math.min(...SYMBOLS.map((symbol) => newestPrice(client, symbol)))
function newestPrice({ frames }: LiveClient, symbol: string): number {
  const newest = frames.findLast(({ type, data }) => type === 'trade' && data['symbol'] === symbol)
  return newest ? tradeOf(newest).price : 0
}
const fromMs = ({ data }: Frame): number => Date.parse(data['from'] as string)

async function subscribed(server: LiveServer, since?: string): Promise<LiveClient> {
  const client = server.connect()
  client.socket.once('open', () => client.subscribe(SYMBOLS, { stream: 'trades', ...(since && { since }) }))
  await client.frame(since ? 'resumed' : 'snapshot')
  return client
}

const cursorOf = (client: LiveClient): string => client.frames.findLast(({ cursor }) => cursor !== undefined)!.cursor!

/** Appends a trade of every symbol every few milliseconds, numbered by their prices. */
function produce(log: EventLog) {
  const appended: Promise<void>[] = []
  /** When each was given to the log, and when the log had it. */
  const times = new Map<number, number>()
  const acknowledged = new Map<number, number>()
  const add = () => {
    const price = times.size + 1
    times.set(price, Date.now())
    const added = log.append(SYMBOLS.map((symbol) => tradeEvent(symbol, price, 1)))
    appended.push(added.then(() => void acknowledged.set(price, Date.now())))
  }
  const timer = setInterval(add, 5)
  onTestFinished(() => clearInterval(timer))
  return {
    times,
    acknowledged,
    async stop() {
      clearInterval(timer)
      await Promise.all(appended)
      return times.size
    }
  }
}

async function adminOf(redis: PrivateRedis): Promise<Redis> {
  const admin = new Redis(redis.directUrl())
  onTestFinished(() => admin.disconnect())
  return admin
}

/** Prepares a fault; what is returned brings it about. */
type Fault = (redis: PrivateRedis) => Promise<() => Promise<void>>

const faults: [string, Fault][] = [
  [
    'its streams are deleted',
    async (redis) => {
      const admin = await adminOf(redis)
      return async () => void (await admin.del(STREAMS))
    }
  ],
  [
    'its Redis is emptied',
    async (redis) => {
      const admin = await adminOf(redis)
      return async () => void (await admin.flushall())
    }
  ],
  [
    'its streams are written as they were before',
    async (redis) => {
      const admin = await adminOf(redis)
      const before = await Promise.all(STREAMS.map((key) => admin.dumpBuffer(key)))
      return async () => {
        await Promise.all(STREAMS.map((key, at) => admin.restore(key, 0, before[at]!, 'REPLACE')))
      }
    }
  ],
  [
    'Redis starts from an older append-only file',
    async (redis) => {
      await redis.stop()
      const putBack = await redis.copy()
      await redis.start()
      return async () => {
        await redis.kill()
        await putBack()
        await redis.start()
      }
    }
  ]
]

type Truth = {
  readonly frames: readonly Frame[]
  readonly producer: Pick<ReturnType<typeof produce>, 'times' | 'acknowledged'>
  readonly seen: number
}

/** Numbers behind the first one that a client got, of symbols that lack them. */
function missingOf(frames: readonly Frame[], last: number): number {
  const lacks = SYMBOLS.map((symbol) => {
    const got = new Set(pricesOf(frames, symbol))
    const first = Math.min(...got)
    return Array.from({ length: last - first + 1 }, (_, at) => first + at).filter((price) => !got.has(price)).length
  })
  return lacks.reduce((sum, each) => sum + each, 0)
}

/**
 * Each number behind the first one came once, in order; of those that nobody is known to have seen before the fault some
 * may be missing, in a gap that was told.
 */
function expectNothingUntold({ frames, producer, seen }: Truth): void {
  const { times, acknowledged } = producer
  const gaps = frames.filter(({ type }) => type === 'gap')
  for (const gap of gaps) expect(fromMs(gap)).toBeGreaterThanOrEqual(times.get(seen)!)
  for (const symbol of SYMBOLS) {
    const got = pricesOf(frames, symbol)
    expect(got).toEqual([...new Set(got)].toSorted((a, b) => a - b))
    const had = new Set(got)
    const untold = [...times].filter(([price, at]) => {
      const isTold = gaps.some(
        (gap) => fromMs(gap) <= acknowledged.get(price)! && at <= Date.parse(gap.data['to'] as string)
      )
      return price > got[0]! && !had.has(price) && !(isTold && price > seen)
    })
    expect(untold).toEqual([])
  }
}

describe('no client misses anything untold, nor is told to miss what it had', { timeout: 60_000 }, () => {
  test.each(faults)('when %s', async (_, fault) => {
    const redis = await privateRedis()
    const servers = await Promise.all([1, 2].map(() => startLive(redis.url, { shards: SHARDS })))
    const [a, b] = servers as [LiveServer, LiveServer]
    const followers = await Promise.all(
      Array.from({ length: CLIENTS }, (_, at) => subscribed(servers[at % servers.length]!))
    )
    const producer = produce(await openLog(redis.url, { shards: SHARDS }))
    const all = (price: number) =>
      Promise.all(followers.map((each) => each.until(() => lastPrice(each) > price, `trade ${price}`, 20_000)))
    await all(20)
    const early = await subscribed(a)
    await early.until(() => early.ofType('trade').length > 40)
    early.socket.terminate()
    const bringAbout = await fault(redis)
    await all(producer.times.size + 20)
    const late = await subscribed(b)
    await late.until(() => late.ofType('trade').length > 40)
    late.socket.terminate()

    // A process that notices the loss by a number that is missing gives up what it remembers of before, which who left lacks then.
    const seen = Math.min(...[...followers, late].map(lastPrice))
    const epochs = () => servers.map(({ live }) => live.context.hub.epoch)
    const [before] = epochs()
    await bringAbout()
    await expect.poll(epochs).not.toContain(before)
    await all(producer.times.size + 50)
    const last = await producer.stop()
    await all(last - 1)
    for (const each of followers) {
      expectNothingUntold({ frames: each.frames, producer, seen })
      // The producer has gone on, so that it is known who has missed something.
      const isMissing = missingOf(each.frames, last) > 0
      expect({ isMissing, gaps: each.ofType('gap').length }).toEqual({ isMissing, gaps: isMissing ? 1 : 0 })
    }
    for (const [server, left] of servers.flatMap((each) => [early, late].map((left) => [each, left] as const))) {
      const resumed = await subscribed(server, cursorOf(left))
      expectNothingUntold({ frames: [...left.frames, ...resumed.frames], producer, seen })
      if (missingOf([...left.frames, ...resumed.frames], last) > 0) {
        expect(resumed.ofType('gap').length).toBeGreaterThan(0)
      }
      expect((await subscribed(server, cursorOf(resumed))).ofType('gap')).toEqual([])
    }
  })
})

test('a client goes on where it was on a process that notices later that the log was put back', async () => {
  const redis = await privateRedis()
  const admin = await adminOf(redis)
  const epochOf = ({ live }: LiveServer) => live.context.hub.epoch
  const first = await startLive(redis.url)
  const producer = produce(await openLog(redis.url))
  const follower = await subscribed(first)
  // Each looks every two seconds whether the log is the same: the other one a second later.
  await follower.until(() => producer.times.size > 200)
  const servers = [first, await startLive(redis.url)]
  const followers = [follower, await subscribed(servers[1]!)]
  const all = (price: number) => Promise.all(followers.map((each) => each.until(() => lastPrice(each) > price)))
  await all(producer.times.size)
  const before = await admin.dumpBuffer('log:1:{0}')
  await all(producer.times.size + 20)
  const former = epochOf(servers[0]!)
  await admin.restore('log:1:{0}', 0, before, 'REPLACE')
  await expect.poll(() => servers.map(epochOf).some((epoch) => epoch !== former)).toBe(true)
  const [early, late] = servers.toSorted((a, b) => Number(epochOf(a) === former) - Number(epochOf(b) === former))
  const client = await subscribed(early!)
  await client.until(() => client.ofType('trade').length > 8)
  const cursor = cursorOf(client)
  const last = pricesOf(client.frames, 'AAPL').at(-1)!
  client.socket.terminate()
  const beforeItNoticed = await subscribed(late!, cursor)
  await expect.poll(() => epochOf(late!)).toBe(epochOf(early!))
  const afterwards = await subscribed(late!, cursor)
  for (const resumed of [beforeItNoticed, afterwards]) {
    await resumed.until(() => pricesOf(resumed.frames, 'AAPL').length > 50)
    expect(resumed.ofType('gap')).toEqual([])
    const prices = pricesOf(resumed.frames, 'AAPL')
    expect(prices).toEqual(prices.map((_, at) => last + 1 + at))
  }
}, 30_000)

const priceAt = (frames: readonly Frame[]) => pricesOf(frames, 'AAPL')
const AAPL = (price: number) => [tradeEvent('AAPL', price, 1)]

test('a client is told of what nobody had read when the stream went, although others followed at once', async () => {
  const redis = await privateRedis()
  const admin = await adminOf(redis)
  const server = await startLive(redis.url)
  const log = await openLog(redis.directUrl())
  const client = server.connect()
  client.socket.once('open', () => client.subscribe(['AAPL'], { stream: 'trades' }))
  await client.frame('snapshot')
  await log.append(AAPL(1))
  await client.frame('trade')
  redis.door.treat('swallow answers')
  await log.append(AAPL(2))
  const lostBefore = Date.now()
  await admin.del('log:1:{0}')
  await log.append(AAPL(3))
  redis.door.cut()
  await client.frame('trade', 1)
  expect(priceAt(client.frames)).toEqual([1, 3])
  const gap = await client.frame('gap')
  expect(fromMs(gap)).toBeLessThanOrEqual(lostBefore)
  expect(client.ofType('gap')).toHaveLength(1)
})
