import type { Sql, TransactionSql } from 'postgres'
import { inTransaction, type Database } from './client.ts'
import { isLockTimeout } from './failures.ts'

/**
 * Whoever waits for a partition keeps all others waiting who come after, readers too, and a backup holds every table as
 * long as it takes: so it is given up soon, and tried again later.
 */
const LOCK_TIMEOUT_MS = 1000
/** A statement has a time limit. */
const MAX_ROWS_DELETED = 50_000

/** The partitioned tables: by which column, in months or days, and how many of these stand before and after today. */
const PARTITIONED = {
  /** Hourly bars reach back two years at the vendors that have most. */
  bars: { key: 'start', unit: 'month', back: 24, ahead: 2 },
  stock_price_history: { key: 'as_of', unit: 'month', back: 1, ahead: 2 },
  /** Overnight trades belong to the next session's date, which may lie days ahead. */
  ticks: { key: 'trade_date', unit: 'day', back: 2, ahead: 7 },
  bbo: { key: 'trade_date', unit: 'day', back: 2, ahead: 7 }
} as const
export type PartitionedTable = keyof typeof PARTITIONED
export const PARTITIONED_TABLES = Object.keys(PARTITIONED) as PartitionedTable[]

export function createPartitionStore({ sql }: Pick<Database, 'sql'>) {
  return {
    /**
     * Makes the partitions around an instant (epoch ms) for every table, but for those whose rows are not kept, and
     * returns how many are new. Rejects, once it has made the others, where one table is held for longer than may be waited for.
     */
    async ensure(now: number, keptSince: Readonly<Record<PartitionedTable, number>>): Promise<number> {
      const before = await partitionCount(sql)
      let refusal: unknown
      for (const table of PARTITIONED_TABLES) {
        await ensurePartitionsSoon(sql, table, now, keptSince[table]).catch((error: unknown) => {
          if (!isLockTimeout(error)) throw error
          refusal = error
        })
      }
      if (refusal) throw refusal
      return (await partitionCount(sql)) - before
    },

    /** Removes what is older than an instant (epoch ms) as far as that needs no search, and returns what was dropped. */
    dropBefore: (table: PartitionedTable, before: number) => dropPartitionsBefore(sql, table, before)
  }
}

/** As `ensurePartitions`; rejects where others keep the table for longer than one may keep all others waiting. */
export function ensurePartitionsSoon(
  sql: Sql,
  table: PartitionedTable,
  now: number,
  keptSince?: number
): Promise<void> {
  return withLockTimeout(sql, (tx) => ensurePartitions(tx, table, now, keptSince))
}

/**
 * Makes the partitions around an instant (epoch ms), of months or days since another one. Rows outside of them go to the
 * default partition.
 */
export async function ensurePartitions(
  sql: Sql | TransactionSql,
  table: PartitionedTable,
  now: number,
  keptSince = 0
): Promise<void> {
  const { unit, back, ahead } = PARTITIONED[table]
  const firstDays = Array.from({ length: back + ahead + 1 }, (_, index) => firstDay(unit, now, index - back)).filter(
    (day) => day >= firstDay(unit, keptSince)
  )
  await sql`
    select ensure_partition(${table}::text::regclass, ${unit}, day)
    from unnest(${firstDays}::text[]::date[]) as day`
}

/**
 * Drops the partitions whose rows are all older than an instant (epoch ms) and returns their names. Rows of such months or
 * days that never had a partition of their own are deleted from the default one.
 */
export async function dropPartitionsBefore(sql: Sql, table: PartitionedTable, before: number): Promise<string[]> {
  const firstKept = firstDay(PARTITIONED[table].unit, before)
  const suffixLength = PARTITIONED[table].unit === 'day' ? 10 : 7
  const firstKeptName = `${table}_${firstKept.slice(0, suffixLength).replaceAll('-', '_')}`
  const expired = await sql<{ name: string }[]>`
    select inhrelid::regclass::text as name from pg_inherits
    where inhparent = ${table}::text::regclass
      and inhrelid::regclass::text ~ ${`^${table}_\\d{4}(_\\d{2})+$`} and inhrelid::regclass::text < ${firstKeptName}
    order by name`
  for (const { name } of expired) await withLockTimeout(sql, (tx) => tx`drop table ${tx(name)}`)
  await deleteBefore(sql, table, firstKept)
  return expired.map(({ name }) => name)
}

async function deleteBefore(sql: Sql, table: PartitionedTable, firstKept: string): Promise<void> {
  const rest = sql(`${table}_default`)
  const { key } = PARTITIONED[table]
  let deleted: number
  do {
    const { count } = await sql`
      delete from ${rest} where ctid = any(array(
        select ctid from ${rest} where ${sql(key)} < ${firstKept}::text::timestamptz limit ${MAX_ROWS_DELETED}))`
    deleted = count
  } while (deleted === MAX_ROWS_DELETED)
}

function withLockTimeout<T>(sql: Sql, work: (tx: TransactionSql) => Promise<T>): Promise<T> {
  return inTransaction(sql, async (tx) => {
    await tx`select set_config('lock_timeout', ${String(LOCK_TIMEOUT_MS)}, true)`
    return work(tx)
  })
}

async function partitionCount(sql: Sql): Promise<number> {
  const [row] = await sql<{ count: number }[]>`
    select count(*)::int as count from pg_inherits where inhparent::regclass::text = any(${PARTITIONED_TABLES})`
  return row!.count
}

/** The first day, YYYY-MM-DD, of the UTC month or day that is so many after the one that holds an instant. */
function firstDay(unit: 'month' | 'day', instant: number, after = 0): string {
  const date = new Date(instant)
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()]
  const first = unit === 'day' ? Date.UTC(year, month, date.getUTCDate() + after) : Date.UTC(year, month + after)
  return new Date(first).toISOString().slice(0, 10)
}
