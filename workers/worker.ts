import { UnrecoverableError, WaitingError, Worker, type Job } from 'bullmq'
import type { Redis } from 'ioredis'
import type { Recorder } from '../db/recorder.ts'
import { isJobName, JOBS, QUEUE_NAMES, QUEUES, type JobName, type QueueName } from '../src/jobs/catalog.ts'
import type { JobOutcome, JobRun } from '../src/jobs/job-run.ts'
import { checkPayload, PayloadError, QUEUE_PREFIX } from '../src/jobs/queue.ts'
import { isoOf } from '../src/market/time.ts'
import type { Metrics } from '../src/metrics/metrics.ts'
import { abortable, withTimeout } from '../src/timeout.ts'
import type { Handler, JobContext, Report } from './handler.ts'
import { createHistories } from './backfill/histories.ts'
import { handlers } from './handlers.ts'
import { startPolling } from './polling.ts'
import { refusedForMs } from './refusals.ts'

/** A worker that does not renew its lock for so long is dead, and its job is done again. */
const LOCK_MS = 10_000
const STALLED_CHECK_MS = 5000
/** A job that outlives this many workers is what kills them. */
const MAX_STALLS = 3
/** A queue rests no longer than this at a time: the refusal may have been of one job's providers alone. */
const MAX_PAUSE_MS = 30_000
/** BullMQ heeds a pause only in a worker that has a limit; this one is never reached. */
const NO_LIMIT = { max: 1_000_000, duration: 1000 }
/** After a drain's deadline, for jobs to notice that they are to stop. */
const ABORT_GRACE_MS = 1500
const STOPPED = 'the worker stops'
const LOCK_LOST = 'Redis was away for longer than the lock lasts; the task is done again'

export type JobWorkersOptions = {
  /** Tells worker processes apart in what is recorded of their runs. */
  name: string
  /** For queues: must wait for Redis as long as it takes. Stays the caller's to close. */
  connection: Redis
  context: Omit<JobContext, 'leases' | 'histories'>
  recorder: Pick<Recorder, 'jobRun'>
  metrics: Pick<Metrics, 'jobRan' | 'providerCalled'>
}

export type JobWorkers = {
  /** Resolves once every queue is being worked. */
  ready(): Promise<void>
  /** Takes no new jobs and lets the running ones end; at the deadline gives them back, unharmed, to other workers. */
  close(deadlineMs?: number): Promise<void>
}

/** One worker per queue. Several processes share the queues: each task is done by one of them. */
export function startJobWorkers(options: JobWorkersOptions): JobWorkers {
  const onTrouble = troubleLog(options)
  const polling = startPolling(options.context.redis, options.context.log)
  const { config, clock, redis, log, stores } = options.context
  const { metrics } = options
  const histories = createHistories({
    config,
    instruments: stores.instruments,
    hoursOf: clock.hoursOf,
    redis,
    metrics,
    log
  })
  const context = { ...options.context, leases: polling.leases, histories }
  const workers = QUEUE_NAMES.map((name) => startWorker(name, { ...options, context }, onTrouble))
  return {
    async ready() {
      await Promise.all(workers.map((worker) => worker.waitUntilReady()))
    },
    async close(deadlineMs = 5000) {
      const drain = async () => {
        await Promise.all([polling.close(), ...workers.map((worker) => worker.close())])
        await histories.close()
      }
      const isDrained = drain().then(() => true)
      if (await withTimeout(isDrained, deadlineMs, () => false)) return
      for (const worker of workers) worker.cancelAllJobs(STOPPED)
      await withTimeout(isDrained, ABORT_GRACE_MS, () => false)
    }
  }
}

type OnTrouble = (err: Error, queue: QueueName) => void

/** An outage of Redis is told by its first error and its end: BullMQ brings one for each attempt to reconnect. */
function troubleLog({ connection, context: { log } }: JobWorkersOptions): OnTrouble {
  let isAway = false
  connection.on('ready', () => {
    if (isAway) log.info('the queues are within reach again')
    isAway = false
  })
  return (err, queue) => {
    if (connection.status === 'ready') return log.warn({ err, queue }, 'a queue is in trouble')
    if (!isAway) log.warn({ err }, 'the queues are out of reach')
    isAway = true
  }
}

type WorkerOptions = Omit<JobWorkersOptions, 'context'> & { context: JobContext }

function startWorker(queue: QueueName, options: WorkerOptions, onTrouble: OnTrouble): Worker {
  const { name, connection, context, recorder, metrics } = options
  const { log, now } = context

  /** BullMQ hands the signal only to functions that declare three parameters. */
  async function processJob(job: Job, token: string | undefined, signal: AbortSignal | undefined): Promise<Report> {
    const run = begin(job)
    try {
      const report = await perform(job, signal!)
      end(run, report.isSkipped ? 'skipped' : 'done', report)
      return report
    } catch (error) {
      if (signal!.aborted && signal!.reason === STOPPED) return await giveBack(job, run, token)
      if (signal!.aborted && signal!.reason === LOCK_LOST) {
        end(run, 'lost', { note: LOCK_LOST })
        throw error
      }
      const refusedMs = refusedForMs(error)
      if (refusedMs !== undefined) return await waitForProviders(job, run, refusedMs)
      end(run, 'failed', { error: messageOf(error) })
      throw error instanceof PayloadError ? new UnrecoverableError(error.message) : error
    }
  }

  async function perform(job: Job, signal: AbortSignal): Promise<Report> {
    const { name: jobName } = job
    if (!isJobName(jobName)) throw new PayloadError(jobName, 'there is no such job')
    const { timeoutMs } = JOBS[jobName]
    const limited = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])
    limited.throwIfAborted()
    return abortable(handle(jobName, job, context, limited), limited)
  }

  function begin(job: Job): JobRun {
    const run: JobRun = {
      taskId: job.id!,
      job: job.name,
      queue,
      worker: name,
      attempt: job.attemptsMade + 1,
      payload: job.data as JobRun['payload'],
      dueAt: isoOf(dueAtOf(job)),
      startedAt: isoOf(now()),
      outcome: 'running'
    }
    recorder.jobRun(run)
    return run
  }

  function end(run: JobRun, outcome: JobOutcome, ending: Partial<Report> & { error?: string }): void {
    const { items, failures, note, error } = ending
    const finishedAt = now()
    const durationMs = finishedAt - Date.parse(run.startedAt)
    recorder.jobRun({ ...run, outcome, finishedAt: isoOf(finishedAt), items, failures, note, error })
    metrics.jobRan(run.job, outcome, durationMs)
    log.debug({ job: run.job, taskId: run.taskId, outcome, items, failures, note, durationMs }, 'job run')
  }

  async function giveBack(job: Job, run: JobRun, token: string | undefined): Promise<never> {
    await job.moveToWait(token)
    end(run, 'interrupted', { note: STOPPED })
    throw new WaitingError()
  }

  /** Rests the queue in all processes without costing the job an attempt; a task that its successor replaces ends here. */
  async function waitForProviders(job: Job, run: JobRun, refusedMs: number): Promise<Report> {
    const note = `every provider refuses for ${Math.ceil(refusedMs / 1000)} s`
    const intervalMs = context.queues.intervalOf(job)
    if (intervalMs !== undefined && now() - dueAtOf(job) >= intervalMs) {
      const report = {
        items: 0,
        failures: 0,
        note: `${note}; the next run replaces this one`,
        isSkipped: true
      } as const
      end(run, 'skipped', report)
      return report
    }
    const pauseMs = Math.min(refusedMs, MAX_PAUSE_MS)
    await context.queues.queues[queue].rateLimit(pauseMs)
    end(run, 'throttled', { note })
    log.info({ job: job.name, queue, pauseMs }, 'every provider refuses: the queue rests')
    throw Worker.RateLimitError()
  }

  const worker = new Worker(queue, processJob, {
    connection,
    prefix: QUEUE_PREFIX,
    name,
    concurrency: QUEUES[queue].concurrency,
    limiter: NO_LIMIT,
    lockDuration: LOCK_MS,
    stalledInterval: STALLED_CHECK_MS,
    maxStalledCount: MAX_STALLS
  })
  worker.on('error', (err) => onTrouble(err, queue))
  worker.on('failed', (job, err) => {
    const isFinal = job === undefined || job.finishedOn !== undefined
    const details = { err, job: job?.name, taskId: job?.id, attempt: job?.attemptsMade }
    if (isFinal) log.error(details, 'job failed')
    else log.warn(details, 'job failed and will be tried again')
  })
  // What runs on without its lock is done a second time beside it.
  worker.on('lockRenewalFailed', (taskIds) => {
    for (const taskId of taskIds) worker.cancelJob(taskId, LOCK_LOST)
  })
  worker.on('stalled', (taskId) => log.warn({ taskId, queue }, "a job's worker died; it is done again"))
  return worker
}

/** Checks what comes out of the queue: it may have been put there by another release. */
function handle(name: JobName, job: Job, context: JobContext, signal: AbortSignal): Promise<Report> {
  const handler = handlers[name] as Handler<JobName>
  return handler(checkPayload(name, job.data), context, {
    signal,
    dueAt: dueAtOf(job),
    everyMs: context.queues.intervalOf(job),
    earlierProgress: job.progress,
    progress: (value) => job.updateProgress(value)
  })
}

/** A scheduled task is made ahead of its time, with the delay until then. */
function dueAtOf({ timestamp, opts }: Job): number {
  return timestamp + (opts.delay ?? 0)
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error))
