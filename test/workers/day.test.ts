import type { Queue } from 'bullmq'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { QUEUE_NAMES } from '../../src/jobs/catalog.ts'
import { QUEUE_PREFIX } from '../../src/jobs/queue.ts'
import type { JobRun } from '../../src/jobs/job-run.ts'
import { ProviderError, type Provider, type ProviderName } from '../../src/providers/provider.ts'
import { testDatabase, testRedis, type TestDatabase, type TestRedis } from '../support/services.ts'
import { startWorkerProcess, type WorkerProcess } from './world.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const STEP_MS = MINUTE_MS
const UNTIL_IDLE = { timeout: 60_000, interval: 8 }
/** A Thursday in session. */
const START = Date.parse('2026-03-05T00:00:00Z')
const SYMBOLS = Array.from({ length: 40 }, (_, index) => `S${String.fromCharCode(65 + (index % 26))}${index}`)

let redis: TestRedis
let database: TestDatabase
const processes: WorkerProcess[] = []
const calls = new Map<string, number>()

beforeAll(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: START })
  ;[redis, database] = await Promise.all([testRedis(), testDatabase()])
})

afterAll(async () => {
  vi.useRealTimers()
  for (const each of processes) await each.close()
  await database.close()
  await redis.close()
})

test('a day of free plans on two workers: every tick runs once, no budget is overdrawn, and people always get quotes', async () => {
  const providers = new Map(
    (
      [
        ['fmp', 1],
        ['alpha-vantage', 1],
        ['tiingo', 50]
      ] as const
    ).map(([name, batch]) => [name, meteredVendor(name, batch)])
  )
  const env = { FMP_PLAN: 'free', ALPHA_VANTAGE_PLAN: 'free', TIINGO_PLAN: 'free', QUOTE_REFRESH_SECONDS: '60' }
  for (const name of ['one', 'two']) {
    const options = { name, databaseUrl: database.url, redisUrl: redis.url, vendors: { providers }, env }
    processes.push(await startWorkerProcess(options))
  }
  const { core } = processes[0]!
  for (const [index, symbol] of SYMBOLS.entries()) core.popularity.note(symbol, 100 - index)
  await core.popularity.settle()
  await core.queues.syncSchedules()

  let unanswered = 0
  for (let now = START; now < START + 24 * HOUR_MS; now += STEP_MS) {
    vi.setSystemTime(now)
    await workUntilIdle()
    // Somebody looks at a symbol that nobody renews, ten times an hour.
    if ((now - START) % (6 * MINUTE_MS) === 0) {
      const answer = await core.marketData.quote(`P${(now - START) / (6 * MINUTE_MS)}`).catch(() => undefined)
      if (!answer || answer.value.provenance.state === 'stale') unanswered++
    }
  }
  await Promise.all(processes.map((each) => each.core.recorder.flush()))

  const ticks = await ticksByJob(core)
  expect(ticks.get('refresh-quotes')).toEqual({ tasks: 1440, again: [] })
  expect(ticks.get('refresh-indices')).toEqual({ tasks: 720, again: [] })
  expect(ticks.get('refresh-market')).toEqual({ tasks: 288, again: [] })
  expect(ticks.get('refresh-sentiment')).toEqual({ tasks: 288, again: [] })
  expect(ticks.get('refresh-news')).toEqual({ tasks: 96, again: [] })
  expect(ticks.get('refresh-stocks')).toEqual({ tasks: 24, again: [] })
  expect(ticks.get('warm-cache')).toEqual({ tasks: 28, again: [] })
  expect(ticks.get('cleanup')).toEqual({ tasks: 1, again: [] })
  expect(ticks.get('ensure-partitions')).toEqual({ tasks: 1, again: [] })

  expect(unanswered).toBe(0)
  const used = (provider: ProviderName) => [...calls].filter(([key]) => key.startsWith(`${provider} `))
  const total = (provider: ProviderName) => used(provider).reduce((sum, [, count]) => sum + count, 0)
  expect(total('fmp')).toBeLessThanOrEqual(250)
  // Its day begins in New York.
  const newDay = (START + 5 * HOUR_MS) / HOUR_MS
  for (const isNew of [false, true]) {
    const ofDay = used('alpha-vantage').filter(([key]) => Number(key.split(' ')[1]) >= newDay === isNew)
    expect(ofDay.reduce((sum, [, count]) => sum + count, 0)).toBeLessThanOrEqual(25)
  }
  for (const [, count] of used('tiingo')) expect(count).toBeLessThanOrEqual(50)
  // The background made use of what it may have.
  expect(total('fmp')).toBeGreaterThan(150)
  expect(total('tiingo')).toBeGreaterThan(300)
}, 300_000)

/** The time has moved on: workers that wait for it in Redis are woken, and everything that is due now gets done. */
async function workUntilIdle(): Promise<void> {
  const { queues } = processes[0]!.core.queues
  for (const name of QUEUE_NAMES) await redis.redis.zadd(`${QUEUE_PREFIX}:${name}:marker`, 0, '0')
  await vi.waitFor(async () => {
    const atWork = await Promise.all(QUEUE_NAMES.map(async (name) => ((await isIdle(queues[name])) ? [] : [name])))
    for (const name of atWork.flat()) await redis.redis.zadd(`${QUEUE_PREFIX}:${name}:marker`, 0, '0')
    expect(atWork.flat()).toEqual([])
  }, UNTIL_IDLE)
}

async function isIdle(queue: Queue): Promise<boolean> {
  const [{ active, waiting, prioritized }, [next]] = await Promise.all([
    queue.getJobCounts('active', 'waiting', 'prioritized'),
    queue.getJobSchedulers(0, 0, true)
  ])
  return [active, waiting, prioritized].every((count) => count === 0) && (next?.next ?? Infinity) > Date.now()
}

async function ticksByJob({ stores }: WorkerProcess['core']) {
  const runs: JobRun[] = []
  for (let before: string | undefined; ; before = runs.at(-1)!.startedAt) {
    const page = await stores.jobRuns.list({ limit: 10_000, ...(before !== undefined && { before }) })
    runs.push(...page)
    if (page.length < 10_000) break
  }
  const workers = new Set(runs.map(({ worker }) => worker))
  expect(workers).toEqual(new Set(['one', 'two']))
  const jobs = new Map<string, { tasks: number; again: object[] }>()
  for (const [job, own] of Map.groupBy(runs, (run) => run.job)) {
    const tasks = [...Map.groupBy(own, ({ taskId }) => taskId).values()]
    jobs.set(job, { tasks: tasks.length, again: tasks.filter((tries) => tries.length > 1).flat() })
  }
  return jobs
}

/** Knows every symbol, and counts what it is asked, by the hour. */
function meteredVendor(name: ProviderName, maxQuotesPerRequest: number): Provider {
  const count = () => {
    const key = `${name} ${Math.floor(Date.now() / HOUR_MS)}`
    calls.set(key, (calls.get(key) ?? 0) + 1)
  }
  const provenance = () => ({
    source: name,
    // Like the simulated market's, its hours are its own.
    feed: 'sandbox' as const,
    receivedAt: new Date().toISOString(),
    state: 'live' as const,
    attempts: []
  })
  return {
    name,
    maxQuotesPerRequest,
    covers: () => true,
    async quotes(symbols) {
      count()
      if (symbols.length > maxQuotesPerRequest) throw new ProviderError(name, 'bad_payload', 'too many symbols')
      const asOf = new Date().toISOString()
      return new Map(symbols.map((symbol) => [symbol, { symbol, price: 100, asOf, provenance: provenance() }]))
    },
    async news(symbol) {
      count()
      return { symbol, items: [], provenance: provenance() }
    },
    async marketNews() {
      count()
      return { items: [], provenance: provenance() }
    },
    async profile(symbol) {
      count()
      return { symbol, name: symbol, provenance: provenance() }
    }
  }
}
