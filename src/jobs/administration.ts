import type { Job, Queue } from 'bullmq'
import { ApiError, InvalidField } from '../errors.ts'
import { DAY_MS, isoOf } from '../market/time.ts'
import { withTimeout } from '../timeout.ts'
import { JOB_NAMES, JOBS, QUEUE_NAMES, type JobName, type JobSpec, type QueueName } from './catalog.ts'
import type { JobRun, JobTotals } from './job-run.ts'
import { PayloadError, type JobQueues } from './queue.ts'
import type { CatalogEntry, JobsStatus, QueueStatus, ScheduleStatus, TaskStatus } from './status.ts'

/** Somebody waits for the answer; a Redis that is away does not answer at all. */
const PATIENCE_MS = 2000
const COUNTED = ['active', 'waiting', 'prioritized', 'delayed', 'completed', 'failed'] as const

const CATALOG: CatalogEntry[] = JOB_NAMES.map((job) => {
  const { queue, summary, payload } = JOBS[job]
  return { job, queue, summary, payload: { ...payload } }
})

/** Where runs are written down. */
export type JobRuns = {
  list(page: { of?: string; limit: number; before?: string }): Promise<JobRun[]>
  ofTask(taskId: string): Promise<JobRun[]>
  totals(since: number): Promise<JobTotals[]>
  lastScheduled(since: number): Promise<{ schedule: string; run: JobRun }[]>
}

export type JobAdministration = ReturnType<typeof createJobAdministration>

/** What operators see and do. Everything rejects with JOBS_UNAVAILABLE where Redis does not answer in time. */
export function createJobAdministration(
  { queues, schedules: catalog, find, add }: Pick<JobQueues, 'queues' | 'schedules' | 'find' | 'add'>,
  runs: JobRuns,
  now: () => number = Date.now
) {
  async function taskOf(taskId: string): Promise<{ queue: QueueName; job: Job }> {
    const task = await withinPatience(find(taskId))
    if (task) return task
    throw new ApiError('NOT_FOUND', 404, `There is no task ${taskId} in any queue`, { details: { taskId } })
  }

  /** The state first: a job read after it has at least what belongs to that state. */
  async function stateAndJobOf(taskId: string): Promise<{ queue: QueueName; job: Job; state: string } | undefined> {
    const found = await find(taskId)
    if (!found) return undefined
    const state = await found.job.getState()
    const later = await find(taskId)
    return later && { ...later, state }
  }

  return {
    async status(): Promise<JobsStatus> {
      const [queueStatuses, schedules, jobs] = await Promise.all([
        this.queueStatuses(),
        this.schedules(),
        runs.totals(now() - DAY_MS)
      ])
      return { catalog: CATALOG, queues: queueStatuses, schedules, jobs }
    },

    queueStatuses: (): Promise<QueueStatus[]> =>
      withinPatience(Promise.all(QUEUE_NAMES.map((name) => queueStatus(name, queues[name])))),

    async schedules(): Promise<ScheduleStatus[]> {
      const [held, last] = await Promise.all([
        withinPatience(Promise.all(QUEUE_NAMES.map((name) => queues[name].getJobSchedulers()))),
        runs.lastScheduled(now() - 8 * DAY_MS)
      ])
      const nextOf = new Map(held.flat().map(({ key, next }) => [key, next]))
      const lastOf = new Map(last.map(({ schedule, run }) => [schedule, run]))
      return catalog.map(({ id, job, schedule }) => {
        const next = nextOf.get(id)
        const run = lastOf.get(id)
        const times =
          'everyMs' in schedule ? { everyMs: schedule.everyMs } : { cron: schedule.cron, timeZone: schedule.timeZone }
        return {
          id,
          job,
          ...times,
          ...(next !== undefined && { nextRunAt: isoOf(next), lagMs: Math.max(0, now() - next) }),
          ...(run && { lastRunAt: run.startedAt, lastOutcome: run.outcome })
        }
      })
    },

    /** A task in a queue, or what is left of one that was removed from it. */
    async task(taskId: string): Promise<TaskStatus> {
      const task = await withinPatience(stateAndJobOf(taskId))
      const tries = await runs.ofTask(taskId)
      if (task) return statusOf(task.queue, task.job, task.state, tries)
      const [last] = tries
      if (!last) throw new ApiError('NOT_FOUND', 404, `There is no task ${taskId}`, { details: { taskId } })
      const { job, queue, payload, dueAt, startedAt, finishedAt, error } = last
      const ended = { startedAt, ...(finishedAt && { finishedAt }), ...(error && { error }) }
      return { taskId, job, queue, state: 'removed', payload, attempts: tries.length, dueAt, ...ended, runs: tries }
    },

    runs: (page: { of?: string; limit: number; before?: string }): Promise<JobRun[]> => runs.list(page),

    /** Puts a job into its queue now. Throws INVALID_REQUEST where the payload does not fit. */
    async run(name: JobName, payload: object): Promise<string> {
      try {
        return await withinPatience(add(name, payload as Parameters<typeof add<JobName>>[1]))
      } catch (error) {
        if (error instanceof PayloadError) throw new InvalidField('payload', error.message)
        throw error
      }
    },

    /** Does a failed task again, with all its attempts, after `note` resolved. Throws TASK_NOT_FAILED for any other. */
    async retry(taskId: string, note: () => Promise<void>): Promise<void> {
      const { job } = await taskOf(taskId)
      const state = await withinPatience(job.getState())
      if (state !== 'failed') {
        throw new ApiError('TASK_NOT_FAILED', 409, `Only a failed task can be retried; this one is ${state}`, {
          details: { taskId, state }
        })
      }
      await note()
      await withinPatience(job.retry('failed', { resetAttemptsMade: true, resetAttemptsStarted: true }))
    },

    /** Workers of all processes finish what they do and take nothing more from the queue, until it is resumed. */
    pause: (name: QueueName) => withinPatience(queues[name].pause()),
    resume: (name: QueueName) => withinPatience(queues[name].resume())
  }
}

async function queueStatus(name: QueueName, queue: Queue): Promise<QueueStatus> {
  const [counts, isPaused, workers] = await Promise.all([
    queue.getJobCounts(...COUNTED),
    queue.isPaused(),
    queue.getWorkersCount()
  ])
  const count = (state: (typeof COUNTED)[number]) => counts[state] ?? 0
  return {
    name,
    isPaused,
    workers,
    active: count('active'),
    waiting: count('waiting') + count('prioritized'),
    delayed: count('delayed'),
    completed: count('completed'),
    failed: count('failed')
  }
}

function statusOf(queue: QueueName, job: Job, state: string, runs: JobRun[]): TaskStatus {
  const { processedOn, finishedOn, failedReason, progress } = job
  const spec: JobSpec | undefined = JOBS[job.name as JobName]
  return {
    taskId: job.id!,
    job: job.name,
    queue,
    state: state === 'prioritized' ? 'waiting' : state,
    payload: job.data as TaskStatus['payload'],
    attempts: job.attemptsMade,
    ...(spec && { maxAttempts: job.opts.attempts ?? spec.attempts }),
    dueAt: isoOf(job.timestamp + (job.opts.delay ?? 0)),
    ...(typeof progress === 'object' && { progress }),
    ...(processedOn !== undefined && { startedAt: isoOf(processedOn) }),
    ...(finishedOn !== undefined && { finishedAt: isoOf(finishedOn) }),
    ...(processedOn !== undefined && finishedOn !== undefined && { durationMs: finishedOn - processedOn }),
    ...(failedReason && { error: failedReason }),
    runs
  }
}

async function withinPatience<T>(work: Promise<T>): Promise<T> {
  try {
    return await withTimeout(work, PATIENCE_MS, () => {
      throw unavailable()
    })
  } catch (error) {
    throw error instanceof ApiError || error instanceof PayloadError ? error : unavailable(error)
  }
}

const unavailable = (cause?: unknown) =>
  new ApiError('JOBS_UNAVAILABLE', 503, 'The queues cannot be reached', { retryAfterSeconds: 5, cause })
