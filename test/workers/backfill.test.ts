import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { BarRequest } from '../../src/market/bar.ts'
import { ProviderError } from '../../src/providers/provider.ts'
import { testDatabase, testRedis, type TestDatabase, type TestRedis } from '../support/services.ts'
import { smallVendor } from '../support/small-vendor.ts'
import { startWorkerProcess, type WorkerProcess } from './world.ts'

const RANGE = { interval: '1d', from: '2024-01-01', to: '2024-06-30' }

let redis: TestRedis
let database: TestDatabase
let vendor: ReturnType<typeof smallVendor>
let second: ReturnType<typeof smallVendor>
let worker: WorkerProcess

beforeEach(async () => {
  ;[redis, database] = await Promise.all([testRedis(), testDatabase()])
  vendor = smallVendor()
  second = Object.assign(smallVendor(), { name: 'fmp' as const })
  const providers = new Map([vendor, second].map((each) => [each.name, each]))
  const options = { name: 'one', databaseUrl: database.url, redisUrl: redis.url, vendors: { providers } }
  worker = await startWorkerProcess({ ...options, env: { FMP_API_KEY: 'given' } })
})

afterEach(async () => {
  await worker.close()
  await database.close()
  await redis.close()
})

/** Runs the job and resolves with its task once that has ended. */
async function backfilled(payload: object) {
  const { jobs, recorder } = worker.core
  const taskId = await jobs.run('backfill-history', payload)
  await vi.waitFor(async () => expect(['completed', 'failed']).toContain((await jobs.task(taskId)).state), {
    timeout: 30_000,
    interval: 50
  })
  await recorder.flush()
  return jobs.task(taskId)
}

/** Makes a vendor answer a symbol's bars with an error, the first `times` times. */
function failing(which: typeof vendor, symbol: string, error: () => ProviderError, times = Infinity): void {
  const bars = which.bars!.bind(which)
  let left = times
  which.bars = async (request: BarRequest, signal) => {
    if (request.symbol === symbol && left-- > 0) throw error()
    return bars(request, signal)
  }
}

test('symbols that no plan covers, that nobody knows, or that are answered with garbage cost only themselves', async () => {
  for (const each of [vendor, second]) {
    failing(each, 'MSFT', () => new ProviderError(each.name, 'not_covered', 'this plan has no such bars'))
    failing(each, 'BRK.B', () => new ProviderError(each.name, 'bad_payload', 'a page instead of bars'))
  }
  const task = await backfilled({ ...RANGE, symbols: ['MSFT', 'NOPE', 'AAPL', 'BRK.B', 'BTC-USD'] })
  expect(task).toMatchObject({
    state: 'completed',
    attempts: 1,
    progress: { done: 5, total: 5, failures: 3 },
    runs: [{ outcome: 'done', failures: 3, note: 'not all bars of MSFT, NOPE, BRK.B' }]
  })
  expect(task.runs[0]!.items).toBeGreaterThan(1)
  const aapl = { symbol: 'AAPL', adjusted: 'splits', interval: '1d', from: 0, to: Date.now() } as const
  expect((await worker.core.stores.bars.range(aapl))?.bars).toHaveLength(3)
})

test('a vendor that says 429 pauses the queue although the other one does not cover the symbol', async () => {
  failing(
    vendor,
    'AAPL',
    () => new ProviderError('yahoo', 'rate_limited', '429', { retryAfterMs: 1200, scope: 'second' }),
    1
  )
  failing(second, 'AAPL', () => new ProviderError('fmp', 'not_covered', 'this plan has no such bars'))
  const task = await backfilled({ ...RANGE, symbols: ['AAPL'] })
  expect(task).toMatchObject({ state: 'completed', attempts: 1, progress: { failures: 0 } })
  expect(task.runs.map(({ outcome }) => outcome)).toEqual(['done', 'throttled'])
})

test('a range that cannot be is refused at once, and one that is yet to come asks nobody', async () => {
  const symbols = ['AAPL']
  const wrong: [object, RegExp][] = [
    [{ from: '2024-02-30' }, /from must match format "date"/],
    [{ from: '2024-13-01' }, /from must match format "date"/],
    [{ from: '2024-07-01' }, /to must not be before from/]
  ]
  for (const [over, message] of wrong) {
    const refused = worker.core.jobs.run('backfill-history', { ...RANGE, symbols, ...over })
    await expect(refused).rejects.toMatchObject({ statusCode: 400, message: expect.stringMatching(message) })
  }
  const task = await backfilled({ symbols, interval: '1d', from: '2999-01-01' })
  expect(task.runs).toMatchObject([{ outcome: 'skipped', note: 'the range lies in the future' }])
  expect(vendor.asked).toEqual([])
})
