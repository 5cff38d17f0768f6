import { and, desc, eq, getTableColumns, gte, like, lt, sql as expression } from './drizzle.ts'
import type { JobOutcome, JobRun, JobTotals } from '../src/jobs/job-run.ts'
import { isoOf } from '../src/market/time.ts'
import type { Database } from './client.ts'
import { latestByKey, present, upsertRows } from './rows.ts'
import { jobRuns } from './schema/jobs.ts'

/** Every try of every job: noted when it starts, and again when it ends. */
export function createJobRunStore({ db, sql }: Pick<Database, 'db' | 'sql'>) {
  const { job, startedAt, taskId, outcome } = jobRuns

  return {
    /** A run that has ended is never made to run again by a note that comes late. */
    async upsert(runs: readonly JobRun[]): Promise<number> {
      const rows = [...latestByKey(runs, keyOfRun).values()]
      return upsertRows(sql, jobRuns, rows, {
        key: ['taskId', 'startedAt'],
        where: "job_runs.outcome = 'running' or excluded.outcome <> 'running'"
      })
    },

    /** Newest first. */
    async list({ of, limit, before }: { of?: string; limit: number; before?: string }): Promise<JobRun[]> {
      const rows = await db
        .select()
        .from(jobRuns)
        .where(
          and(of === undefined ? undefined : eq(job, of), before === undefined ? undefined : lt(startedAt, before))
        )
        .orderBy(desc(startedAt), desc(taskId))
        .limit(limit)
      return rows.map(present)
    },

    /** Every try of a task, the newest first. */
    async ofTask(id: string): Promise<JobRun[]> {
      const rows = await db.select().from(jobRuns).where(eq(taskId, id)).orderBy(desc(startedAt))
      return rows.map(present)
    },

    /** What the runs since an instant (epoch ms) add up to, per job. */
    async totals(since: number): Promise<JobTotals[]> {
      const counted = await sql<Totals[]>`
        select job, count(*)::int as runs,
          coalesce(sum(items), 0)::int as items, coalesce(sum(failures), 0)::int as failures,
          percentile_cont(0.5) within group (order by extract(epoch from finished_at - started_at)) as p50,
          percentile_cont(0.99) within group (order by extract(epoch from finished_at - started_at)) as p99,
          (select jsonb_object_agg(outcome, runs) from (
            select outcome, count(*) as runs from job_runs each
            where each.job = job_runs.job and each.started_at >= ${isoOf(since)}::text::timestamptz group by outcome
          ) as outcomes) as outcomes
        from job_runs where started_at >= ${isoOf(since)}::text::timestamptz
        group by job order by job`
      const last = await db
        .selectDistinctOn([job], getTableColumns(jobRuns))
        .from(jobRuns)
        .where(gte(startedAt, isoOf(since)))
        .orderBy(job, desc(startedAt))
      const lastOf = new Map(last.map((run) => [run.job, present(run)]))
      return counted.map(({ p50, p99, ...totals }) => ({
        ...totals,
        ...(p50 !== null && p99 !== null && { durationMs: { p50: milliseconds(p50), p99: milliseconds(p99) } }),
        lastRun: lastOf.get(totals.job)!
      }))
    },

    /** The newest run of each schedule, of those since an instant (epoch ms). A scheduled task is named after it. */
    async lastScheduled(since: number): Promise<{ schedule: string; run: JobRun }[]> {
      const schedule = expression<string>`split_part(${taskId}, ':', 2)`
      const rows = await db
        .selectDistinctOn([schedule], { schedule, run: getTableColumns(jobRuns) })
        .from(jobRuns)
        .where(and(like(taskId, 'repeat:%'), gte(startedAt, isoOf(since))))
        .orderBy(schedule, desc(startedAt))
      return rows.map(({ schedule: id, run }) => ({ schedule: id, run: present(run) }))
    },

    /** Notes of runs that their task's death left without an end: the task was taken up again, or began before `before`. */
    async closeLost(before: number): Promise<number> {
      const closed = await sql`
        update job_runs set outcome = 'lost', finished_at = now()
        where outcome = 'running' and (started_at < ${isoOf(before)}::text::timestamptz or exists (
          select from job_runs later where later.task_id = job_runs.task_id and later.started_at > job_runs.started_at))`
      return closed.count
    },

    /** Deletes what began before an instant (epoch ms) and returns how many runs that were. */
    async deleteBefore(instant: number): Promise<number> {
      const deleted = await db
        .delete(jobRuns)
        .where(and(lt(startedAt, isoOf(instant)), expression`${outcome} <> 'running'`))
      return deleted.count
    }
  }
}

type Totals = Omit<JobTotals, 'durationMs' | 'lastRun'> & {
  outcomes: Partial<Record<JobOutcome, number>>
  /** Seconds; null where no run has ended. */
  p50: number | null
  p99: number | null
}

export const keyOfRun = ({ taskId, startedAt }: Pick<JobRun, 'taskId' | 'startedAt'>) => `${taskId} ${startedAt}`

const milliseconds = (seconds: number) => Math.round(seconds * 1000)
