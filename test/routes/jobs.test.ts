import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { JobsStatus, TaskStatus } from '../../src/jobs/status.ts'
import { connectQueueRedis } from '../../src/redis/connections.ts'
import { loadConfig } from '../../src/config/config.ts'
import { startJobWorkers, type JobWorkers } from '../../workers/worker.ts'
import { errorOf, startWorld, type Api, type ApiWorld } from '../support/api.ts'

const JOBS = '/api/v1/market/jobs'

let world: ApiWorld
let api: Api
let workers: JobWorkers
let connection: ReturnType<typeof connectQueueRedis>
let reader: string
let writer: string

beforeAll(async () => {
  world = await startWorld()
  api = await world.startApi()
  reader = (await api.login(['admin:read'])).token
  writer = (await api.login(['admin:read', 'admin:write'])).token
  const { core } = api
  const { host, port, db } = core.redis.options
  const password = core.redis.options.password ?? ''
  connection = connectQueueRedis(`redis://:${password}@${host}:${port}/${db}`)
  await core.queues.syncSchedules()
  const log = { debug() {}, info() {}, warn() {}, error() {} } as never
  const context = { ...core, config: loadConfig({ MARKET: 'live' }), log, now: Date.now }
  workers = startJobWorkers({ name: 'test', connection, context, recorder: core.recorder, metrics: core.metrics })
  await workers.ready()
})

afterAll(async () => {
  await workers.close()
  connection.disconnect()
  await world.close()
})

const post = (url: string, payload?: object, token = writer) =>
  api.send({ method: 'POST', url: `${JOBS}${url}`, ...(payload && { payload }) }, token)

async function taskIn(state: string, taskId: string): Promise<TaskStatus> {
  const task = async () => (await api.get(`${JOBS}/${taskId}`, reader)).json() as TaskStatus
  await vi.waitFor(async () => expect((await task()).state).toBe(state), { timeout: 10_000, interval: 50 })
  await api.core.recorder.flush()
  return task()
}

const taskIdOf = (answer: { json(): unknown }) => (answer.json() as { taskId: string }).taskId

describe('what operators see', () => {
  test('queues, schedules with next and last run, and what jobs came to', async () => {
    const taskId = taskIdOf(await post('', { job: 'refresh-quotes', payload: { symbols: ['AAPL', 'NOPE'] } }))
    const task = await taskIn('completed', taskId)
    expect(task).toMatchObject({ job: 'refresh-quotes', queue: 'live', attempts: 1, maxAttempts: 2 })
    expect(task.runs).toMatchObject([{ outcome: 'done', items: 1, failures: 1, worker: 'test' }])

    const { catalog, queues, schedules, jobs } = (await api.get(`${JOBS}/status`, reader)).json() as JobsStatus
    expect(catalog.find(({ job }) => job === 'backfill-history')).toMatchObject({
      queue: 'maintenance',
      payload: { required: ['symbols', 'interval', 'from'], properties: { from: { type: 'string', format: 'date' } } }
    })
    expect(queues.map(({ name }) => name)).toEqual(['live', 'market', 'maintenance'])
    expect(schedules.find(({ id }) => id === 'refresh-quotes')).toMatchObject({
      everyMs: 30_000,
      lastOutcome: 'skipped'
    })
    expect(Date.parse(schedules.find(({ id }) => id === 'cleanup')!.nextRunAt!)).toBeGreaterThan(Date.now())
    expect(jobs.find(({ job }) => job === 'refresh-quotes')).toMatchObject({ items: 1, failures: 1 })

    const { runs } = (await api.get(`${JOBS}/runs?job=refresh-quotes&limit=1`, reader)).json() as { runs: object[] }
    expect(runs).toMatchObject([{ job: 'refresh-quotes' }])
    const metrics = await api.core.metrics.render()
    expect(metrics).toMatch(/quotewire_job_runs_total\{name="refresh-quotes",outcome="done"\} [1-9]/)
    expect(metrics).toMatch(/quotewire_scheduler_lag_seconds\{schedule="cleanup"\} 0/)
  })

  test('an unknown task is a 404, and a task that was removed is told from its runs', async () => {
    expect((await api.get(`${JOBS}/nothing`, reader)).status).toBe(404)
    const taskId = taskIdOf(await post('', { job: 'ensure-partitions' }))
    await taskIn('completed', taskId)
    await api.core.queues.queues.maintenance.remove(taskId)
    expect((await taskIn('removed', taskId)).runs).toMatchObject([{ outcome: 'done' }])
  })
})

describe('what operators do', () => {
  test('a key of the queues’ own is no task', async () => {
    await taskIn('completed', taskIdOf(await post('', { job: 'refresh-indices' })))
    const keys = await api.core.redis.keys('*:live:*')
    const prefix = keys.find((key) => key.endsWith(':live:meta'))!.slice(0, -'meta'.length)
    const names = keys.filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length))
    const own = names.filter((name) => !/^(\d+|.*:\d+|.*-[\da-f]{12})$/.test(name))
    expect(own).toEqual(expect.arrayContaining(['meta', 'events', 'completed', 'repeat:refresh-quotes']))
    for (const name of [...own, 'id', 'delayed', '1:lock', 'limiter', '__proto__']) {
      expect([name, (await api.get(`${JOBS}/${name}`, reader)).status]).toEqual([name, 404])
      expect([name, (await post(`/${name}/retry`)).status]).toEqual([name, 404])
    }
    const due = names.find((name) => /^repeat:refresh-quotes:\d+$/.test(name))
    expect((await api.get(`${JOBS}/${due}`, reader)).json()).toMatchObject({ job: 'refresh-quotes' })
  })

  test('a payload that does not fit is refused before it reaches a queue', async () => {
    const answer = await post('', {
      job: 'backfill-history',
      payload: { symbols: ['AAPL'], interval: '2d', from: 'x' }
    })
    expect(answer.status).toBe(400)
    expect(errorOf(answer)).toMatchObject({ code: 'INVALID_REQUEST', details: { field: 'payload.interval' } })
    expect((await post('', { job: 'refresh-horoscopes' })).status).toBe(400)
  })

  test('a failed task is done again; a completed one is not', async () => {
    api.vendor.isDown = true
    const failed = taskIdOf(await post('', { job: 'refresh-market' }))
    const bad = await api.core.queues.queues.live.add('refresh-quotes', { symbols: 1 }, { priority: 1 })
    await taskIn('failed', bad.id!)
    api.vendor.isDown = false
    expect((await post(`/${bad.id}/retry`)).status).toBe(202)
    expect((await taskIn('failed', bad.id!)).runs).toHaveLength(2)

    const done = taskIdOf(await post('', { job: 'ensure-partitions' }))
    await taskIn('completed', done)
    const refused = await post(`/${done}/retry`)
    expect([refused.status, errorOf(refused).code]).toEqual([409, 'TASK_NOT_FAILED'])
    await api.core.queues.queues.live.remove(failed)
  })

  test('a paused queue keeps its tasks until it is resumed', async () => {
    expect((await post('/queues/maintenance/pause')).json()).toEqual({ queue: 'maintenance', isPaused: true })
    const taskId = taskIdOf(await post('', { job: 'ensure-partitions' }))
    expect((await taskIn('waiting', taskId)).runs).toEqual([])
    const { queues } = (await api.get(`${JOBS}/status`, reader)).json() as JobsStatus
    expect(queues.find(({ name }) => name === 'maintenance')).toMatchObject({ isPaused: true, waiting: 1 })
    await post('/queues/maintenance/resume')
    await taskIn('completed', taskId)
  })

  test('only admin:write may, and everything is in the audit log', async () => {
    for (const url of ['', '/x/retry', '/queues/live/pause']) {
      expect((await post(url, url === '' ? { job: 'cleanup' } : undefined, reader)).status).toBe(403)
    }
    const entries = await api.core.stores.audit.list({ limit: 100 })
    expect(new Set(entries.map(({ action }) => action))).toEqual(
      new Set(['job.run', 'job.retry', 'queue.pause', 'queue.resume'])
    )
  })
})
