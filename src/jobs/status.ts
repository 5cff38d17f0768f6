import { Type, type Static } from 'typebox'
import { JobOutcome, JobRun, JobTotals } from './job-run.ts'

const Instant = Type.String({ format: 'date-time' })

export const QueueStatus = Type.Object({
  name: Type.String(),
  isPaused: Type.Boolean(),
  workers: Type.Integer({ description: 'Processes that work it' }),
  active: Type.Integer(),
  waiting: Type.Integer(),
  delayed: Type.Integer({ description: 'Scheduled, or to be tried again later' }),
  completed: Type.Integer({ description: 'Kept for a day' }),
  failed: Type.Integer({ description: 'Kept for a week' })
})
export type QueueStatus = Static<typeof QueueStatus>

export const ScheduleStatus = Type.Object({
  id: Type.String(),
  job: Type.String(),
  everyMs: Type.Optional(Type.Integer()),
  cron: Type.Optional(Type.String()),
  timeZone: Type.Optional(Type.String()),
  nextRunAt: Type.Optional(Instant),
  lagMs: Type.Optional(Type.Integer({ description: 'By how much the next run is overdue' })),
  lastRunAt: Type.Optional(Instant),
  lastOutcome: Type.Optional(JobOutcome)
})
export type ScheduleStatus = Static<typeof ScheduleStatus>

export const CatalogEntry = Type.Object({
  job: Type.String(),
  queue: Type.String(),
  summary: Type.String({ description: 'What it does' }),
  payload: Type.Record(Type.String(), Type.Unknown(), { description: 'JSON Schema of what it takes' })
})
export type CatalogEntry = Static<typeof CatalogEntry>

export const JobsStatus = Type.Object({
  catalog: Type.Array(CatalogEntry, { description: 'Every job that can be run' }),
  queues: Type.Array(QueueStatus),
  schedules: Type.Array(ScheduleStatus),
  jobs: Type.Array(JobTotals)
})
export type JobsStatus = Static<typeof JobsStatus>

export const TaskStatus = Type.Object({
  taskId: Type.String(),
  job: Type.String(),
  queue: Type.String(),
  state: Type.String({
    description: 'waiting, delayed, active, completed, failed; removed where only its runs are left'
  }),
  payload: Type.Record(Type.String(), Type.Unknown()),
  progress: Type.Optional(Type.Unknown()),
  attempts: Type.Integer({ description: 'Made so far' }),
  maxAttempts: Type.Optional(Type.Integer()),
  dueAt: Instant,
  startedAt: Type.Optional(Instant),
  finishedAt: Type.Optional(Instant),
  durationMs: Type.Optional(Type.Integer()),
  error: Type.Optional(Type.String({ description: 'Of the last attempt' })),
  runs: Type.Array(JobRun, { description: 'Newest first' })
})
export type TaskStatus = Static<typeof TaskStatus>
