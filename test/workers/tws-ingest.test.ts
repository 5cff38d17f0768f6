import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { createDatabase } from '../../db/client.ts'
import { createInstrumentStore } from '../../db/instruments.ts'
import type { BrokerStatus } from '../../src/market/stream-report.ts'
import type { Quote } from '../../src/market/quote.ts'
import type { Trade } from '../../src/market/trade.ts'
import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts'
import { startWorld, type ApiWorld } from '../support/api.ts'
import { LiveClient } from '../support/live-client.ts'
import { startRealIngest } from './process.ts'

const TICK_MS = 200
const WAIT = { timeout: 20_000 }

let world: ApiWorld
let sandbox: Sandbox

beforeAll(async () => {
  world = await startWorld()
  sandbox = await startSandbox({ tickMs: TICK_MS, twsPort: 0 })
})
afterAll(async () => {
  await world.close()
  await sandbox.close()
})

test('who has TWS sees its ticks and its outages, late data as late, and contracts under their numbers', async () => {
  const env = {
    MARKET: 'sandbox',
    SANDBOX_URL: sandbox.url,
    SANDBOX_TICK_MS: `${TICK_MS}`,
    IBKR_HOST: 'localhost',
    IBKR_PORT: `${sandbox.twsPort}`,
    ALLOW_FEED_DRILLS: 'true',
    DATABASE_URL: world.databaseUrl,
    REDIS_URL: world.redisUrl
  }
  const api = await world.startApi(env)
  await api.app.listen({ host: '127.0.0.1', port: 0 })
  sandbox.scenario({ vendor: 'tws', scenario: 'plan_refused', symbol: 'MSFT' })
  const { token } = await api.login(['market:read', 'stream:read'])
  // A stock that nobody follows.
  await api.get('/api/v1/market/quote/KO', token)
  await api.core.recorder.flush()
  const ingest = await startRealIngest(env)
  onTestFinished(async () => void (await ingest.stop()))
  const { port } = api.app.server.address() as AddressInfo
  const live = new LiveClient(`ws://127.0.0.1:${port}/api/v1/market/ws/stock-quotes?token=${token}`)
  await live.frame('welcome')
  live.subscribe(['AAPL', 'MSFT'], { stream: 'trades' })
  live.subscribe(['AAPL', 'MSFT'], { stream: 'quotes' })

  const trades = (symbol: string) =>
    live.ofType('trade').flatMap(({ data }) => (data['symbol'] === symbol ? [data['trade'] as Trade] : []))
  await live.until(() => trades('AAPL').length >= 3 && trades('MSFT').length >= 3, 'trades of both', 20_000)
  const aapl = sandbox.exchange.find('AAPL')!
  for (const { price, asOf, source, feed } of trades('AAPL')) {
    expect({ price, source, feed }).toEqual({
      price: sandbox.exchange.quote(aapl, Date.parse(asOf)).price,
      source: 'ibkr',
      feed: 'sandbox'
    })
  }
  expect(new Set(trades('MSFT').map(({ feed }) => feed))).toEqual(new Set(['delayed']))
  const streamed = (symbol: string) =>
    live
      .ofType('quote_update')
      .map(({ data }) => data['quote'] as Quote)
      .filter((quote) => quote.symbol === symbol && quote.provenance.delivery === 'stream')
  await live.until(() => streamed('AAPL').length > 0, 'a quote that is composed of ticks', 20_000)
  expect(streamed('AAPL').at(-1)!.provenance).toMatchObject({ source: 'ibkr', state: 'live' })
  expect(streamed('MSFT').every(({ provenance }) => provenance.state === 'delayed')).toBe(true)
  const told = (what: string) =>
    live.frames.some(({ data }) => data['stream'] === 'quotes' && JSON.stringify(data).includes(what))
  await live.until(() => told('"symbol":"AAPL","servedBy":"stream","source":"ibkr"'), 'who serves the quotes')
  // Who is asked has newer quotes than late ticks.
  expect(told('"symbol":"MSFT","servedBy":"stream"')).toBe(false)

  const database = createDatabase({ url: world.databaseUrl })
  onTestFinished(() => database.close())
  const instruments = createInstrumentStore(database)
  const found = async () => (await instruments.find(['AAPL'])).get('AAPL')
  await expect.poll(async () => (await found())?.tickSizes?.length, WAIT).toBe(2)
  const { id } = (await found())!
  const today = new Date().toISOString().slice(0, 10)
  await expect
    .poll(async () => (await instruments.aliases([id])).filter(({ vendor }) => vendor === 'ibkr'), WAIT)
    .toEqual([
      { instrumentId: id, vendor: 'ibkr', alias: expect.stringMatching(/^\d+$/), from: expect.stringMatching(/^20/) }
    ])
  const { alias } = (await instruments.aliases([id])).find(({ vendor }) => vendor === 'ibkr')!
  expect((await instruments.findByAlias('ibkr', [alias], today)).get(alias)?.symbol).toBe('AAPL')

  await expect.poll(async () => (await api.core.stores.stocks.find('KO'))?.ibkrContractId, WAIT).toBeGreaterThan(0)
  const { hours } = (await api.core.stores.stocks.find('KO'))!
  expect((await api.get('/stocks/KO', token)).json()).toMatchObject({
    symbol: 'KO',
    sector: 'Consumer Staples',
    tradable: true,
    tickSizes: [
      { from: 0, size: 0.0001 },
      { from: 1, size: 0.01 }
    ],
    minTickSize: 0.01,
    marketHours: { source: 'ibkr', timeZone: 'America/New_York', sessions: hours!.sessions }
  })

  const tws = async () =>
    ((await api.get('/api/v1/broker-status', token)).json() as BrokerStatus).streams.find(
      ({ stream }) => stream === 'ibkr/tws'
    )
  await expect.poll(tws, WAIT).toMatchObject({ state: 'live', connections: 1 })
  const end = sandbox.scenario({ vendor: 'tws', scenario: 'upstream_lost' })
  await expect
    .poll(tws, WAIT)
    .toMatchObject({ state: 'interrupted', text: expect.stringContaining('lost its connection') })
  await live.until(() => trades('AAPL').at(-1)?.source === 'alpaca', 'trades of the next feed meanwhile', 20_000)
  end()
  await expect.poll(tws, WAIT).toMatchObject({ state: 'live', connections: 1 })
}, 90_000)
