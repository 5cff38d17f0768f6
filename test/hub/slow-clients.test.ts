import { randomUUID } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { LiveOptions } from '../../src/hub/live-server.ts'
import type { Sources } from '../../src/hub/sources.ts'
import { formatCursor, parseCursor } from '../../src/log/cursor.ts'
import { comparePositions } from '../../src/log/positions.ts'
import type { Quote } from '../../src/market/quote.ts'
import { marketQuote, quoteEvent, quoteOf } from '../support/events.ts'
import { LiveClient, type Frame } from '../support/live-client.ts'
import { appendAndDie, startLive, testLog, type LiveServer } from '../support/live-server.ts'

const NAME = 'x'.repeat(2000)
const LIMITS = { connectionsPerUser: 10, subscriptionsPerUser: 100, framesPerSecond: 1e6, frameBytes: 262_144 }

/** At a place where the kernel keeps little for a client. */
async function start(options: Partial<LiveOptions> & { shards?: number } = {}): Promise<LiveServer> {
  const { url } = await testLog()
  return startLive(url, { path: join(tmpdir(), `${randomUUID()}.sock`), limits: LIMITS, ...options })
}

async function open(server: LiveServer): Promise<LiveClient> {
  const client = server.connect()
  await client.frame('welcome')
  return client
}

async function subscribed(server: LiveServer, symbols: string[], options: object = {}): Promise<LiveClient> {
  const client = await open(server)
  client.subscribe(symbols, options)
  await client.frame('snapshot')
  return client
}

/** Publishes quotes until a client that does not read is behind; returns the last price. */
async function fill(server: LiveServer, symbol: string): Promise<number> {
  let price = 1000
  const times = server.live.stats.slow
  while (server.live.stats.slow === times) await server.log.append([quoteEvent(symbol, ++price, { name: NAME })])
  return price
}

/** A client that does not read, with a quote missed of each of its symbols. */
async function behind() {
  const server = await start()
  const symbols = Array.from({ length: 60 }, (_, at) => `S${at}`)
  const client = await subscribed(server, symbols)
  client.socket.pause()
  await fill(server, 'S0')
  await server.log.append(symbols.map((symbol) => quoteEvent(symbol, 5, { name: NAME })))
  return { server, client, symbols }
}

const priceOf = ({ data }: Frame): number | undefined => (data['quote'] as Quote | undefined)?.price

/** Answers once it is let. */
function heldUp(): { sources: Sources; letGo: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>()
  const receivedAt = Date.now() - 60_000
  const sources: Sources = {
    async quotes(symbols) {
      await promise
      return symbols.map((symbol) => marketQuote(symbol, 100, receivedAt))
    },
    channel: async () => []
  }
  onTestFinished(() => resolve())
  return { sources, letGo: resolve }
}

describe('a client that reads nothing and pings, to fill the memory with answers,', () => {
  test.each([
    ['frames', (client: LiveClient) => client.send({ type: 'ping', id: 'x'.repeat(64) })],
    ['control frames', (client: LiveClient) => client.socket.ping(Buffer.alloc(125))]
  ])('by %s, is sent away', { timeout: 30_000 }, async (_how, ping) => {
    const server = await start()
    const client = await open(server)
    client.socket.pause()
    const isSentAway = () => server.live.stats.closedByCode[4502] === 1
    for (let round = 0; round < 200 && !isSentAway(); round++) {
      for (let count = 0; count < 200; count++) ping(client)
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
    expect(server.live.stats.closedByCode).toEqual({ 4502: 1 })
  })
})

test('control frames count as frames: a flood of pings ends a connection', async () => {
  const server = await start({ limits: { ...LIMITS, framesPerSecond: 20 } })
  const client = await open(server)
  let pongs = 0
  client.socket.on('pong', () => pongs++)
  for (let count = 0; count < 100; count++) client.socket.ping()
  expect((await client.closing()).code).toBe(4502)
  expect(pongs).toBeGreaterThan(10)
})

describe('a client that is behind', () => {
  test('is shown no newer place in the log than it was brought to, whatever it subscribes to meanwhile', async () => {
    const { server, client } = await behind()
    client.subscribe(['A'])
    await expect.poll(() => server.live.stats.received).toBe(2)
    client.socket.resume()
    await client.frame('snapshot', 1)
    await server.log.append([quoteEvent('A', 6)])
    await client.until(() => client.ofType('quote_update').at(-1)?.data['symbol'] === 'A')
    const places = client.frames.flatMap(({ cursor }) => (cursor ? [parseCursor(cursor, 1)![0]!.at] : []))
    expect(places.toSorted(comparePositions)).toEqual(places)
  })

  test('and stays so gets the busiest symbol too', { timeout: 60_000 }, async () => {
    const others = Array.from({ length: 200 }, (_, at) => `S${at}`)
    const server = await start({ limits: { ...LIMITS, subscriptionsPerUser: 201 } })
    const client = await subscribed(server, ['BUSY', ...others])
    const reads = setInterval(() => client.socket.resume(), 100)
    onTestFinished(() => clearInterval(reads))
    client.socket.on('message', () => client.socket.pause())
    const busy = () => client.ofType('quote_update').filter(({ data }) => data['symbol'] === 'BUSY').length
    let price = 0
    const publish = async () => {
      price++
      const changed = ['BUSY', ...others.slice((price % 20) * 10, (price % 20) * 10 + 10)]
      await server.log.append(changed.map((symbol) => quoteEvent(symbol, price, { name: NAME })))
    }
    while (server.live.stats.slow === 0) await publish()
    const takes = async (frames: number) => {
      const end = client.frames.length + frames
      while (client.frames.length < end) await publish()
    }
    await takes(400) // what the kernel held when it fell behind was all that there was
    const before = busy()
    await takes(2 * others.length)
    expect(busy()).toBeGreaterThan(before)
  })

  test('gets nothing more of what it no longer wants', async () => {
    const { server, client, symbols } = await behind()
    client.send({ type: 'unsubscribe', data: { type: 'stock_quotes', symbols: symbols.slice(1) } })
    await expect.poll(() => server.live.stats.received).toBe(2)
    client.socket.resume()
    const last = await client.frame('unsubscribed')
    await server.log.append([quoteEvent('S0', 6)])
    await client.until(() => priceOf(client.frames.at(-1)!) === 6)
    const later = client.frames.slice(client.frames.indexOf(last) + 1)
    expect(later.filter(({ data }) => data['symbol'] !== 'S0')).toEqual([])
  })
})

test('a token can be renewed while a frame before it is still worked on', async () => {
  const { sources, letGo } = heldUp()
  const lifetimesMs = [1500, 600_000]
  let passedMs = 0
  const server = await start({
    sources,
    now: () => Date.now() + passedMs,
    authenticate: async (token) => ({
      userId: token,
      name: token,
      mayStream: true,
      isOperator: false,
      expiresAt: Date.now() + lifetimesMs.shift()!,
      knownUntil: Infinity,
      isRevoked: () => false,
      verifyAgain: () => Promise.reject(new Error('nobody asks for it')),
      pay: () => undefined,
      payForReplay: () => undefined
    })
  })
  const client = await open(server)
  client.subscribe(['A'])
  client.send({ type: 'auth', id: 1, data: { token: 'ann' } })
  await expect.poll(() => lifetimesMs).toEqual([])
  passedMs = 3000
  server.live.check()
  expect(server.live.stats.closedByCode).toEqual({})
  letGo()
  await client.frame('snapshot')
  expect((await client.frame('authenticated')).id).toBe(1)
})

test('a client is told that the log was replaced before it gets anything that the new one holds', async () => {
  const { sources } = heldUp()
  const { url } = await testLog()
  let isHeldUp = false
  const quotes: Sources['quotes'] = async (symbols, userId) =>
    isHeldUp
      ? sources.quotes(symbols, userId)
      : symbols.map(() => ({ code: 'UNAVAILABLE', message: 'later', unknown: false }))
  const server = await startLive(url, { sources: { ...sources, quotes } })
  const client = await subscribed(server, ['A'])
  // Nobody knows what it wrote last before the log was lost.
  await appendAndDie(url, [quoteEvent('A', 1)])
  await client.frame('quote_update')
  isHeldUp = true
  const redis = new Redis(url)
  await redis.flushdb()
  redis.disconnect()
  let price = 1
  while (client.ofType('gap').length === 0 && price < 1000) {
    await server.log.append([quoteEvent('A', ++price)])
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  const epoch = ({ cursor }: { cursor?: string }) => parseCursor(cursor!, 1)![0]!.epoch
  const gapAt = client.frames.findIndex(({ type }) => type === 'gap')
  const renewedAt = client.frames.findIndex((frame) => frame.cursor && epoch(frame) !== epoch(client.frames[2]!))
  expect(gapAt).toBeGreaterThan(0)
  expect(renewedAt).toBe(gapAt)
})

describe('the subscriptions of a user', () => {
  const limits = { ...LIMITS, subscriptionsPerUser: 4 }

  test('are limited over all connections, however many ask in one moment', async () => {
    const { sources, letGo } = heldUp()
    const server = await start({ sources, limits })
    const clients = await Promise.all([open(server), open(server), open(server)])
    for (const [at, client] of clients.entries()) client.subscribe(['A', 'B', 'C'].map((symbol) => symbol + at))
    const refused = () => clients.flatMap((client) => client.ofType('error')).length
    await clients[0].until(() => refused() === 2)
    letGo()
    await expect.poll(() => server.live.stats.subscriptions).toBe(3)
    for (const client of clients) await client.leave()
    const next = await open(server)
    next.subscribe(['A', 'B', 'C', 'D'])
    await next.frame('snapshot')
  })

  test('count once, however often they are asked for', async () => {
    const server = await start({ limits })
    const client = await subscribed(server, ['A', 'B', 'C'])
    client.subscribe(['a', 'B', 'C', 'D'])
    expect((await client.frame('subscribed', 1)).data['count']).toBe(4)
    client.send({ type: 'list', id: 4 })
    expect(await client.frame('subscriptions')).toEqual({
      type: 'subscriptions',
      id: 4,
      data: { channels: [], streams: { quotes: ['A', 'B', 'C', 'D'] }, count: 4 }
    })
    client.send({ type: 'subscribe', id: 5, data: { type: 'market_data', channels: ['movers'] } })
    expect(await client.frame('error')).toMatchObject({ id: 5, data: { details: { limit: 4, held: 4, asked: 3 } } })
  })
})

test('a gap in one shard of the log says nothing of the others, whose events are yet to come', async () => {
  const { url } = await testLog({ shards: 2 })
  const server = await startLive(url, { shards: 2 })
  const symbols = ['A', 'B', 'C', 'D', 'E', 'F']
  const first = await subscribed(server, symbols)
  await server.log.append(symbols.map((symbol) => quoteEvent(symbol, 1)))
  await first.until(() => first.ofType('quote_update').length === symbols.length)
  const cursor = first.ofType('quote_update').at(-1)!.cursor!
  await server.log.append(symbols.map((symbol) => quoteEvent(symbol, 2)))
  await first.until(() => first.ofType('quote_update').length === 2 * symbols.length)
  for (const lost of [0, 1]) {
    const known = parseCursor(cursor, 2)!.filter(({ at }) => at.shard !== lost)
    const client = await open(server)
    client.subscribe(symbols, {
      since: formatCursor(Object.assign(Array(2).fill(undefined), { [1 - lost]: known[0] }))
    })
    await client.frame('resumed')
    expect(client.ofType('gap')).toHaveLength(1)
    // Whoever loses the connection right behind the gap still gets what it had not been sent.
    const again = await open(server)
    again.subscribe(symbols, { since: client.ofType('snapshot')[0]!.cursor! })
    await again.frame('resumed')
    expect(again.ofType('gap')).toEqual([])
    const replayed = (each: LiveClient) => each.ofType('quote_update').map(({ data }) => data['symbol'])
    expect(replayed(again).length).toBeGreaterThan(0)
    expect(replayed(again)).toEqual(replayed(client))
  }
})

test('a client that reads slowly is alive as long as it reads, though pings wait behind what it has not read', async () => {
  // A busy machine may stand still for a second.
  const heartbeatMs = 2000
  const server = await start({ heartbeatMs })
  const client = new LiveClient(`${server.url}?token=ann`, [], { autoPong: false })
  await client.frame('welcome')
  const symbols = Array.from({ length: 60 }, (_, at) => `S${at}`)
  client.subscribe(symbols)
  await client.frame('snapshot')
  client.socket.pause()
  await fill(server, 'S0')
  const reading = setInterval(() => {
    client.socket.resume()
    setImmediate(() => client.socket.pause())
  }, 200)
  onTestFinished(() => clearInterval(reading))
  const begunAt = performance.now()
  for (let price = 1; performance.now() - begunAt < 2.5 * heartbeatMs; price++) {
    await server.log.append(symbols.map((symbol) => quoteEvent(symbol, price, { name: NAME })))
    await delay(20)
    expect(server.live.stats.closedByCode).toEqual({})
  }
  clearInterval(reading)
  await expect.poll(() => server.live.stats.closedByCode).toEqual({ 4012: 1 })
})

test('the end of a connection is counted once, however long the peer takes to agree to it', async () => {
  let isRevoked = false
  const authenticate: LiveOptions['authenticate'] = async (token) => ({
    userId: token,
    name: token,
    mayStream: true,
    isOperator: false,
    expiresAt: Date.now() + 600_000,
    knownUntil: Infinity,
    verifyAgain: () => Promise.reject(new Error('nobody asks for it')),
    isRevoked: () => isRevoked,
    pay: () => undefined,
    payForReplay: () => undefined
  })
  const server = await start({ authenticate })
  const client = await open(server)
  client.socket.pause()
  isRevoked = true
  for (let times = 0; times < 3; times++) server.live.check()
  expect(server.live.stats.closedByCode).toEqual({ 4500: 1 })
})

test('a client that comes while the others are sent elsewhere is sent there too', async () => {
  const server = await start()
  const slow = await subscribed(server, ['S0'])
  slow.socket.pause()
  await fill(server, 'S0')
  const closing = server.live.close()
  const late = server.connect()
  expect((await late.closing()).code).toBe(4001)
  await closing
})

test('a channel’s snapshot is no older than what the hub saw of it', async () => {
  const server = await start()
  const { provenance } = quoteOf('A', 1)
  const data = { sectors: [{ sector: 'Energy' as const, changePercent: 1.27, asOf: '2026-01-05' }], provenance }
  const client = await open(server)
  const channels = ['sectors']
  client.send({ type: 'subscribe', data: { type: 'market_data', channels } })
  await client.frame('snapshot')
  await server.log.append([{ type: 'sectors_update', data }])
  await client.frame('sectors_update')
  const late = await open(server)
  late.send({ type: 'subscribe', data: { type: 'market_data', channels } })
  expect((await late.frame('snapshot')).data['values']).toEqual([data])
})
