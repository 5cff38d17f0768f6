import { pino } from 'pino'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { createDatabase, type Database } from '../../db/client.ts'
import { createStores, type Stores } from '../../db/stores.ts'
import { createJobQueues, type JobQueues } from '../../src/jobs/queue.ts'
import { loadConfig } from '../../src/config/config.ts'
import { ALWAYS_OPEN } from '../../src/market/calendars.ts'
import type { Session } from '../../src/market/session.ts'
import { SessionClock } from '../../src/market/session-clock.ts'
import { tickOfShape } from '../../src/market/tick.ts'
import { isoOf, MINUTE_MS } from '../../src/market/time.ts'
import { createMetrics } from '../../src/metrics/metrics.ts'
import { connectFailFast, ready } from '../../src/redis/connections.ts'
import { Tape } from '../../src/sandbox/streams/tape.ts'
import { pastTrades } from '../../src/sandbox/streams/tape-history.ts'
import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts'
import { createHistories } from '../../workers/backfill/histories.ts'
import { BarAuditor } from '../../workers/backfill/bar-auditor.ts'
import { plainBars } from '../bars/plain-bars.ts'
import { startWorld, type ApiWorld } from '../support/api.ts'
import { startRealIngest, startRealPersist, startRealWorker, type RealProcess } from './process.ts'

const TICK_MS = 250
const SILENT = pino({ level: 'silent' })
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
  return instrument
    ? stores.ticks.range(instrument.id, { from: at(from), to: at(until), limit: 100_000, all: false })
    : []
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
  // Whoever goes on begins here, and counts no trade twice.
  const reached = async () => (await stores.gapFills.progress(gap, instrumentId, 'alpaca/iex'))?.reached
  await expect.poll(reached, PATIENCE).toBeGreaterThan(from)
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

  const first = Math.ceil(from / MINUTE_MS) * MINUTE_MS
  const last = Math.floor(until / MINUTE_MS) * MINUTE_MS
  const shapes = (await held(first, last)).map(({ asOf, receivedAt, ...trade }) =>
    tickOfShape({ ...trade, asOf: isoOf(asOf.ms), receivedAt, symbol: 'AAPL' })
  )
  const minutes = plainBars(shapes as never).filter(({ interval }) => interval === '1m')
  const bars = async () =>
    (
      await database.sql<{ line: string }[]>`
        select concat_ws(' ', (extract(epoch from start) * 1000)::bigint, open, high, low, close, volume) as line
        from bars join bar_series on bar_series.id = series_id
        where source = 'alpaca-trades' and interval = '1m' and instrument_id = ${instrumentId}
          and start >= ${isoOf(first)}::text::timestamptz and start < ${isoOf(last)}::text::timestamptz order by start`
    ).map(({ line }) => line)
  await expect
    .poll(bars, PATIENCE)
    .toEqual(
      minutes.map(({ start, open, high, low, close, volume }) => `${start} ${open} ${high} ${low} ${close} ${volume}`)
    )

  const session = { date: isoOf(first).slice(0, 10), regular: { open: first, close: last } } as Session
  const series = { instrumentId, symbol: 'AAPL', interval: '1m', source: 'alpaca', feed: 'sandbox' } as const
  const clock = new SessionClock(ALWAYS_OPEN)
  const redis = connectFailFast(world.redisUrl)
  const metrics = createMetrics()
  const { instruments } = stores
  const config = loadConfig(env)
  const histories = createHistories({ config, instruments, hoursOf: clock.hoursOf, redis, metrics, log: SILENT })
  onTestFinished(() => histories.close())
  onTestFinished(() => redis.disconnect())
  const auditor = new BarAuditor({ history: histories.all[0]!, stores })
  const audit = () => auditor.audit(series, session, AbortSignal.timeout(60_000))
  expect(await audit()).toMatchObject({ official: 'alpaca/iex', compared: minutes.length, differences: [] })
  expect(minutes.length).toBeGreaterThan(6)
  const spoilt = isoOf(minutes[1]!.start)
  await database.sql`update bars set close = close + 1, high = high + 1 where start = ${spoilt}::text::timestamptz`
  await database.sql`update gaps set state = 'open' where id = ${gap}`
  expect((await audit())!.differences).toMatchObject([{ start: spoilt, cause: 'gap' }])
  await database.sql`update gaps set state = 'filled' where until_at is not null`
  const found = await audit()
  expect(found!.differences).toMatchObject([{ start: spoilt, cause: 'wrong' }])
  await stores.barAudits.keep(found!)
  await stores.barAudits.keep(found!)
  expect(await stores.barAudits.list({ limit: 10 }, instrumentId)).toMatchObject([{ interval: '1m', differences: 1 }])
  const difference = found!.differences[0]!
  expect(await stores.barAudits.differences(instrumentId, { tradeDate: session.date, limit: 10 })).toMatchObject([
    { cause: 'wrong', start: spoilt, close: difference.own!.close, officialClose: difference.official!.close }
  ])
}, 180_000)
