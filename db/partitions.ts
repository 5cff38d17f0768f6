import type { Sql } from 'postgres'

/** Hourly bars reach back two years at the vendors that have most. */
const MONTHS_BACK = 24
const MONTHS_AHEAD = 2

export type PartitionedTable = 'bars'

/** Makes the monthly partitions around an instant (epoch ms). Rows outside of them go to the default partition. */
export async function ensurePartitions(sql: Sql, table: PartitionedTable, now: number): Promise<void> {
  const months = Array.from({ length: MONTHS_BACK + MONTHS_AHEAD + 1 }, (_, index) =>
    monthAfter(now, index - MONTHS_BACK)
  )
  await sql`
    select ensure_month_partition(${table}::text::regclass, month)
    from unnest(${months}::text[]::date[]) as month`
}

/** Drops the partitions whose rows are all older than an instant (epoch ms) and returns their names. */
export async function dropPartitionsBefore(sql: Sql, table: PartitionedTable, before: number): Promise<string[]> {
  const firstKept = `${table}_${monthAfter(before, 0).slice(0, 7).replace('-', '_')}`
  const expired = await sql<{ name: string }[]>`
    select inhrelid::regclass::text as name from pg_inherits
    where inhparent = ${table}::text::regclass
      and inhrelid::regclass::text ~ ${`^${table}_\\d{4}_\\d{2}$`} and inhrelid::regclass::text < ${firstKept}
    order by name`
  for (const { name } of expired) await sql`drop table ${sql(name)}`
  return expired.map(({ name }) => name)
}

/** The first day, YYYY-MM-DD, of the UTC month that is `months` after the one that holds an instant. */
function monthAfter(instant: number, months: number): string {
  const date = new Date(instant)
  return new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + months)).toISOString().slice(0, 10)
}
