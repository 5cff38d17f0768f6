import { setTimeout as delay } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { describe, expect, test, vi, type TestContext } from 'vitest'
import { createDatabase } from '../../db/client.ts'
import { createStores } from '../../db/stores.ts'
import { createJobAdministration } from '../../src/jobs/administration.ts'
import { createJobQueues } from '../../src/jobs/queue.ts'
import { startSandbox } from '../../src/sandbox/sandbox.ts'
import { createGate } from '../db/gate.ts'
import { SECRET } from '../support/api.ts'
import { testDatabase, testRedis } from '../support/services.ts'
import { startRealApi, startRealWorker } from '../workers/process.ts'

const OUTAGE_MS = 30_000
/** An outage is to be seen after this long, and its end. */
const NOTICED_MS = 3000
const SOON = { timeout: 60_000, interval: 200 }
const SYMBOLS = ['AAPL', 'MSFT', 'NVDA', 'AMZN', 'GOOGL', 'META']
const BACKFILL = { symbols: SYMBOLS, interval: '1d', from: '2006-02-01', to: '2025-12-31', adjusted: 'none' }
const READ = [
  'quote/AAPL',
  `quotes?symbols=${SYMBOLS.join(',')}`,
  'historical/AAPL?period=1mo&interval=1d',
  'profile/AAPL',
  'indices'
]

type Service = 'redis' | 'postgres'
/** Of the worker and the API. Without Postgres the API goes on serving. */
const DOWN = { redis: ['503 down', '503 down'], postgres: ['503 down', '200 down'] }
type Outage = { from: number; to: number; wrong: string[] }

/** One API and one worker, as processes, which reach Redis and Postgres through gates. */
async function startSystem({ onTestFinished }: TestContext) {
  const [sandbox, redis, database] = await Promise.all([startSandbox(), testRedis(), testDatabase()])
  const gates = { redis: await createGate(redis.url), postgres: await createGate(database.url) }
  const env = {
    MARKET: 'sandbox',
    SANDBOX_URL: sandbox.url,
    DATABASE_URL: gates.postgres.url,
    REDIS_URL: gates.redis.url,
    JWT_SECRET: SECRET,
    UPSTREAM_TIMEOUT_MS: '5000',
    REQUEST_DEADLINE_MS: '10000'
  }
  const [worker, api] = await Promise.all([startRealWorker(env), startRealApi({ ...env, LOG_LEVEL: 'silent' })])
  const client = createDatabase({ url: database.url })
  const stores = createStores(client)
  const queues = createJobQueues({ redis: redis.redis, settings: { quoteRefreshMs: 30_000 }, onError: () => undefined })
  onTestFinished(async () => {
    await Promise.all([worker.stop(), api.stop()])
    await Promise.all([queues.close(), gates.redis.shut(), gates.postgres.shut(), client.close()])
    await Promise.all([sandbox.close(), database.close(), redis.close()])
  })

  const user = await stores.users.createUser({ name: 'reader' })
  const { key } = await stores.keys.createKey({ userId: user!.id, scopes: ['market:read'] })
  const post = { method: 'POST', headers: { 'content-type': 'application/json' } }
  const login = await fetch(`${api.url}/api/v1/auth/token`, { ...post, body: JSON.stringify({ apiKey: key }) })
  const headers = { authorization: `Bearer ${((await login.json()) as { token: string }).token}` }
  return {
    sandbox,
    gates,
    sql: client.sql,
    jobs: createJobAdministration(queues, stores.jobRuns),
    read: async (path: string) => (await fetch(`${api.url}/api/v1/market/${path}`, { headers })).status,
    healthOf: async (service: Service) => Promise.all([worker.url, api.url].map((url) => health(url, service)))
  }
}
type System = Awaited<ReturnType<typeof startSystem>>

async function health(url: string, service: Service): Promise<string> {
  const answer = await fetch(`${url}/api/health`)
  const { dependencies } = (await answer.json()) as { dependencies: Record<string, { status: string }> }
  return `${answer.status} ${dependencies[service]?.status}`
}

/** Shuts a service off and looks on: `wrong` is every read that failed, and every time that health was wrong. */
async function outageOf(service: Service, { gates, read, healthOf }: System, meanwhile: () => Promise<void>) {
  const outage: Outage = { from: Date.now(), to: 0, wrong: [] }
  await gates[service].shut()
  await meanwhile()
  while (Date.now() - outage.from < OUTAGE_MS) {
    const age = `after ${Date.now() - outage.from} ms`
    for (const path of READ) {
      const status = await read(path)
      if (status !== 200) outage.wrong.push(`${age}: ${path} is ${status}`)
    }
    const states = await healthOf(service)
    const isNoticed = isDeepStrictEqual(states, DOWN[service])
    if (!isNoticed && Date.now() - outage.from > NOTICED_MS) outage.wrong.push(`${age}: health is ${states.join(', ')}`)
    await delay(250)
  }
  await gates[service].open()
  outage.to = Date.now()
  return outage
}

/** Ticks of the schedule that comes twice a minute, by how often each was done. */
async function ticksDone({ sql }: System, { from, to }: Outage): Promise<number[]> {
  const ticks = await sql<{ done: number }[]>`
    select (count(*) filter (where outcome in ('done', 'skipped')))::int as done
    from job_runs where task_id like 'repeat:refresh-quotes:%'
      and due_at between ${new Date(from).toISOString()}::text::timestamptz and ${new Date(to).toISOString()}::text::timestamptz
    group by task_id`
  return ticks.map(({ done }) => done)
}

describe.skipIf(!process.env['FAULT_KILLS'])(
  'half a minute without a service (skipped but for npm run test:faults)',
  { concurrent: true },
  () => {
    const away: [string, Service][] = [
      ['Redis', 'redis'],
      ['Postgres', 'postgres']
    ]
    test.for(away)(
      '%s: reads go on, health says so, jobs resume, and nothing is lost or doubled',
      { timeout: 180_000 },
      async ([, service], context) => {
        const system = await startSystem(context)
        const { sandbox, jobs, sql, healthOf } = system
        for (const path of READ) expect([path, await system.read(path)]).toEqual([path, 200])
        expect(await healthOf(service)).toEqual(['200 up', '200 up'])

        // Both are in the middle of their work when the service goes.
        sandbox.scenario({ vendor: 'yahoo', scenario: 'latency', delayMs: 300 })
        const backfill = await jobs.run('backfill-history', BACKFILL)
        await vi.waitFor(async () => {
          expect((await jobs.task(backfill)).progress).toMatchObject({ done: expect.any(Number) })
        }, SOON)
        const tasks = [backfill, await jobs.run('refresh-quotes', { symbols: SYMBOLS })]
        const outage = await outageOf(service, system, async () => {
          for (const symbol of SYMBOLS) tasks.push(await jobs.run('refresh-quotes', { symbols: [symbol] }))
        })
        expect(outage.wrong).toEqual([])

        await vi.waitFor(async () => expect(await healthOf(service)).toEqual(['200 up', '200 up']), SOON)
        await vi.waitFor(async () => expect(await ticksDone(system, outage)).toContain(1), SOON)
        const isOnTime = async () => (await jobs.schedules()).every(({ lagMs = Infinity }) => lagMs < 2000)
        await vi.waitFor(async () => expect(await isOnTime()).toBe(true), SOON)

        const ended = async (taskId: string) => {
          const { state, runs } = await jobs.task(taskId)
          expect([state, runs[0]?.outcome]).toEqual(['completed', 'done'])
          expect(runs.map(({ outcome }) => outcome)).not.toContain('running')
        }
        for (const task of tasks) await vi.waitFor(() => ended(task), { timeout: 90_000, interval: 500 })
        expect((await jobs.task(backfill)).progress).toMatchObject({ done: 24, total: 24, failures: 0 })
        for (const done of await ticksDone(system, outage)) expect(done).toBeLessThanOrEqual(1)
        const held = await sql<{ symbol: string; days: number; doubled: number; last: string }[]>`
        select symbol, count(distinct start)::int as days, max(start)::text as last,
          (count(*) - count(distinct (source, start)))::int as doubled
        from bar_series join daily_bars on series_id = bar_series.id join instruments on instruments.id = instrument_id
        where interval = '1d' and adjusted = 'none' and symbol = any(${SYMBOLS}) group by symbol order by symbol`
        expect(held.map(({ symbol }) => symbol)).toEqual(SYMBOLS.toSorted())
        const whole = { days: held[0]!.days, doubled: 0, last: '2025-12-31' }
        for (const { symbol, ...rest } of held) expect([symbol, rest]).toEqual([symbol, whole])
        expect(whole.days).toBeGreaterThan(4000)
      }
    )
  }
)
