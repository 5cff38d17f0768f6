import { check, index, integer, jsonb, pgTable, primaryKey, sql, text } from '../drizzle.ts'
import type { JobOutcome, JobRun } from '../../src/jobs/job-run.ts'
import { instant } from './columns.ts'

/** One try of a job: a task that is retried, or done again after its worker died, has several. */
export const jobRuns = pgTable(
  'job_runs',
  {
    taskId: text().notNull(),
    startedAt: instant().notNull(),
    job: text().notNull(),
    queue: text().notNull(),
    worker: text().notNull(),
    attempt: integer().notNull(),
    payload: jsonb().$type<JobRun['payload']>().notNull(),
    /** When a scheduled run was due, or a wanted one was asked for. */
    dueAt: instant().notNull(),
    finishedAt: instant(),
    outcome: text().$type<JobOutcome>().notNull(),
    items: integer(),
    failures: integer(),
    note: text(),
    error: text()
  },
  (table) => [
    primaryKey({ columns: [table.taskId, table.startedAt] }),
    index('job_runs_job').on(table.job, table.startedAt),
    index('job_runs_started_at').on(table.startedAt),
    check(
      'job_runs_outcome_known',
      sql`${table.outcome} in ('running', 'done', 'skipped', 'failed', 'throttled', 'interrupted', 'lost')`
    ),
    check('job_runs_finished', sql`(${table.outcome} = 'running') = (${table.finishedAt} is null)`)
  ]
)
