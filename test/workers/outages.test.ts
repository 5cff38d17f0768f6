import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { createDatabase, type Database } from '../../db/client.ts'
import { createStores } from '../../db/stores.ts'
import { createJobAdministration } from '../../src/jobs/administration.ts'
import { createJobQueues } from '../../src/jobs/queue.ts'
import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts'
import { createGate, type Gate } from '../db/gate.ts'
import { testDatabase, testRedis, type TestDatabase, type TestRedis } from '../support/services.ts'
import { startRealWorker, type RealProcess } from './process.ts'

const SYMBOLS = ['AAPL', 'MSFT', 'NVDA', 'AMZN', 'GOOGL', 'META']

let sandbox: Sandbox
let redis: TestRedis
let database: TestDatabase
let client: Database
let gates: { redis: Gate; postgres: Gate }
let workers: RealProcess[] = []

beforeAll(async () => {
  sandbox = await startSandbox()
})
afterAll(() => sandbox.close())

beforeEach(async () => {
  ;[redis, database] = await Promise.all([testRedis(), testDatabase()])
  client = createDatabase({ url: database.url })
  gates = { redis: await createGate(redis.url), postgres: await createGate(database.url) }
})

afterEach(async () => {
  sandbox.endScenarios()
  await Promise.all([gates.redis.open().catch(() => undefined), gates.postgres.open().catch(() => undefined)])
  await Promise.all(workers.splice(0).map((worker) => worker.stop()))
  await Promise.all([gates.redis.shut(), gates.postgres.shut()])
  await client.close()
  await database.close()
  await redis.close()
})

async function start(): Promise<RealProcess> {
  const worker = await startRealWorker({
    MARKET: 'sandbox',
    SANDBOX_URL: sandbox.url,
    DATABASE_URL: gates.postgres.url,
    REDIS_URL: gates.redis.url,
    // A slow machine is not what is tested here.
    UPSTREAM_TIMEOUT_MS: '5000',
    REQUEST_DEADLINE_MS: '10000'
  })
  workers.push(worker)
  return worker
}

function administration() {
  const queues = createJobQueues({ redis: redis.redis, settings: { quoteRefreshMs: 30_000 }, onError: () => undefined })
  return { queues, jobs: createJobAdministration(queues, createStores(client).jobRuns) }
}

const BACKFILL = { symbols: SYMBOLS, interval: '1d', from: '2026-01-01', to: '2026-06-30', adjusted: 'none' }

describe('kill -9 of a worker in the middle of a job', () => {
  test('another worker does the job again from where it was, and nothing is doubled', async () => {
    const { queues, jobs } = administration()
    sandbox.scenario({ vendor: 'yahoo', scenario: 'latency', path: 'chart', delayMs: 500 })
    const first = await start()
    const taskId = await jobs.run('backfill-history', BACKFILL)
    await vi.waitFor(async () => expect(doneOf(await jobs.task(taskId))).toBeGreaterThanOrEqual(2), {
      timeout: 30_000,
      interval: 50
    })
    await first.kill()
    workers = workers.filter((worker) => worker !== first)
    const second = await start()
    await vi.waitFor(async () => expect((await jobs.task(taskId)).state).toBe('completed'), {
      timeout: 30_000,
      interval: 200
    })
    await second.stop()

    const task = await jobs.task(taskId)
    expect(task.progress).toMatchObject({ done: SYMBOLS.length, failures: 0 })
    expect(task.runs[0]).toMatchObject({ outcome: 'done' })
    expect(task.runs.filter(({ outcome }) => outcome === 'running')).toHaveLength(1)
    expect(await createStores(client).jobRuns.closeLost(0)).toBeGreaterThanOrEqual(1)
    const counted = await client.sql<{ symbol: string; bars: number; days: number }[]>`
      select symbol, count(*)::int as bars, count(distinct start)::int as days
      from bar_series join daily_bars on series_id = bar_series.id join instruments on instruments.id = instrument_id
      where interval = '1d' and adjusted = 'none' and symbol = any(${SYMBOLS}) group by symbol`
    expect(counted.map(({ symbol }) => symbol).toSorted()).toEqual(SYMBOLS.toSorted())
    for (const { bars, days } of counted) {
      expect(bars).toBe(days)
      expect(bars).toBeGreaterThan(120)
    }
    await queues.close()
  })
})

describe('while a service is away', () => {
  const away: [string, 'redis' | 'postgres', 'shut' | 'abandon'][] = [
    ['Redis', 'redis', 'shut'],
    ['Postgres', 'postgres', 'shut'],
    ['Postgres, behind a proxy that ends connections', 'postgres', 'abandon']
  ]
  test.each(away)(
    '%s: jobs resume by themselves, nothing is lost, health says so meanwhile, and nobody has a reason to restart the worker',
    async (_name, service, habit) => {
      const { queues, jobs } = administration()
      const { url } = await start()
      const health = async () =>
        (await (await fetch(`${url}/api/health`)).json()) as { dependencies: Record<string, { status: string }> }
      expect((await health()).dependencies[service]).toMatchObject({ status: 'up' })
      const metrics = await (await fetch(`${url}/metrics`)).text()
      expect(metrics).toMatch(/^quotewire_log_waiting_bytes \d+$/m)

      sandbox.scenario({ vendor: 'yahoo', scenario: 'latency', delayMs: 400 })
      const taskId = await jobs.run('refresh-quotes', { symbols: SYMBOLS })
      await gates[service][habit]()
      await vi.waitFor(async () => expect((await health()).dependencies[service]).toMatchObject({ status: 'down' }), {
        timeout: 30_000,
        interval: 100
      })
      expect((await fetch(`${url}/api/health`)).status).toBe(503)
      const live = await fetch(`${url}/api/health/live`)
      expect([live.status, await live.json()]).toEqual([200, { live: true }])
      await gates[service].open()
      await vi.waitFor(async () => expect((await health()).dependencies[service]).toMatchObject({ status: 'up' }), {
        timeout: 30_000,
        interval: 100
      })
      await vi.waitFor(async () => expect((await jobs.task(taskId)).state).toBe('completed'), {
        timeout: 40_000,
        interval: 200
      })
      const again = await jobs.run('refresh-quotes', { symbols: ['AAPL'] })
      await vi.waitFor(
        async () => {
          expect((await jobs.task(again)).runs[0]).toMatchObject({ outcome: 'done', items: 1 })
          const quoted = (await createStores(client).quotes.latest(SYMBOLS)).size
          expect(quoted).toBe(SYMBOLS.length)
        },
        { timeout: 30_000, interval: 200 }
      )
      await queues.close()
    },
    150_000
  )
})

test('a Redis that comes back without its data gets its schedules again, and work goes on', async () => {
  const { queues, jobs } = administration()
  await start()
  const ids = async () =>
    (await Promise.all(Object.values(queues.queues).map((queue) => queue.getJobSchedulers()))).flat()
  const before = (await ids()).map(({ key }) => key).toSorted()
  expect(before).toHaveLength(queues.schedules.length)
  await gates.redis.shut()
  await redis.redis.flushdb()
  await gates.redis.open()
  await vi.waitFor(async () => expect((await ids()).map(({ key }) => key).toSorted()).toEqual(before), {
    timeout: 30_000,
    interval: 100
  })
  const taskId = await jobs.run('refresh-quotes', { symbols: SYMBOLS })
  await vi.waitFor(async () => expect((await jobs.task(taskId)).runs).toMatchObject([{ outcome: 'done', items: 6 }]), {
    timeout: 30_000,
    interval: 100
  })
  await queues.close()
})

test('a row that a vendor garbles within a batch costs only its symbol, which the next vendor gives', async () => {
  const { queues, jobs } = administration()
  sandbox.scenario({ vendor: 'yahoo', scenario: 'partial_batch', symbol: 'MSFT' })
  await start()
  const taskId = await jobs.run('refresh-quotes', { symbols: SYMBOLS })
  await vi.waitFor(
    async () => expect((await jobs.task(taskId)).runs).toMatchObject([{ outcome: 'done', items: 6, failures: 0 }]),
    { timeout: 30_000, interval: 100 }
  )
  const quotes = await createStores(client).quotes.latest(SYMBOLS)
  for (const [symbol, { provenance }] of quotes) {
    if (symbol === 'MSFT') expect(provenance.source).not.toBe('yahoo')
    else expect(provenance).toMatchObject({ source: 'yahoo', attempts: [] })
  }
  await queues.close()
})

function doneOf({ progress }: { progress?: unknown }): number {
  return (progress as { done?: number } | undefined)?.done ?? 0
}
