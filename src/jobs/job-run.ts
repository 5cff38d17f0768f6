import { Type, type Static } from 'typebox'

/**
 * How a try of a job ended: `skipped` had nothing to do or could not afford it, `throttled` was refused by every
 * provider's budget and waits without losing an attempt, `interrupted` was given back by a worker that stopped,
 * `lost` died with its worker, or outlived its lock while Redis was away, and was done again.
 */
export const JobOutcome = Type.Enum(['running', 'done', 'skipped', 'failed', 'throttled', 'interrupted', 'lost'])
export type JobOutcome = Static<typeof JobOutcome>

/** One try of a job. A task that is retried, or done again after its worker died, has several. */
export const JobRun = Type.Object(
  {
    taskId: Type.String(),
    job: Type.String(),
    queue: Type.String(),
    worker: Type.String({ description: 'Host and process that did it' }),
    attempt: Type.Integer({ minimum: 1 }),
    payload: Type.Record(Type.String(), Type.Unknown()),
    dueAt: Type.String({ format: 'date-time', description: 'When a scheduled run was due, or a wanted one asked for' }),
    startedAt: Type.String({ format: 'date-time' }),
    finishedAt: Type.Optional(Type.String({ format: 'date-time' })),
    outcome: JobOutcome,
    items: Type.Optional(Type.Integer({ description: 'What was renewed, written or removed' })),
    failures: Type.Optional(Type.Integer({ description: 'What could not be, although the run went on' })),
    note: Type.Optional(Type.String()),
    error: Type.Optional(Type.String())
  },
  { $id: 'JobRun' }
)
export type JobRun = Static<typeof JobRun>

/** What the runs of one job add up to. */
export const JobTotals = Type.Object({
  job: Type.String(),
  runs: Type.Integer({ description: 'In the last 24 hours, those that go on included' }),
  outcomes: Type.Partial(Type.Record(JobOutcome, Type.Integer())),
  items: Type.Integer(),
  failures: Type.Integer({ description: 'Items that could not be done' }),
  durationMs: Type.Optional(Type.Object({ p50: Type.Number(), p99: Type.Number() })),
  lastRun: JobRun
})
export type JobTotals = Static<typeof JobTotals>
