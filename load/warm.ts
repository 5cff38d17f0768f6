import { setTimeout as delay } from 'node:timers/promises'
import { pino } from 'pino'
import { loadConfig } from '../src/config/config.ts'
import { createCore, type Core } from '../src/core.ts'
import { QUEUE_NAMES } from '../src/jobs/catalog.ts'
import { QUEUE_PREFIX } from '../src/jobs/queue.ts'
import { connectQueueRedis } from '../src/redis/connections.ts'
import { UNIVERSE } from '../src/sandbox/universe/universe.ts'
import { createVendors, type Vendors } from '../src/vendors.ts'
import { startJobWorkers } from '../workers/worker.ts'
import { SimulatedTime } from './simulated-time.ts'
import { startWorld } from './world.ts'
import { shippedCalendars } from '../src/exchange-calendars.ts'
import { SessionClock } from '../src/market/session-clock.ts'

const SYMBOLS = 500
const REQUESTS_PER_SECOND = 50
/** Before anything is counted: popularity is known from the days before. */
const WARM_UP_MS = 10 * 60_000
const MEASURED_MS = 10 * 60_000
/** All schedules are multiples of this. */
const TICK_MS = 30_000
const IDLE_POLL_MS = 2
const TARGET_AGE_MS = 60_000
const REFRESHED_QUOTES = 2000
const QUOTES_PER_ASK = 400

type Served = {
  requests: number
  ageSumMs: number
  maxAgeMs: number
  tooOld: number
  stale: number
  waitedForVendor: number
}

/**
 * Whether the jobs keep warm what people ask for: requests that follow Zipf's law over 500 symbols in session, to a process
 * of the API beside a worker process, for ten simulated minutes. Then what a refresh of 2,000 quotes costs us.
 */
export async function run(): Promise<Record<string, number>> {
  const world = await startWorld()
  const time = new SimulatedTime()
  time.install()
  const config = loadConfig({ ...world.env, LOG_LEVEL: 'warn', QUOTE_REFRESH_SECONDS: '30' })
  const log = pino({ level: 'warn' }, process.stderr)
  const clock = new SessionClock(shippedCalendars(config))
  const { vendors, asked } = counted(createVendors(config, clock.hoursOf))
  const api = await createCore({ config, log, vendors, clock })
  const jobs = await createCore({ config, log, vendors: createVendors(config, clock.hoursOf), clock })
  const connection = connectQueueRedis(world.redisUrl)
  try {
    await jobs.queues.syncSchedules()
    const context = { ...jobs, config, log, now: Date.now }
    const { recorder, metrics } = jobs
    const workers = startJobWorkers({ name: 'load', connection, context, recorder, metrics })
    await workers.ready()
    const traffic = new Traffic({ api, jobs, time, asked })
    await traffic.run(WARM_UP_MS)
    const before = await lookups(api)
    const served = await traffic.run(MEASURED_MS)
    const hits = hitRates(before, await lookups(api))
    await workers.close()
    return report(served, hits, await refreshCost(jobs))
  } finally {
    await api.close()
    await jobs.close()
    connection.disconnect()
    await world.stop()
  }
}

/** People: requests at random instants, popular symbols more often. While jobs work, time passes as it really does. */
class Traffic {
  readonly #api: Core
  readonly #jobs: Core
  readonly #time: SimulatedTime
  readonly #asked: () => number
  readonly #symbols = UNIVERSE.slice(0, SYMBOLS).map(({ symbol }) => symbol)
  readonly #upTo = cumulated(this.#symbols.map((_, index) => 1 / (index + 1)))
  #nextTick: number

  constructor({ api, jobs, time, asked }: { api: Core; jobs: Core; time: SimulatedTime; asked: () => number }) {
    this.#api = api
    this.#jobs = jobs
    this.#time = time
    this.#asked = asked
    this.#nextTick = time.now
  }

  async run(durationMs: number): Promise<Served> {
    const served: Served = { requests: 0, ageSumMs: 0, maxAgeMs: 0, tooOld: 0, stale: 0, waitedForVendor: 0 }
    const end = this.#time.now + durationMs
    while (this.#time.now < end) {
      if (this.#time.now >= this.#nextTick) await this.#whileJobsWork(served)
      await this.#request(served)
      this.#time.skip(pauseMs())
    }
    return served
  }

  /** What is due is done by the workers, while people go on asking. */
  async #whileJobsWork(served: Served): Promise<void> {
    this.#nextTick += TICK_MS
    await this.#api.popularity.settle()
    const idle = new AbortController()
    const working = this.#untilIdle().finally(() => idle.abort())
    while (!idle.signal.aborted) {
      await this.#request(served)
      await delay(pauseMs())
    }
    await working
  }

  /** Workers wait for the real time, so each is woken to look at this one. */
  async #untilIdle(): Promise<void> {
    const { queues } = this.#jobs.queues
    for (let isBusy = true; isBusy;) {
      for (const name of QUEUE_NAMES) await this.#jobs.redis.zadd(`${QUEUE_PREFIX}:${name}:marker`, 0, '0')
      await delay(IDLE_POLL_MS)
      const counts = await Promise.all(
        QUEUE_NAMES.map((name) => queues[name].getJobCounts('active', 'waiting', 'prioritized'))
      )
      const next = await Promise.all(QUEUE_NAMES.map((name) => queues[name].getJobSchedulers(0, 0, true)))
      const isOverdue = next.some(([first]) => (first?.next ?? Infinity) <= this.#time.now)
      isBusy = isOverdue || counts.some((count) => Object.values(count).some((jobs) => jobs > 0))
    }
  }

  async #request(served: Served): Promise<void> {
    const drawn = Math.random() * this.#upTo.at(-1)!
    const symbol = this.#symbols[this.#upTo.findIndex((sum) => drawn < sum)]!
    const { marketData } = this.#api
    const asked = this.#asked()
    const { receivedAt, value } = marketData.freshQuote(symbol) ?? (await marketData.quote(symbol))
    const ageMs = this.#time.now - receivedAt
    served.requests++
    served.ageSumMs += ageMs
    served.maxAgeMs = Math.max(served.maxAgeMs, ageMs)
    if (ageMs > TARGET_AGE_MS) served.tooOld++
    if (value.provenance.state === 'stale') served.stale++
    if (this.#asked() > asked) served.waitedForVendor++
  }
}

/** The vendors, and how many requests for quotes they were asked. */
function counted(vendors: Vendors): { vendors: Vendors; asked: () => number } {
  let count = 0
  for (const provider of vendors.providers.values()) {
    const quotes = provider.quotes?.bind(provider)
    if (!quotes) continue
    provider.quotes = (symbols, signal) => {
      count++
      return quotes(symbols, signal)
    }
  }
  return { vendors, asked: () => count }
}

async function lookups({ marketData }: Core) {
  const { memory, redis } = (await marketData.cacheStats()).namespaces.find(({ namespace }) => namespace === 'quote')!
  return { total: memory.hits + memory.staleHits + memory.misses, memory: memory.hits, redis: redis.hits }
}
type Lookups = Awaited<ReturnType<typeof lookups>>

function hitRates(before: Lookups, after: Lookups) {
  const share = (tier: 'memory' | 'redis') => (after[tier] - before[tier]) / (after.total - before.total)
  return { memory: share('memory'), both: share('memory') + share('redis') }
}

/** One pass over 2,000 quotes: batch requests, parsing, quality gate, both cache tiers, and Postgres. */
async function refreshCost({ marketData, recorder }: Core) {
  const symbols = UNIVERSE.slice(0, SYMBOLS).map(({ symbol }) => symbol)
  const startedAt = performance.now()
  const cpu = process.cpuUsage()
  for (let done = 0; done < REFRESHED_QUOTES; done += QUOTES_PER_ASK) {
    const asked = Array.from({ length: QUOTES_PER_ASK }, (_, index) => symbols[(done + index) % symbols.length]!)
    await marketData.refresh.quotes(asked)
  }
  await recorder.flush()
  const { user, system } = process.cpuUsage(cpu)
  return { ownCpuUs: (user + system) / REFRESHED_QUOTES, seconds: (performance.now() - startedAt) / 1000 }
}

function report(served: Served, hits: ReturnType<typeof hitRates>, cost: Awaited<ReturnType<typeof refreshCost>>) {
  const { requests, ageSumMs, maxAgeMs, tooOld, stale, waitedForVendor } = served
  const rows: [string, string][] = [
    ['Requests in 10 simulated minutes', `${requests}, Zipf over ${SYMBOLS} symbols`],
    [
      'Hit rate of memory and Redis',
      `${(hits.both * 100).toFixed(3)} % (memory alone ${(hits.memory * 100).toFixed(2)} %)`
    ],
    [
      'Age of what was served',
      `mean ${(ageSumMs / requests / 1000).toFixed(1)} s, at most ${(maxAgeMs / 1000).toFixed(1)} s`
    ],
    ['Older than 60 s; labelled stale', `${tooOld}; ${stale}`],
    ['Waited for a vendor', `${waitedForVendor}`],
    [
      `Refresh of ${REFRESHED_QUOTES} quotes`,
      `${cost.seconds.toFixed(2)} s, own CPU ${cost.ownCpuUs.toFixed(0)} µs per symbol`
    ]
  ]
  for (const [name, value] of rows) console.log(`${name.padEnd(36)}${value}`)
  return {
    requests,
    hitRate: rounded(hits.both, 5),
    memoryHitRate: rounded(hits.memory, 5),
    meanAgeSeconds: rounded(ageSumMs / requests / 1000, 2),
    maxAgeSeconds: rounded(maxAgeMs / 1000, 2),
    olderThan60Seconds: tooOld,
    servedStale: stale,
    waitedForVendor,
    refreshedQuotes: REFRESHED_QUOTES,
    refreshSeconds: rounded(cost.seconds, 3),
    ownCpuMicrosecondsPerSymbol: rounded(cost.ownCpuUs, 1)
  }
}

/** Until the next request: so many a second on average, independent of each other. */
const pauseMs = () => (-Math.log(1 - Math.random()) * 1000) / REQUESTS_PER_SECOND
const rounded = (value: number, digits: number) => Number(value.toFixed(digits))

function cumulated(weights: readonly number[]): number[] {
  let sum = 0
  return weights.map((weight) => (sum += weight))
}
