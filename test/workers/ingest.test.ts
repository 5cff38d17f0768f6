import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { createDatabase } from '../../db/client.ts'
import { createGapStore } from '../../db/gaps.ts'
import type { Bbo } from '../../src/market/bbo.ts'
import type { Halt } from '../../src/market/halt.ts'
import type { BrokerStatus } from '../../src/market/stream-report.ts'
import type { Quote } from '../../src/market/quote.ts'
import type { Trade } from '../../src/market/trade.ts'
import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts'
import { upstoxKeyOf } from '../../src/sandbox/vendors/upstox/instrument-keys.ts'
import { drillFeed } from '../../src/commands/feed-drill.ts'
import { startWorld, type Api, type ApiWorld } from '../support/api.ts'
import { LiveClient, type Frame } from '../support/live-client.ts'
import { startRealIngest, type RealProcess } from './process.ts'

const TICK_MS = 200

let world: ApiWorld
let sandbox: Sandbox
let api: Api
let env: Record<string, string>

beforeAll(async () => {
  world = await startWorld()
  sandbox = await startSandbox({ tickMs: TICK_MS })
  env = {
    MARKET: 'sandbox',
    SANDBOX_URL: sandbox.url,
    SANDBOX_TICK_MS: `${TICK_MS}`,
    DATABASE_URL: world.databaseUrl,
    REDIS_URL: world.redisUrl
  }
  api = await world.startApi({ ...env, WS_FRAMES_PER_SECOND: '1000' })
  await api.app.listen({ host: '127.0.0.1', port: 0 })
})
afterAll(async () => {
  await world.close()
  await sandbox.close()
})

async function startIngest(more: Record<string, string> = {}): Promise<RealProcess> {
  const ingest = await startRealIngest({ ...env, ...more })
  onTestFinished(async () => void (await ingest.stop()))
  return ingest
}

async function client(): Promise<LiveClient> {
  const { token } = await api.login(['market:read', 'stream:read'])
  const { port } = api.app.server.address() as AddressInfo
  const connected = new LiveClient(`ws://127.0.0.1:${port}/api/v1/market/ws/stock-quotes?token=${token}`)
  await connected.frame('welcome')
  return connected
}

const tradesIn = (live: LiveClient): Trade[] => live.ofType('trade').map(({ data }) => data['trade'] as Trade)
const isPolledOf = (asked: string, { symbol, provenance: { source, notes = [] } }: Quote) =>
  symbol === asked && source === 'upstox' && notes.join().includes('no place')
const isOf = (symbol: string) => (trade: Trade) => trade.symbol === symbol

test('who subscribes to trades and best bids sees the ticks of the exchange within seconds, halts, corrections and all', async () => {
  const { instruments } = api.core.stores
  const indian = 'NSE:RELIANCE'
  const index = '^NSEI'
  const overflowing = 'NSE:TCS'
  const ids = await instruments.upsert([{ symbol: indian }, { symbol: overflowing }])
  const aliasOf = ([symbol, instrumentId]: [string, number]) => {
    return { instrumentId, vendor: 'upstox', alias: upstoxKeyOf({ symbol })! }
  }
  await instruments.addAliases([...ids].map(aliasOf))
  const token = `head.${Buffer.from(JSON.stringify({ sub: 'U', exp: 4_000_000_000 })).toString('base64url')}.sign`
  // One beside the index that tells whether anything comes.
  const ingest = await startIngest({ UPSTOX_TOKEN: token, UPSTOX_MAX_SYMBOLS: '2' })
  const live = await client()
  live.subscribe([indian], { stream: 'trades' })
  live.subscribe([index], { stream: 'quotes' })
  live.subscribe(['AAPL', 'BRK.B'], { stream: 'trades' })
  live.subscribe(['AAPL'], { stream: 'bbo' })
  live.subscribe(['AAPL'], { stream: 'halts' })
  live.subscribe(['AAPL'], { stream: 'quotes' })
  await live.until(() => tradesIn(live).filter(isOf('BRK.B')).length >= 3, 'three trades', 20_000)
  await live.until(() => live.ofType('bbo').length >= 3, 'three best bids')

  const aapl = sandbox.exchange.find('AAPL')!
  for (const { price, asOf, receivedAt, source, feed, tradeId } of tradesIn(live).filter(isOf('AAPL'))) {
    expect(price).toBe(sandbox.exchange.quote(aapl, Date.parse(asOf)).price)
    expect(Date.parse(receivedAt)).toBeGreaterThanOrEqual(Date.parse(asOf))
    expect({ source, feed, hasId: tradeId !== undefined }).toEqual({ source: 'alpaca', feed: 'sandbox', hasId: true })
  }
  await live.until(() => tradesIn(live).some(isOf(indian)), 'a trade in Mumbai', 20_000)
  expect(tradesIn(live).find(isOf(indian))).toMatchObject({ source: 'upstox', feed: 'sandbox', currency: 'INR' })
  live.subscribe([overflowing], { stream: 'quotes' })
  const quoteOfIndex = () =>
    live
      .ofType('quote_update')
      .find(({ data }) => data['symbol'] === index && /"delivery":"stream"/.test(JSON.stringify(data)))
  await live.until(() => quoteOfIndex() !== undefined, 'a streamed value of an index')
  const polledQuote = () =>
    live.ofType('quote_update').find(({ data }) => isPolledOf(overflowing, data['quote'] as Quote))
  await live.until(() => polledQuote() !== undefined, 'a quote of what has no place in the stream', 20_000)
  const bbo = live.ofType('bbo')[0]!.data['bbo'] as Bbo
  expect(bbo.bid).toBeLessThan(bbo.ask!)

  sandbox.scenario({ vendor: 'alpaca-stream', scenario: 'trade_correction', symbol: 'AAPL', count: 1 })
  sandbox.scenario({ vendor: 'alpaca-stream', scenario: 'trade_cancel', symbol: 'AAPL', count: 1 })
  sandbox.scenario({ vendor: 'alpaca-stream', scenario: 'halt', symbol: 'AAPL', count: 1 })
  await live.until(() => live.ofType('trade_correction').length > 0, 'a correction')
  await live.until(() => live.ofType('trade_cancel').length > 0, 'a cancellation')
  // Before it may come a price band, or that the symbol trades.
  const isHalted = ({ data }: Frame) => (data['halt'] as Halt).reasonCode === 'T1'
  await live.until(() => live.ofType('halt').some(isHalted), 'a halt')
  expect(live.ofType('halt').find(isHalted)!.data).toMatchObject({ halt: { status: 'halted', source: 'alpaca' } })

  const told = () =>
    live.frames.filter(({ data }) => data['stream'] === 'quotes').map(({ data }) => JSON.stringify(data))
  const byStream = '"symbol":"AAPL","servedBy":"stream","source":"alpaca"'
  await live.until(() => told().some((frame) => frame.includes(byStream)), 'that the stream brings the quotes')

  const composed = () =>
    live
      .ofType('quote_update')
      .map(({ data }) => data['quote'] as Quote)
      .find(
        ({ symbol, provenance, previousClose }) =>
          symbol === 'AAPL' && provenance.delivery === 'stream' && previousClose !== undefined
      )
  await live.until(() => composed() !== undefined, 'a quote that is composed of ticks', 20_000)
  expect(composed()).toMatchObject({ change: expect.any(Number), volume: expect.any(Number) })
  expect(composed()!.volume).toBeGreaterThan(100_000)

  const { token: reader } = await api.login(['market:read'])
  const status = async (path: string) => (await api.get(path, reader)).json() as BrokerStatus
  await expect
    .poll(() => status('/api/v1/broker-status'))
    .toMatchObject({
      status: 'live',
      streams: [
        { stream: 'alpaca/iex', state: 'live', text: expect.stringContaining('live with'), connections: 1 },
        {
          stream: 'upstox/full',
          state: 'live',
          credentialUntil: '2096-10-02T07:06:40.000Z',
          limits: [{ streams: ['trades', 'quotes', 'bbo'], most: 2, of: 'symbol' }]
        }
      ]
    })
  const stream = async () => (await status('/api/broker-status')).streams[0]!
  const { since } = await stream()
  await expect.poll(async () => Date.parse((await stream()).lastEventAt!)).toBeGreaterThan(Date.parse(since))
  expect((await stream()).lastEventAgeSeconds).toBeLessThan(30)
  await ingest.kill()
  await expect
    .poll(() => status('/api/broker-status'), { timeout: 30_000 })
    .toMatchObject({ status: 'none', streams: [] })
})

test('what a killed process missed stands in the ledger, and nothing else is missing', async () => {
  const live = await client()
  const killed = await startRealIngest(env)
  live.subscribe(['MSFT'], { stream: 'trades' })
  const count = () => tradesIn(live).length
  await live.until(() => count() >= 5, 'trades', 25_000)
  await killed.kill()
  const ingest = await startIngest()
  const before = count()
  await live.until(() => count() >= before + 10, 'trades of the successor', 30_000)
  await ingest.stop()

  const database = createDatabase({ url: world.databaseUrl })
  onTestFinished(() => database.close())
  const gaps = (await createGapStore(database).within(0, 0, Date.now() + 1)).map(({ reason, fromAt, untilAt }) => ({
    reason,
    from: Date.parse(fromAt),
    until: Date.parse(untilAt!)
  }))
  expect(gaps.map(({ reason }) => reason)).toContain('down')
  const seen = tradesIn(live).map(({ asOf }) => Math.floor(Date.parse(asOf) / TICK_MS))
  expect(new Set(seen).size).toBe(seen.length)
  const missing: number[] = []
  for (let tick = seen[0]!; tick <= seen.at(-1)!; tick++) {
    const at = tick * TICK_MS
    const isKnown = gaps.some(({ from, until }) => from - TICK_MS <= at && at <= until)
    if (!seen.includes(tick) && !isKnown) missing.push(at)
  }
  expect(missing).toEqual([])
})

test('what a delayed feed has not told yet stands in the ledger while it is live, and what a subscriber joined too late for', async () => {
  const database = createDatabase({ url: world.databaseUrl })
  onTestFinished(() => database.close())
  const ledger = async () => database.sql<{ reason: string; age: number | null; ends: boolean }[]>`
    select reason, extract(epoch from now() - from_at)::float8 / 60 as age, until_at is not null as ends from gaps
    where source = 'massive'`
  const ingest = await startRealIngest({ ...env, MASSIVE_API_KEY: 'key', MASSIVE_DELAYED: 'true' })
  onTestFinished(() => ingest.kill())
  const withheld = async () => (await ledger()).filter(({ reason }) => reason === 'withheld')
  await expect.poll(async () => (await withheld()).length, { timeout: 30_000 }).toBe(1)
  expect((await withheld())[0]).toMatchObject({ ends: false })
  expect((await withheld())[0]!.age).toBeCloseTo(15, 0)
  const joined = async () => (await ledger()).filter(({ reason, ends }) => reason === 'joined_late' && ends)
  await expect.poll(async () => (await joined()).length, { timeout: 30_000 }).toBeGreaterThan(0)
  await ingest.stop()
  expect(await withheld()).toEqual([])
})

test('a second process waits, and takes over when the first one dies', async () => {
  const first = await startRealIngest(env)
  const second = await startIngest()
  const metrics = async ({ url }: RealProcess) => (await fetch(`${url}/metrics`)).text()
  const live = 'quotewire_stream_state{stream="alpaca/iex",state="live"} 1'
  await expect.poll(() => metrics(first), { timeout: 30_000 }).toContain(live)
  expect(await metrics(second)).not.toContain('quotewire_stream_state{')
  await first.kill()
  await expect.poll(() => metrics(second), { timeout: 30_000 }).toContain(live)
})

test('where the first feed dies, values of the next one come within 5 seconds, and none is wrong or told twice', async () => {
  const ingest = await startRealIngest({
    ...env,
    MASSIVE_API_KEY: 'key',
    YAHOO_STREAM: 'on',
    ALLOW_FEED_DRILLS: 'true'
  })
  onTestFinished(() => ingest.kill())
  const { token } = await api.login(['market:read', 'stream:read'])
  const { port } = api.app.server.address() as AddressInfo
  const cutting = {
    url: `http://127.0.0.1:${port}`,
    key: token,
    vendor: 'massive',
    symbols: ['AAPL', 'MSFT'],
    priceAt: (symbol: string, at: number) => sandbox.exchange.quote(sandbox.exchange.find(symbol)!, at).price,
    patienceMs: 60_000
  }
  const cutAtVendor = async () => {
    const mend = sandbox.scenario({ vendor: 'massive-stream', scenario: 'down' })
    return async () => mend()
  }
  const result = await drillFeed({ ...cutting, cut: cutAtVendor, isAwaited: true })
  expect(result).toMatchObject({ feed: 'massive', next: ['alpaca'], wrong: 0, doubled: 0, examples: [] })
  expect(result.allSeconds).toBeLessThan(5)
  expect(result.backSeconds).toBeGreaterThan(10)

  const mendSecond = sandbox.scenario({ vendor: 'alpaca-stream', scenario: 'down' })
  onTestFinished(mendSecond)
  const isSecondLive = async () =>
    (await (await fetch(`${ingest.url}/metrics`)).text()).includes('stream="alpaca/iex",state="live"} 1')
  await expect.poll(isSecondLive, { timeout: 30_000 }).toBe(false)
  const { feedDrills } = api.core
  const cutFirst = async () => {
    await feedDrills.begin({ feed: 'massive', how: 'down', seconds: 60 })
    return async () => void (await feedDrills.end('massive'))
  }
  onTestFinished(async () => void (await feedDrills.end('massive')))
  const both = await drillFeed({ ...cutting, cut: cutFirst, isAwaited: false })
  expect(both).toMatchObject({ next: ['yahoo'], wrong: 0, doubled: 0, examples: [] })
  expect(both.allSeconds).toBeLessThan(5)
})
