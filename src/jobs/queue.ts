import { randomUUID } from 'node:crypto'
import { Queue, type Job, type JobsOptions, type RepeatOptions } from 'bullmq'
import type { Redis } from 'ioredis'
import { Compile } from 'typebox/compile'
import { JOB_NAMES, JOBS, QUEUE_NAMES, type JobName, type JobSpec, type Payload } from './catalog.ts'
import type { QueueName, Schedule, ScheduleSettings } from './catalog.ts'
import { parseSymbol } from '../market/symbol.ts'

/** Jobs of running installations wait under this name: another one would lose them. */
export const QUEUE_PREFIX = '{quotewire-jobs}'

const DAY_SECONDS = 86_400
const KEPT_JOBS: JobsOptions = {
  removeOnComplete: { age: DAY_SECONDS, count: 1000 },
  removeOnFail: { age: 7 * DAY_SECONDS, count: 1000 }
}
const BACKOFF_JITTER = 0.5

/** A payload that does not fit its job; `message` says where and why. */
export class PayloadError extends Error {
  constructor(job: string, problems: string) {
    super(`The payload does not fit ${job}: ${problems}`)
    this.name = 'PayloadError'
  }
}

const validators = Object.fromEntries(JOB_NAMES.map((name) => [name, Compile(JOBS[name].payload)]))

/** The payload, typed. Throws PayloadError. */
export function checkPayload<Name extends JobName>(name: Name, given: unknown): Payload<Name> {
  const payload = withCanonicalSymbols(given)
  const validator = validators[name]!
  if (validator.Check(payload)) {
    const { problemOf }: JobSpec = JOBS[name]
    const problem = problemOf?.(payload as never)
    if (problem !== undefined) throw new PayloadError(name, problem)
    return payload as Payload<Name>
  }
  const [first] = validator.Errors(payload)
  const place = first?.instancePath.slice(1).replaceAll('/', '.') || 'it'
  throw new PayloadError(name, `${place} ${first?.message ?? 'is wrong'}`)
}

/** Symbols under their canonical names, each once; what cannot be a symbol stays, and does not fit. */
function withCanonicalSymbols(payload: unknown): unknown {
  if (typeof payload !== 'object' || payload === null || !('symbols' in payload)) return payload
  const { symbols } = payload
  if (!Array.isArray(symbols)) return payload
  const canonical = symbols.map((text: unknown) => (typeof text === 'string' ? (parseSymbol(text) ?? text) : text))
  return { ...payload, symbols: [...new Set(canonical)] }
}

export type JobQueuesOptions = {
  redis: Redis
  settings: ScheduleSettings
  /** Hears what goes wrong behind the callers' backs. */
  onError: (error: Error) => void
}

export type JobQueues = ReturnType<typeof createJobQueues>

/** Where jobs are put and found. The connection stays the caller's to close. */
export function createJobQueues({ redis, settings, onError }: JobQueuesOptions) {
  const catalog = catalogSchedules(settings)
  const open = (name: QueueName) => {
    const queue = new Queue(name, {
      connection: redis,
      prefix: QUEUE_PREFIX,
      defaultJobOptions: KEPT_JOBS,
      // A queue asks for the version once, and where that one answer is late it fails for as long as it lives.
      skipVersionCheck: true
    })
    queue.on('error', onError)
    return queue
  }
  const queues: Record<QueueName, Queue> = {
    live: open('live'),
    market: open('market'),
    maintenance: open('maintenance')
  }

  async function upsert({ id, job, schedule }: NamedSchedule): Promise<void> {
    const data = checkPayload(job, schedule.payload ?? {})
    const template = { name: job, data, opts: optionsOf(JOBS[job]) }
    await queues[JOBS[job].queue].upsertJobScheduler(id, timesOf(schedule), template)
  }

  return {
    queues,
    /** All that there should be. */
    schedules: catalog,

    /** Puts a job into its queue and returns the id of its task. Throws PayloadError. */
    async add<Name extends JobName>(name: Name, payload: Payload<Name>): Promise<string> {
      const jobId = `${name}-${randomUUID()}`
      await queues[JOBS[name].queue].add(name, checkPayload(name, payload), { ...optionsOf(JOBS[name]), jobId })
      return jobId
    },

    /** The task's queue and job, wherever it lies; undefined for what cannot be the id of a task. */
    async find(taskId: string): Promise<{ queue: QueueName; job: Job } | undefined> {
      if (!TASK_ID.test(taskId)) return undefined
      const found = await Promise.all(QUEUE_NAMES.map((name) => queues[name].getJob(taskId)))
      const at = found.findIndex((job) => job !== undefined)
      return at < 0 ? undefined : { queue: QUEUE_NAMES[at]!, job: found[at]! }
    },

    /**
     * Makes the schedules what the catalog says and removes all others. Every worker process does this when it starts:
     * a schedule that is there already keeps its time.
     */
    async syncSchedules(schedules: readonly NamedSchedule[] = catalog): Promise<void> {
      for (const queueName of QUEUE_NAMES) {
        const queue = queues[queueName]
        const wanted = schedules.filter(({ job }) => JOBS[job].queue === queueName)
        const ids = new Set(wanted.map(({ id }) => id))
        for (const { key } of await queue.getJobSchedulers()) if (!ids.has(key)) await queue.removeJobScheduler(key)
        for (const each of wanted) await upsert(each)
      }
    },

    /** Puts back schedules of the catalog that are gone, as after Redis lost its data. Those that are there stay as they are. */
    async restoreSchedules(): Promise<void> {
      const held = await Promise.all(QUEUE_NAMES.map((name) => queues[name].getJobSchedulers()))
      const ids = new Set(held.flat().map(({ key }) => key))
      for (const each of catalog) if (!ids.has(each.id)) await upsert(each)
    },

    /** How long after a scheduled task another of its kind comes; undefined for tasks that somebody asked for. */
    intervalOf({ repeatJobKey }: Pick<Job, 'repeatJobKey'>): number | undefined {
      const schedule = catalog.find(({ id }) => id === repeatJobKey)?.schedule
      return schedule && 'everyMs' in schedule ? schedule.everyMs : undefined
    },

    async close(): Promise<void> {
      await Promise.all(Object.values(queues).map((queue) => queue.close()))
    }
  }
}

/**
 * Ids that tasks have: of `add`, of a schedule (`repeat:NAME:DUE_AT`), and the numbers that BullMQ gives where nobody named
 * one. A task's key is its id behind the queue's prefix, where the queue's own keys (`meta`, `delayed`, `7:lock`) stand too.
 */
export const TASK_ID = /^(\d+|repeat:[\w.-]+:\d+|[a-z-]+-[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12})$/

export type NamedSchedule = { readonly id: string; readonly job: JobName; readonly schedule: Schedule }

/** All schedules of the catalog; a job's name, and its variant where it has several, makes the id. */
function catalogSchedules(settings: ScheduleSettings): NamedSchedule[] {
  return JOB_NAMES.flatMap((job) => {
    const { schedules }: JobSpec = JOBS[job]
    const all = typeof schedules === 'function' ? schedules(settings) : schedules
    return all.map((schedule) => ({ id: schedule.variant ? `${job}.${schedule.variant}` : job, job, schedule }))
  })
}

function optionsOf({ priority, attempts, backoffMs }: JobSpec): JobsOptions {
  return { priority, attempts, backoff: { type: 'exponential', delay: backoffMs, jitter: BACKOFF_JITTER } }
}

function timesOf(schedule: Schedule): Omit<RepeatOptions, 'key'> {
  return 'everyMs' in schedule ? { every: schedule.everyMs } : { pattern: schedule.cron, tz: schedule.timeZone }
}
