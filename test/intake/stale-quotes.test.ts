import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { createIntake } from '../../src/intake/intake.ts'
import { createStalePublisher } from '../../src/intake/stale-publisher.ts'
import type { LogEntry } from '../../src/log/log-entry.ts'
import type { EventLog } from '../../src/log/log.ts'
import { beginningOf } from '../../src/log/positions.ts'
import { quoteUpdate } from '../../src/market/event.ts'
import type { Quote } from '../../src/market/quote.ts'
import { startWorld, type Api, type ApiWorld } from '../support/api.ts'
import { following } from '../support/following.ts'
import { quoteOf } from '../support/events.ts'
import { shippedHours } from '../support/hours.ts'
import { LiveClient } from '../support/live-client.ts'
import { openLog, testLog } from '../support/live-server.ts'
import { testRedis } from '../support/services.ts'

const MINUTE = 60_000
const quiet = { debug: () => undefined }

describe('a client that follows a quote', () => {
  let world: ApiWorld

  beforeEach(async () => {
    vi.useFakeTimers({ toFake: ['Date'], shouldAdvanceTime: true })
    world = await startWorld()
  })
  afterEach(async () => {
    vi.useRealTimers()
    await world.close()
  })

  async function startFollowing(symbols: string[]): Promise<{ api: Api; client: LiveClient; states: () => string[] }> {
    // Minutes pass at once here, which must not look like a client that was not heard for minutes.
    const api = await world.startApi({ WS_HEARTBEAT_MS: '600000' })
    const { token } = await api.login(['market:read', 'stream:read'])
    await api.app.listen({ host: '127.0.0.1', port: 0 })
    const { port } = api.app.server.address() as AddressInfo
    const client = new LiveClient(`ws://127.0.0.1:${port}/api/v1/market/ws/stock-quotes?token=${token}`)
    await client.frame('welcome')
    client.subscribe(symbols)
    await client.frame('snapshot')
    const updates = () => client.ofType('quote_update').map(({ data }) => data['quote'] as Quote)
    return { api, client, states: () => updates().map(({ symbol, provenance }) => `${symbol} ${provenance.state}`) }
  }

  test('learns that it is stale, once, in every process, although nobody asks; and that it is live again', async () => {
    const here = await startFollowing(['AAPL'])
    const there = await startFollowing(['AAPL'])
    for (const { api } of [here, there]) api.vendor.isDown = true
    const before = here.states().length
    vi.setSystemTime(Date.now() + 2 * MINUTE)
    for (const { client, states } of [here, there]) await client.until(() => states().includes('AAPL stale'))

    await expect(here.api.core.marketData.quote('AAPL')).resolves.toMatchObject({
      value: { price: 231.4, provenance: { state: 'stale' } }
    })
    for (const { api } of [here, there]) api.vendor.isDown = false
    vi.setSystemTime(Date.now() + MINUTE)
    await here.api.core.marketData.quote('AAPL')
    for (const { client, states } of [here, there]) {
      await client.until(() => states().at(-1) === 'AAPL live')
      expect(states().filter((state) => state === 'AAPL stale')).toHaveLength(1)
    }
    expect(here.states().slice(before)).toEqual(['AAPL stale', 'AAPL live'])
  })

  test('learns it at once when somebody asks for it and nobody can answer', async () => {
    const { api, client, states } = await startFollowing(['AAPL', 'MSFT'])
    api.vendor.isDown = true
    vi.setSystemTime(Date.now() + 100_000)
    await api.core.marketData.quotes(['AAPL', 'MSFT'])
    await client.until(() => states().filter((state) => state.endsWith('stale')).length === 2)
    const [update] = client.ofType('quote_update').filter(({ data }) => (data['quote'] as Quote).symbol === 'AAPL')
    const { provenance } = client.ofType('quote_update').at(-1)!.data['quote'] as Quote
    expect(update).toBeDefined()
    expect(provenance.attempts).toMatchObject([{ provider: 'yahoo', outcome: 'unavailable' }])
  })

  test('is told nothing when a renewal ahead of time fails while the quote is still fresh', async () => {
    const { api, client, states } = await startFollowing(['AAPL'])
    api.vendor.isDown = true
    const [renewed] = await api.core.marketData.refresh.quotes(['AAPL'])
    expect(renewed).toMatchObject({ value: { provenance: { state: 'stale' } } })
    api.vendor.isDown = false
    await api.core.marketData.refresh.quotes(['AAPL'])
    await client.until(() => states().at(-1) === 'AAPL live')
    expect(states()).not.toContain('AAPL stale')
    expect(api.core.marketData.freshQuote('AAPL')).toMatchObject({ value: { provenance: { state: 'live' } } })
  })
})

describe('that a value is stale', () => {
  const stale = (symbol: string, price: number) => {
    const quote = quoteOf(symbol, price)
    return quoteUpdate({ ...quote, provenance: { ...quote.provenance, state: 'stale' } })
  }

  async function publisherOn(url: string, eventLog: Pick<EventLog, 'append'>) {
    const { connectFailFast, ready } = await import('../../src/redis/connections.ts')
    const redis = connectFailFast(url)
    await ready(redis, 'REDIS_URL')
    onTestFinished(() => redis.disconnect())
    const intake = createIntake({
      eventLog,
      log: quiet,
      record: () => undefined,
      quoteIntervalMs: 0,
      hoursOf: shippedHours
    })
    return createStalePublisher({ redis, intake, log: quiet })
  }

  function follow(log: EventLog): LogEntry[] {
    const entries: LogEntry[] = []
    following(log, [beginningOf(0)], {
      entries: (read) => void entries.push(...read),
      replaced: () => undefined
    })
    return entries
  }
  const eventsIn = (entries: readonly LogEntry[]) => entries.reduce((sum, { count }) => sum + count, 0)

  test('is told together for all that turned stale at once, once, and never of a value before the one told', async () => {
    const { url, log } = await testLog()
    const entries = follow(log)
    const publishers = [await publisherOn(url, log), await publisherOn(url, await openLog(url))]
    const symbols = Array.from({ length: 1000 }, (_, at) => `S${at}`)
    for (const publisher of publishers) for (const symbol of symbols) publisher.expired(stale(symbol, 1), 5000)
    await expect.poll(() => eventsIn(entries)).toBe(symbols.length)
    for (const publisher of publishers) publisher.expired(stale('S1', 0), 4000)
    publishers[0]!.expired(stale('S1', 2), 6000)
    await Promise.all(publishers.map((publisher) => publisher.close()))
    await expect.poll(() => eventsIn(entries)).toBe(symbols.length + 1)
    expect(entries.length).toBeLessThan(30)
  })

  test('is told later where the log could not take it', async () => {
    const redis = await testRedis()
    onTestFinished(() => redis.close())
    const log = await openLog(redis.url)
    let refusals = 1
    const publisher = await publisherOn(redis.url, {
      append: (events) => (refusals-- > 0 ? Promise.reject(new Error('away')) : log.append(events))
    })
    const entries = follow(log)
    publisher.expired(stale('AAPL', 1), 5000)
    await expect.poll(() => refusals).toBe(0)
    await expect.poll(() => redis.redis.exists('quotewire:stale:quotes:AAPL')).toBe(0)
    publisher.expired(stale('AAPL', 1), 5000)
    await expect.poll(() => eventsIn(entries)).toBe(1)
  })
})
