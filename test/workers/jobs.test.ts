import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createDatabase } from '../../db/client.ts'
import { ensurePartitions } from '../../db/partitions.ts'
import type { QueueName } from '../../src/jobs/catalog.ts'
import { ProviderError } from '../../src/providers/provider.ts'
import { testDatabase, testRedis, type TestDatabase, type TestRedis } from '../support/services.ts'
import { smallVendor } from '../support/small-vendor.ts'
import { startWorkerProcess, type WorkerProcess } from './world.ts'
import { provenance } from '../db/values.ts'

let redis: TestRedis
let database: TestDatabase
let vendor: ReturnType<typeof smallVendor>
let processes: WorkerProcess[] = []

beforeEach(async () => {
  ;[redis, database] = await Promise.all([testRedis(), testDatabase()])
  vendor = smallVendor()
})

afterEach(async () => {
  vi.useRealTimers()
  for (const each of processes.splice(0)) await each.close()
  await database.close()
  await redis.close()
})

async function start(name = 'one'): Promise<WorkerProcess> {
  const vendors = { providers: new Map([[vendor.name, vendor]]) }
  const started = await startWorkerProcess({ name, databaseUrl: database.url, redisUrl: redis.url, vendors })
  processes.push(started)
  return started
}

/** The task, once it has ended. */
async function ended({ core }: WorkerProcess, taskId: string) {
  await vi.waitFor(async () => expect(['completed', 'failed']).toContain((await core.jobs.task(taskId)).state), {
    timeout: 30_000,
    interval: 50
  })
  await core.recorder.flush()
  return core.jobs.task(taskId)
}

describe('refresh-quotes', () => {
  test('what people ask for is renewed before it grows too old, and nobody waits for the vendor', async () => {
    // Before anything that keeps the time: what is made now goes by this clock.
    vi.useFakeTimers({ toFake: ['Date'] })
    const one = await start()
    await one.core.marketData.quotes(['AAPL', 'MSFT', 'NOPE'])
    await one.core.marketData.quote('AAPL')
    await one.core.popularity.settle()
    const before = vendor.asked.length
    const task = await ended(one, await one.core.jobs.run('refresh-quotes', {}))
    expect(task).toMatchObject({ state: 'completed', attempts: 1, runs: [{ outcome: 'skipped' }] })
    expect(vendor.asked.length).toBe(before)

    vi.setSystemTime(Date.now() + 30_000)
    await ended(one, await one.core.jobs.run('refresh-quotes', {}))
    expect(vendor.asked.slice(before)).toEqual(['quotes AAPL,MSFT'])
    const [run] = await one.core.jobs.runs({ of: 'refresh-quotes', limit: 1 })
    expect(run).toMatchObject({ outcome: 'done', items: 2, failures: 0, worker: 'one' })

    vi.setSystemTime(Date.now() + 45_000)
    const { value, receivedAt } = await one.core.marketData.quote('AAPL')
    expect(Date.now() - receivedAt).toBeLessThan(50_000)
    expect(value.provenance.state).not.toBe('stale')
    expect(vendor.asked.length).toBe(before + 1)
    expect(await one.core.stores.marketHistory.prices('AAPL', 0, Date.now(), 10)).toHaveLength(2)
  })

  test('one symbol that a vendor answers garbage for costs only itself', async () => {
    const quotes = vendor.quotes!.bind(vendor)
    vendor.quotes = async (symbols, signal) => {
      const answers = await quotes(symbols, signal)
      const bad = answers.get('MSFT')
      if (bad) answers.set('MSFT', { ...bad, price: -1 })
      return answers
    }
    const one = await start()
    const task = await ended(one, await one.core.jobs.run('refresh-quotes', { symbols: ['AAPL', 'MSFT', 'BRK.B'] }))
    expect(task).toMatchObject({ state: 'completed', attempts: 1, runs: [{ items: 2, failures: 1 }] })
  })

  test('a vendor that says 429 pauses the queue, and no attempt is lost', async () => {
    const quotes = vendor.quotes!.bind(vendor)
    vendor.quotes = async (symbols, signal) => {
      if (vendor.asked.push('quotes') > 1) return quotes(symbols, signal)
      throw new ProviderError('yahoo', 'rate_limited', 'yahoo says 429', { retryAfterMs: 1200, scope: 'second' })
    }
    const one = await start()
    const task = await ended(one, await one.core.jobs.run('refresh-quotes', { symbols: ['AAPL'] }))
    expect(task).toMatchObject({ state: 'completed', attempts: 1 })
    expect(task.runs.map(({ outcome }) => outcome)).toEqual(['done', 'throttled'])
    expect(Date.parse(task.runs[0]!.startedAt) - Date.parse(task.runs[1]!.finishedAt!)).toBeGreaterThanOrEqual(1100)
  })
})

test('refresh-stocks renews what is known of quoted stocks once a day, and asks nobody about all else', async () => {
  const one = await start()
  const { stores, marketData, recorder, jobs } = one.core
  await stores.instruments.upsert([
    { symbol: 'AAPL', kind: 'equity' },
    { symbol: 'MSFT', kind: 'equity' },
    { symbol: 'UNQUOTED', kind: 'equity' },
    { symbol: 'BTC-USD', kind: 'crypto' }
  ])
  await marketData.quotes(['AAPL', 'MSFT', 'BTC-USD'])
  await recorder.flush()
  const asked = () => vendor.asked.filter((call) => call.startsWith('profile')).toSorted()
  await ended(one, await jobs.run('refresh-stocks', {}))
  expect(asked()).toEqual(['profile AAPL', 'profile MSFT'])
  expect((await stores.stocks.find('AAPL'))?.name).toBe('AAPL Inc.')

  const again = await ended(one, await jobs.run('refresh-stocks', {}))
  expect(again).toMatchObject({ runs: [{ outcome: 'skipped' }] })
  const direct = createDatabase({ url: database.url })
  await direct.sql`update profiles set received_at = now() - interval '25 hours' where symbol = 'MSFT'`
  await direct.close()
  expect(await stores.stocks.withOldProfiles(Date.now() - 86_400_000, 'x', 10)).toEqual(['MSFT'])
})

test('refresh-news keeps the news of the market warm, and those that nobody but the vendor has seen are stored', async () => {
  const item = { title: 'Rates', url: 'https://example.com/1', publishedAt: '2026-01-05T12:00:00.000Z', symbols: [] }
  let calls = 0
  vendor.marketNews = async () => {
    const receivedAt = new Date().toISOString()
    return { items: [{ ...item, id: String(++calls) }], provenance: provenance({ source: 'yahoo', receivedAt }) }
  }
  const one = await start()
  const task = await ended(one, await one.core.jobs.run('refresh-news', {}))
  expect(task).toMatchObject({ runs: [{ outcome: 'done', items: 1, failures: 0 }] })
  expect((await one.core.marketData.marketNews()).value.items).toMatchObject([{ id: '1', tone: { by: 'lexicon' } }])
  expect(calls).toBe(1)
  expect(await one.core.stores.news.newest(5, undefined)).toMatchObject([{ id: '1', symbols: [] }])
})

describe('tasks that cannot work', () => {
  const cases: [string, QueueName, string, object, string][] = [
    ['a payload that does not fit', 'live', 'refresh-quotes', { symbols: 'AAPL' }, 'symbols must be array'],
    ['a job that no release knows any more', 'market', 'refresh-horoscopes', {}, 'there is no such job']
  ]
  test.each(cases)('%s fails once, with the reason', async (_what, queue, name, payload, reason) => {
    const one = await start()
    const { id } = await one.core.queues.queues[queue].add(name, payload, { attempts: 5, priority: 1 })
    const task = await ended(one, id!)
    expect(task).toMatchObject({ state: 'failed', attempts: 1, runs: [{ outcome: 'failed' }] })
    expect(task.error).toContain(reason)
    await expect(one.core.jobs.run('refresh-quotes', { symbols: [] })).rejects.toMatchObject({ statusCode: 400 })
  })
})

describe('stopping', () => {
  test('a job that outlives the drain goes on elsewhere from where it was, and loses no attempt', async () => {
    const bars = vendor.bars!.bind(vendor)
    const { promise: released, resolve: release } = Promise.withResolvers<void>()
    let isBlocking = true
    vendor.bars = async (request, signal) => {
      const first = vendor.asked.some((call) => call.startsWith('bars'))
      if (first && isBlocking) await released
      return bars(request, signal)
    }
    const one = await start('one')
    const payload = { symbols: ['AAPL', 'MSFT'], interval: '1d', from: '2024-01-01', to: '2024-06-30' }
    const taskId = await one.core.jobs.run('backfill-history', payload)
    await expect.poll(async () => (await one.core.jobs.task(taskId)).progress).toMatchObject({ done: 1 })

    const two = await start('two')
    await one.workers.close(100)
    isBlocking = false
    release()
    const task = await ended(two, taskId)
    expect(task).toMatchObject({ state: 'completed', progress: { done: 2, total: 2 } })
    await one.core.recorder.flush()
    const runs = (await two.core.jobs.task(taskId)).runs
    expect(runs.map(({ worker, outcome, attempt }) => [worker, outcome, attempt])).toEqual([
      ['two', 'done', 1],
      ['one', 'interrupted', 1]
    ])
    expect(await two.core.stores.bars.range({ ...aapl, symbol: 'MSFT' })).toMatchObject({ symbol: 'MSFT' })
  })
})

describe('schedules', () => {
  test('a schedule that left the catalog is removed, and the others keep their time', async () => {
    const one = await start()
    const { queues } = one.core.queues
    await queues.maintenance.pause()
    await queues.maintenance.upsertJobScheduler('refresh-horoscopes', { every: 60_000 }, { name: 'refresh-horoscopes' })
    await one.core.queues.syncSchedules()
    const next = (await queues.maintenance.getJobScheduler('cleanup'))?.next
    await one.core.queues.syncSchedules()
    const left = (await queues.maintenance.getJobSchedulers()).map(({ key }) => key)
    expect(left.toSorted()).toEqual([
      'audit-bars',
      'backfill-gap',
      'cleanup',
      'ensure-partitions',
      'import-instruments',
      'import-instruments.morning',
      'refresh-calendar'
    ])
    expect((await queues.maintenance.getJobScheduler('cleanup'))?.next).toBe(next)
  })
})

describe('cleanup', () => {
  test('removes trades, gaps, last good values and earlier revisions of bars after the days that each is kept', async () => {
    const one = await start()
    const held = createDatabase({ url: database.url })
    const { sql } = held
    const kinds = ['ticks', 'gaps', 'last_good', 'bar_revisions'] as const
    for (const [index, daysAgo] of [1, 40, 500].entries()) {
      const at = new Date(Date.now() - daysAgo * 86_400_000).toISOString()
      await sql`insert into ticks (instrument_id, trade_date, key, kind, as_of, ns, sequence, price, size, feed, source, received_at)
        values (1, ${at.slice(0, 10)}, 'id', 'trade', ${at}, 0, 1, 1, 1, 'iex', 'alpaca', ${at})`
      await sql`insert into gaps (source, feed, from_at, until_at, reason) values ('alpaca', 'iex', ${at}, ${at}, 'mute')`
      await sql`insert into last_good (key, value, bytes, received_at) values (${`options:${index}`}, '{}', 2, ${at})`
    }
    const [instrument] = await sql`insert into instruments (symbol) values ('AAPL') returning id`
    const [series] = await sql`
      insert into bar_series (instrument_id, interval, adjusted, source, feed, received_at, provenance)
      values (${instrument!['id']}, '1d', 'none', 'yahoo', 'composite', now(), '{}') returning id`
    await sql`
      insert into bar_revisions (series_id, start, open, high, low, close, state, revision, received_at, replaced_at)
      select ${series!['id']}, now(), 1, 1, 1, 1, 'final', days, now(), now() - days * interval '1 day'
      from unnest(array[1, 40, 500]) as days`
    for (const job of ['ensure-partitions', 'cleanup'] as const) {
      const task = await ended(one, await one.core.jobs.run(job, {}))
      expect(task.runs[0]).toMatchObject({ outcome: 'done', failures: 0 })
    }
    const left = kinds.map(async (kind) => (await sql`select from ${sql(kind)}`).length)
    expect(await Promise.all(left)).toEqual([1, 1, 2, 2])

    await ensurePartitions(sql, 'bars', Date.parse('2011-03-15'))
    await sql`insert into gaps (source, feed, from_at, until_at, reason) values ('alpaca', 'iex', '2011-03-15', '2011-03-15', 'mute')`
    await sql.begin(async (tx) => {
      await tx`lock table bars_2011_03 in access share mode`
      const job = await one.core.jobs.run('cleanup', {})
      await expect.poll(async () => (await sql`select from gaps`).length).toBe(1)
      const failed = expect.objectContaining({ outcome: 'failed', error: expect.stringContaining('bar partitions') })
      await expect.poll(async () => (await one.core.jobs.task(job)).runs).toContainEqual(failed)
    })
    await held.close()
  })
})

const aapl = {
  symbol: 'AAPL',
  interval: '1d',
  adjusted: 'splits',
  from: Date.parse('2024-01-01'),
  to: Date.parse('2024-07-01')
} as const
