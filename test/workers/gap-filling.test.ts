import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { createDatabase, type Database } from '../../db/client.ts'
import { createStores, type Stores } from '../../db/stores.ts'
import { createJobQueues, type JobQueues } from '../../src/jobs/queue.ts'
import { tickOfShape } from '../../src/market/tick.ts'
import { isoOf, MINUTE_MS } from '../../src/market/time.ts'
import { connectFailFast, ready } from '../../src/redis/connections.ts'
import { Tape } from '../../src/sandbox/streams/tape.ts'
import { pastTrades } from '../../src/sandbox/streams/tape-history.ts'
import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts'
import { plainBars } from '../bars/plain-bars.ts'
import { startWorld, type ApiWorld } from '../support/api.ts'
import { startRealIngest, startRealPersist, startRealWorker, type RealProcess } from './process.ts'

const TICK_MS = 250
const PATIENCE = { timeout: 60_000, interval: 200 }

let world: ApiWorld
let sandbox: Sandbox
let database: Database
let stores: Stores
let queues: JobQueues
let env: Record<string, string>

beforeAll(async () => {
  world = await startWorld()
  sandbox = await startSandbox({ tickMs: TICK_MS })
  database = createDatabase({ url: world.databaseUrl })
  stores = createStores(database)
  const redis = connectFailFast(world.redisUrl)
  await ready(redis, 'REDIS_URL')
  queues = createJobQueues({ redis, settings: { quoteRefreshMs: 60_000 }, onError: () => undefined })
  env = {
    MARKET: 'sandbox',
    SANDBOX_URL: sandbox.url,
    SANDBOX_TICK_MS: `${TICK_MS}`,
    SUBSCRIBED_SYMBOLS: 'AAPL',
    ALPACA_LIMITS: '1000/minute',
    DATABASE_URL: world.databaseUrl,
    REDIS_URL: world.redisUrl
  }
})
afterAll(async () => {
  await queues.close()
  await database.close()
  await world.close()
  await sandbox.close()
})

async function start(starting: Promise<RealProcess>): Promise<RealProcess> {
  const started = await starting
  onTestFinished(() => started.kill())
  return started
}

/** The trades of AAPL that Postgres holds of [from, until), epoch ms. */
async function held(from: number, until: number) {
  const [instrument] = [...(await stores.instruments.find(['AAPL'])).values()]
  const at = (ms: number) => ({ ms, ns: 0 })
  return instrument ? stores.ticks.range(instrument.id, { from: at(from), to: at(until), limit: 100_000, all: false }) : []
}

const lineOf = (asOf: number, id: string | number, price: number, size: number) => `${asOf} ${id} ${price} ${size}`

test('what was missed is fetched, once, although who fetches it is killed in the middle; bars are those of all trades', async () => {
  await start(startRealPersist(env))
  const ingest = await start(startRealIngest(env))
  const from = Date.now() - 11 * MINUTE_MS
  await expect.poll(async () => (await held(from, Date.now())).length, PATIENCE).toBeGreaterThan(20)
  await ingest.stop()
  const until = Date.now()
  const instrumentId = (await stores.instruments.find(['AAPL'])).get('AAPL')!.id
  const gap = await stores.gaps.add(
    { source: 'alpaca', feed: 'sandbox', instrumentId, reason: 'outage' },
    isoOf(from),
    isoOf(until)
  )
  const state = async () => (await stores.gaps.within(instrumentId, from, until)).find(({ id }) => id === gap)!

  sandbox.scenario({ vendor: 'alpaca', scenario: 'latency', delayMs: 700 })
  const killed = await start(startRealWorker(env))
  await queues.add('backfill-gap', {})
  const before = (await held(from, until)).length
  await expect.poll(async () => (await held(from, until)).length, PATIENCE).toBeGreaterThan(before + 500)
  await killed.kill()
  expect(await state()).toMatchObject({ state: 'filling' })
  sandbox.endScenarios()
  await start(startRealWorker(env))
  await expect
    .poll(
      async () => {
        await queues.add('backfill-gap', {})
        return (await state()).state
      },
      { timeout: 60_000, interval: 1500 }
    )
    .toBe('filled')

  const tape = new Tape(sandbox.exchange, TICK_MS)
  const aapl = sandbox.exchange.find('AAPL')!
  const told = pastTrades(tape, aapl, { from, until, limit: Infinity }).items
  const trades = await held(from, until)
  expect(trades.map(({ asOf, tradeId, price, size }) => lineOf(asOf.ms, tradeId!, price!, size!))).toEqual(
    told.map(({ ms, id, price, size }) => lineOf(ms, id, price, size))
  )
  expect((await state()).detail).toContain(`${told.length} trades`)

  const all = await held(from - 24 * 60 * MINUTE_MS, Date.now())
  const shapes = all.map(({ asOf, receivedAt, ...trade }) =>
    tickOfShape({ ...trade, asOf: isoOf(asOf.ms), receivedAt, symbol: 'AAPL' })
  )
  const minutes = plainBars(shapes as never).filter(({ interval }) => interval === '1m')
  const bars = async () =>
    (
      await database.sql<{ line: string }[]>`
        select concat_ws(' ', (extract(epoch from start) * 1000)::bigint, open, high, low, close, volume) as line
        from bars join bar_series on bar_series.id = series_id
        where source = 'alpaca-trades' and interval = '1m' and instrument_id = ${instrumentId} order by start`
    ).map(({ line }) => line)
  await expect
    .poll(bars, PATIENCE)
    .toEqual(
      minutes.map(({ start, open, high, low, close, volume }) => `${start} ${open} ${high} ${low} ${close} ${volume}`)
    )
}, 180_000)
