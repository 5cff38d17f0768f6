import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { pino } from 'pino'
import { Carrier } from '../../src/demand/carrier.ts'
import { connectFailFast, ready } from '../../src/redis/connections.ts'
import type { Quote } from '../../src/market/quote.ts'
import { ProviderError, type Provider } from '../../src/providers/provider.ts'
import { startWorld, type Api, type ApiWorld } from '../support/api.ts'
import { LiveClient } from '../support/live-client.ts'
import { connect } from '../support/socket-io-client.ts'
import { quoteOf } from '../support/events.ts'
import { startWorkerProcess, type WorkerProcess } from './world.ts'

const SETTINGS = {
  QUOTE_REFRESH_SECONDS: '1',
  YAHOO_LIMITS: '100000/minute',
  TIINGO_LIMITS: '100000/minute',
  WS_FRAMES_PER_SECOND: '1000',
  RATE_LIMIT_PER_MINUTE: '100000'
}

let world: ApiWorld
let api: Api
let last: ReturnType<typeof lastVendor>
let worker: WorkerProcess | undefined
/** How often the worker asked for each symbol. */
let asked: Map<string, number>

beforeEach(async () => {
  asked = new Map()
  worker = undefined
  world = await startWorld()
})
afterEach(async () => {
  vi.useRealTimers()
  await worker?.close()
  await world.close()
})

/** A vendor that knows every symbol but those that begin with a J; what it was asked is counted in `counts`. */
function wideVendor(counts = new Map<string, number>()) {
  return {
    name: 'yahoo' as const,
    maxQuotesPerRequest: 100,
    covers: () => true,
    async quotes(symbols: readonly string[]) {
      for (const symbol of symbols) counts.set(symbol, (counts.get(symbol) ?? 0) + 1)
      const known = symbols.filter((symbol) => !symbol.startsWith('J'))
      return new Map(known.map((symbol) => [symbol, quoteOf(symbol, 100 + Math.random())]))
    }
  }
}

/** A vendor behind it that knows nothing. While it is away nobody can say that a symbol is unknown. */
function lastVendor() {
  const vendor = {
    name: 'tiingo' as const,
    maxQuotesPerRequest: 100,
    isAway: true,
    covers: () => true,
    async quotes() {
      if (vendor.isAway) throw new ProviderError('tiingo', 'unavailable', 'tiingo could not be reached')
      return new Map<string, Quote>()
    }
  }
  return vendor
}

async function startApi(env: Record<string, string> = {}): Promise<void> {
  last = lastVendor()
  api = await world.startApi({ ...SETTINGS, ...env }, [last])
  const vendor = wideVendor()
  api.vendor.quotes = (symbols) => vendor.quotes(symbols)
  await api.app.listen({ host: '127.0.0.1', port: 0 })
}

async function startWorker(): Promise<void> {
  const vendors: Provider[] = [wideVendor(asked), last]
  const providers = new Map(vendors.map((each) => [each.name, each]))
  const { databaseUrl, redisUrl } = world
  worker = await startWorkerProcess({ name: 'one', databaseUrl, redisUrl, vendors: { providers }, env: SETTINGS })
  await worker.core.queues.syncSchedules()
}

async function follow(symbols: readonly string[]): Promise<LiveClient> {
  const { token } = await api.login(['market:read', 'stream:read'])
  const { port } = api.app.server.address() as AddressInfo
  const client = new LiveClient(`ws://127.0.0.1:${port}/api/v1/market/ws/stock-quotes?token=${token}`)
  await client.frame('welcome')
  for (let at = 0; at < symbols.length; at += 1000) client.subscribe(symbols.slice(at, at + 1000))
  await client.until(() => client.ofType('subscribed').length === Math.ceil(symbols.length / 1000), 'answers', 40_000)
  return client
}

const named = (prefix: string, count: number) => Array.from({ length: count }, (_, at) => `${prefix}${at}`)

/** Waits until so many more runs have renewed quotes; returns how many did. */
async function runs(count: number): Promise<void> {
  const done = async () => {
    const all = await worker!.core.jobs.runs({ of: 'refresh-quotes', limit: 100 })
    return all.filter(({ outcome }) => outcome === 'done').length
  }
  const before = await done()
  await expect.poll(done, { timeout: 30_000, interval: 100 }).toBeGreaterThanOrEqual(before + count)
}

test('twenty symbols move with every run although another user follows five thousand, and those have their turn', async () => {
  await startApi()
  const victim = await follow(named('V', 20))
  const attacker = await follow(named('R', 5000))
  await startWorker()
  await runs(5)
  const updates = (client: LiveClient) =>
    Map.groupBy(client.ofType('quote_update'), ({ data }) => String(data['symbol']))
  for (const symbol of named('V', 20)) expect(updates(victim).get(symbol)?.length, symbol).toBeGreaterThanOrEqual(4)
  await attacker.until(() => updates(attacker).size === 5000, 'each of the five thousand', 40_000)
})

test('a symbol that a stream carries is not polled while it is told of, and again within a renewal when the process of the stream died', async () => {
  await startApi()
  const redis = connectFailFast(world.redisUrl)
  await ready(redis, 'REDIS_URL')
  const carrier = new Carrier({ redis, log: pino({ level: 'silent' }), processId: 'stream' })
  carrier.announce([['quotes:V1', { state: 'carried', source: 'alpaca', feed: 'iex', since: Date.now() }]])
  await expect.poll(() => api.core.carriedTopics()).toEqual(new Set(['quotes:V1']))
  await follow(['V1', 'V2'])
  await startWorker()
  await runs(3)
  expect(asked.get('V2')).toBeGreaterThanOrEqual(2)
  // Once in a quarter of an hour the stream's symbols have their turn.
  const { V1: before = 0 } = Object.fromEntries(asked)
  expect(before).toBeLessThanOrEqual(1)
  const warm = async () => {
    const processes = await redis.keys('quotewire:leases:rows:*')
    return Promise.all(processes.map((process) => redis.hget(process, 'quotes:V2 ')))
  }
  await expect.poll(warm).toContain('warm_up')
  const isAskedAgain = async () => {
    const times = asked.get('V1') ?? 0
    await expect.poll(() => asked.get('V1') ?? 0).toBeGreaterThan(times)
  }
  // The stream has told no price for more than a minute.
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 61_000 })
  await isAskedAgain()
  redis.disconnect()
  await isAskedAgain()
  await carrier.close()
})

test('thousands of symbols that do not exist cost nobody a renewal, and nothing once that is known', async () => {
  await startApi()
  const victim = await follow(named('V', 20))
  const attacker = await follow(named('J', 3000))
  expect(attacker.frames.flatMap(({ data }) => data['rejected'] ?? [])).toHaveLength(0)
  await startWorker()
  await runs(4)
  const updates = Map.groupBy(victim.ofType('quote_update'), ({ data }) => String(data['symbol']))
  for (const symbol of named('V', 20)) expect(updates.get(symbol)?.length, symbol).toBeGreaterThanOrEqual(3)
  const junk = [...asked].filter(([symbol]) => symbol.startsWith('J'))
  expect(junk.length).toBeLessThan(1000)
})

test('a subscription ends, and says so, when its symbol turns out to be unknown after it was accepted', async () => {
  vi.useFakeTimers({ toFake: ['Date'], shouldAdvanceTime: true })
  await startApi({ WS_HEARTBEAT_MS: '600000', SOCKET_IO: 'true' })
  const client = await follow(['V1', 'JUNK', 'JOKE'])
  client.subscribe(['JUNK'], { stream: 'trades' })
  const { token } = await api.login(['market:read', 'stream:read'])
  const { port } = api.app.server.address() as AddressInfo
  const { socket, until } = connect(`http://127.0.0.1:${port}/stocks`, { transports: ['websocket'], auth: { token } })
  const answer: unknown = await socket.emitWithAck('subscribe', ['V1', 'JUNK'])
  expect(answer).toMatchObject({ accepted: ['V1', 'JUNK'], rejected: [] })

  last.isAway = false
  vi.setSystemTime(Date.now() + 60_000)
  await api.core.marketData.refresh.quotes(['JUNK', 'JOKE'])
  await client.until(() => client.ofType('unsubscribed').length === 2)
  const ended = client.ofType('unsubscribed').map(({ data }) => data)
  expect(ended).toContainEqual(
    expect.objectContaining({ type: 'stock_quotes', stream: 'quotes', removed: ['JUNK', 'JOKE'], reason: 'not_found' })
  )
  expect(ended).toContainEqual(
    expect.objectContaining({ type: 'stock_quotes', stream: 'trades', removed: ['JUNK'], reason: 'not_found' })
  )
  expect(await until('error')).toMatchObject({
    code: 'SYMBOLS_REJECTED',
    rejected: [{ symbol: 'JUNK', code: 'SYMBOL_NOT_FOUND' }]
  })
  const followed = async () => [...(await api.core.wantedByUser()).values()].flatMap((topics) => [...topics])
  await expect.poll(followed).toEqual(['quotes:V1', 'quotes:V1'])
})
