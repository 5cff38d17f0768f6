import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { ProviderError, type Provider } from '../../src/providers/provider.ts'
import { startWorld, type Api, type ApiWorld } from '../support/api.ts'
import { LiveClient } from '../support/live-client.ts'
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
let worker: WorkerProcess | undefined
/** How often the worker asked for each symbol. */
let asked: Map<string, number>

beforeEach(async () => {
  asked = new Map()
  worker = undefined
  world = await startWorld()
})
afterEach(async () => {
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

/** A vendor behind it that is away: without its word nobody can say that a symbol is unknown. */
function vendorThatIsAway(): Provider {
  return {
    name: 'tiingo',
    maxQuotesPerRequest: 100,
    covers: () => true,
    quotes: () => Promise.reject(new ProviderError('tiingo', 'unavailable', 'tiingo could not be reached'))
  }
}

async function startApi(): Promise<void> {
  api = await world.startApi(SETTINGS, [vendorThatIsAway()])
  const vendor = wideVendor()
  api.vendor.quotes = (symbols) => vendor.quotes(symbols)
  await api.app.listen({ host: '127.0.0.1', port: 0 })
  await vi.waitUntil(() => !api.app.isOverloaded(), { timeout: 20_000 })
}

async function startWorker(): Promise<void> {
  const vendors: Provider[] = [wideVendor(asked), vendorThatIsAway()]
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
  await client.until(() => client.ofType('subscribed').length === Math.ceil(symbols.length / 1000), 'answers', 20_000)
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
  await attacker.until(() => updates(attacker).size === 5000, 'each of the five thousand', 20_000)
})
