import { Redis } from 'ioredis'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { EventLog } from '../../src/log/log.ts'
import type { Quote } from '../../src/market/quote.ts'
import { privateRedis, type PrivateRedis } from '../log/redis-door.ts'
import { quoteEvent, tradeEvent } from '../support/events.ts'
import type { Frame, LiveClient } from '../support/live-client.ts'
import { openLog, startLive, type LiveServer } from '../support/live-server.ts'

const SYMBOLS = ['AAPL', 'MSFT', 'IBM', 'GE']
const SHARDS = 3
const OUTAGE_MS = 4000
/** Longer than a connection may be mute. */
const FROZEN_MS = 7000

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => from + at)
const priceOf = ({ data }: Frame): number => ((data['quote'] ?? data['trade']) as Quote).price
const ofSymbol = (client: LiveClient, type: string, symbol: string): number[] =>
  client
    .ofType(type)
    .filter(({ data }) => data['symbol'] === symbol)
    .map(priceOf)

/** A client of both streams, and what it needs to resume. */
async function subscribed(server: LiveServer, since?: { quotes: string; trades: string }): Promise<LiveClient> {
  const client = server.connect()
  client.socket.once('open', () => {
    client.subscribe(SYMBOLS, { stream: 'trades', ...(since && { since: since.trades }) })
    client.subscribe(SYMBOLS, { stream: 'quotes', ...(since && { since: since.quotes }) })
  })
  await client.frame(since ? 'resumed' : 'snapshot', 1)
  return client
}

/** The newest cursor among a client's frames of one stream. */
function cursorOf(client: LiveClient, type: string): string {
  const stream = type === 'trade' ? 'trades' : 'quotes'
  return client.frames.findLast(
    (frame) => frame.cursor !== undefined && (frame.type === type || frame.data['stream'] === stream)
  )!.cursor!
}

const cursorsOf = (client: LiveClient) => ({
  quotes: cursorOf(client, 'quote_update'),
  trades: cursorOf(client, 'trade')
})

/** Appends a quote and a trade of every symbol in each turn of some milliseconds, numbered by their prices. */
function produce(log: EventLog) {
  const appended: Promise<void>[] = []
  let price = 0
  const timer = setInterval(() => {
    price++
    appended.push(log.append(SYMBOLS.flatMap((symbol) => [quoteEvent(symbol, price), tradeEvent(symbol, price, 1)])))
  }, 5)
  onTestFinished(() => clearInterval(timer))
  return {
    soFar: () => price,
    async stop() {
      clearInterval(timer)
      await Promise.all(appended)
      return price
    }
  }
}

async function liveOn(redis: PrivateRedis) {
  const servers = await Promise.all([
    startLive(redis.url, { shards: SHARDS }),
    startLive(redis.url, { shards: SHARDS })
  ])
  const clients = await Promise.all(servers.map((server) => subscribed(server)))
  const producer = produce(await openLog(redis.url, { shards: SHARDS }))
  await Promise.all(clients.map((client) => client.until(() => ofSymbol(client, 'trade', 'GE').length > 50)))
  return { servers, clients, producer }
}

async function keepEverything(redis: PrivateRedis): Promise<void> {
  const admin = new Redis(redis.directUrl())
  await admin.config('SET', 'appendfsync', 'always')
  admin.disconnect()
}

const passed = async (ms: number) => {
  const begun = performance.now()
  await expect.poll(() => performance.now() - begun, { timeout: ms + 5000, interval: 100 }).toBeGreaterThan(ms)
}

describe('clients lose nothing and get nothing twice', { timeout: 60_000 }, () => {
  const outages: [string, (redis: PrivateRedis) => Promise<void>][] = [
    [
      'restarts with its data',
      async (redis) => {
        await redis.stop()
        await redis.start()
      }
    ],
    [
      'is killed and restarts with its data',
      async (redis) => {
        await redis.kill()
        await redis.start()
      }
    ],
    [
      'is away for several seconds',
      async (redis) => {
        await redis.stop()
        await passed(OUTAGE_MS)
        await redis.start()
      }
    ],
    [
      'stands still for several seconds',
      async (redis) => {
        redis.freeze()
        await passed(FROZEN_MS)
        redis.thaw()
      }
    ],
    ['loses all connections', async (redis) => redis.door.cut()]
  ]

  test.each(outages)('when Redis %s', async (_, outage) => {
    const redis = await privateRedis()
    await keepEverything(redis)
    const { servers, clients, producer } = await liveOn(redis)
    const left = await subscribed(servers[0])
    await left.until(() => ofSymbol(left, 'trade', 'GE').length > 10)
    left.socket.terminate()
    await left.closing()

    await outage(redis)
    const goal = producer.soFar() + 50
    await Promise.all(
      clients.map((client) => client.until(() => ofSymbol(client, 'trade', 'GE').at(-1)! > goal, 'more trades', 20_000))
    )
    const last = await producer.stop()
    for (const client of clients) {
      await client.until(() => SYMBOLS.every((symbol) => ofSymbol(client, 'trade', symbol).at(-1) === last), 'the end')
      await client.until(() => SYMBOLS.every((symbol) => ofSymbol(client, 'quote_update', symbol).at(-1) === last))
      for (const symbol of SYMBOLS) expect(ofSymbol(client, 'trade', symbol)).toEqual(range(1, last))
      for (const symbol of SYMBOLS) expect(ofSymbol(client, 'quote_update', symbol)).toEqual(range(1, last))
      expect(client.ofType('gap')).toEqual([])
      expect(client.ofType('error')).toEqual([])
    }
    const resumed = await subscribed(servers[1], cursorsOf(left))
    for (const symbol of SYMBOLS) {
      const had = ofSymbol(left, 'trade', symbol).at(-1)!
      expect(ofSymbol(resumed, 'trade', symbol)).toEqual(range(had + 1, last))
    }
    expect(resumed.ofType('gap')).toEqual([])
  })
})

test(
  'clients go on when Redis restarts empty, and are told of a gap where they may have missed something',
  { timeout: 60_000 },
  async () => {
    const redis = await privateRedis()
    const { servers, clients, producer } = await liveOn(redis)
    const before = cursorsOf(clients[0]!)
    await redis.stop()
    await redis.wipe()
    await redis.start()
    for (const client of clients) {
      const stoppedAt = producer.soFar()
      await client.until(() => ofSymbol(client, 'trade', 'GE').at(-1)! > stoppedAt, 'later trades', 15_000)
    }
    const last = await producer.stop()
    for (const client of clients) {
      await client.until(() => SYMBOLS.every((symbol) => ofSymbol(client, 'trade', symbol).at(-1) === last))
      for (const symbol of SYMBOLS) {
        const got = ofSymbol(client, 'trade', symbol)
        const isWhole = client.ofType('gap').length === 0
        expect(got).toEqual(isWhole ? range(1, last) : [...new Set(got)].toSorted((a, b) => a - b))
      }
    }
    const late = await subscribed(servers[1], before)
    for (const { data } of late.ofType('gap')) expect(data['reason']).toBe('log_replaced')
    const fresh = await startLive(redis.url, { shards: SHARDS })
    const elsewhere = await subscribed(fresh, before)
    for (const { data } of elsewhere.ofType('gap')) expect(data['reason']).toBe('log_replaced')
    expect(elsewhere.ofType('gap').length).toBeGreaterThan(1)
    expect(elsewhere.ofType('trade')).toEqual([])
  }
)

test('a client that resumes while the log is trimmed is told of what it misses', async () => {
  const redis = await privateRedis()
  const log = await openLog(redis.url)
  const first = await startLive(redis.url)
  const client = first.connect()
  client.socket.once('open', () => client.subscribe(['AAPL'], { stream: 'trades' }))
  await client.frame('snapshot')
  await log.append([tradeEvent('AAPL', 1, 1)])
  const { cursor } = await client.frame('trade')
  await first.close()
  // More than a fresh process keeps in memory, so that the log itself is read.
  const padding = 'x'.repeat(40_000)
  for (let price = 2; price <= 1001; price++) {
    await log.append([tradeEvent('AAPL', price, 1), quoteEvent('PAD', price, { name: padding })])
  }
  const admin = new Redis(redis.directUrl())
  onTestFinished(() => admin.disconnect())
  const trimmedInBetween: EventLog = {
    ...log,
    async read(from, maxEntries) {
      await admin.xtrim('log:1:{0}', 'MAXLEN', '=', 900)
      return log.read(from, maxEntries)
    }
  }
  const second = await startLive(redis.url, { log: trimmedInBetween })
  const resumed = second.connect()
  resumed.socket.once('open', () => resumed.subscribe(['AAPL'], { stream: 'trades', since: cursor }))
  await resumed.frame('resumed')
  expect((await resumed.frame('gap')).data['reason']).toBe('trimmed')
  expect(resumed.ofType('trade')).toEqual([])
})
