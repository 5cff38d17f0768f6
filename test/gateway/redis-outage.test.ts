import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { Redis } from 'ioredis'
import { pino } from 'pino'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createGateway, type Gateway } from '../../src/gateway/gateway.ts'
import { ProviderError, type Provider } from '../../src/providers/provider.ts'
import { testRedis, type TestRedis } from '../support/services.ts'
import { marketOf, quoteProvider } from './market.ts'

const ask = { priority: 'interactive' } as const

let server: TestRedis
const stops: (() => Promise<unknown> | void)[] = []
beforeEach(async () => {
  server = await testRedis()
  stops.push(() => server.close())
})
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop()
})

/** A way to Redis that can fall silent without closing, as networks do. */
async function silenceable(target: string): Promise<{ url: string; silence: () => void }> {
  const url = new URL(target)
  const { hostname, port } = url
  const sockets: Socket[] = []
  const proxy = createServer((client) => {
    const upstream = connect(Number(port), hostname)
    client.pipe(upstream).pipe(client)
    for (const socket of [client, upstream]) sockets.push(socket.on('error', () => socket.destroy()))
  })
  await new Promise<void>((listening) => proxy.listen(0, '127.0.0.1', listening))
  stops.push(() => {
    for (const socket of sockets) socket.destroy()
    proxy.close()
  })
  url.port = String((proxy.address() as AddressInfo).port)
  return {
    url: url.href,
    silence: () => {
      for (const socket of sockets) socket.unpipe().pause()
    }
  }
}

function open(redis: Redis, providers: Provider[], messages: string[], now = Date.now): Gateway {
  const log = pino({}, { write: (line: string) => void messages.push((JSON.parse(line) as { msg: string }).msg) })
  const gateway = createGateway(marketOf({ redis, providers, now, log }))
  stops.push(() => gateway.close())
  return gateway
}

test('a Redis that falls mute in the middle of the day holds nobody, and is told of once', async () => {
  const way = await silenceable(server.url)
  const redis = new Redis(way.url)
  stops.push(() => redis.disconnect())
  const messages: string[] = []
  const gateway = open(redis, [quoteProvider('yahoo', { AAPL: 1 })], messages)
  await gateway.quotes(['AAPL'], ask)
  way.silence()

  const startedAt = performance.now()
  for (let asked = 0; asked < 20; asked++) {
    expect((await gateway.quotes(['AAPL'], ask)).get('AAPL')).toMatchObject({ price: 1 })
  }
  expect(performance.now() - startedAt).toBeLessThan(2500)
  expect(messages).toEqual(['Redis cannot be reached: provider budgets are kept by each process alone'])
})

test('a vendor that recovers is probed and used again although Redis is mute', async () => {
  const way = await silenceable(server.url)
  const redis = new Redis(way.url)
  stops.push(() => redis.disconnect())
  let time = Date.now()
  let isDead = true
  const yahoo = quoteProvider('yahoo', async (symbols, signal) => {
    if (isDead) throw new ProviderError('yahoo', 'bad_payload', 'no JSON')
    return quoteProvider('yahoo', { AAPL: 1 }).quotes!(symbols, signal)
  })
  const gateway = open(redis, [yahoo], [], () => time)
  for (let asked = 0; asked < 3; asked++) await gateway.quotes(['AAPL'], ask)
  way.silence()
  isDead = false
  time += 5000
  const startedAt = performance.now()
  expect((await gateway.quotes(['AAPL'], ask)).get('AAPL')).toMatchObject({ price: 1 })
  expect(performance.now() - startedAt).toBeLessThan(2500)
  expect((await gateway.status())[0]!.breakers).toEqual({ quotes: 'closed' })
})

test('budgets are shared again as soon as Redis is back, without a restart', async () => {
  const redis = new Redis(server.url)
  stops.push(() => redis.disconnect())
  const messages: string[] = []
  const gateway = open(redis, [quoteProvider('yahoo', { AAPL: 1 })], messages)
  redis.disconnect()
  await expect.poll(() => redis.status).toBe('end')
  for (let asked = 0; asked < 5; asked++) await gateway.quotes(['AAPL'], ask)
  await redis.connect()
  await gateway.quotes(['AAPL'], ask)
  const other = open(server.redis, [quoteProvider('yahoo', {})], [])
  expect((await other.status())[0]!.budget).toMatchObject([{ used: 6 }])
  expect(messages).toEqual([
    'Redis cannot be reached: provider budgets are kept by each process alone',
    'Redis is back: provider budgets are shared again'
  ])
})
