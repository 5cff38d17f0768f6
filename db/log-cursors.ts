import type { Sql, TransactionSql } from 'postgres'
import { isoOf } from '../src/market/time.ts'
import type { Database } from './client.ts'
import type { CopyTransaction } from './copy.ts'

/** How far a consumer of the event log has come in one shard. The position is the log's own, opaque here. */
export type LogCursor = { readonly consumer: string; readonly shard: number; readonly position: string }

/** Who writes the log's trades and bars to Postgres. */
export const PERSIST = 'persist'

export type LogCursorStore = ReturnType<typeof createLogCursorStore>

export function createLogCursorStore({ sql }: Pick<Database, 'sql'>) {
  return {
    /** A consumer's positions by shard; a shard of which nothing was committed is missing. */
    async of(consumer: string): Promise<Map<number, string>> {
      const cursors = await readCursors(sql, consumer)
      return new Map(cursors.map(({ shard, position }) => [shard, position]))
    },

    /** The same with when each was committed. */
    list: (consumer: string) => readCursors(sql, consumer)
  }
}

/** A consumer's cursors, as a transaction sees them too. */
export async function readCursors(
  sql: Sql | TransactionSql,
  consumer: string
): Promise<(Omit<LogCursor, 'consumer'> & { readonly committedAt: string })[]> {
  const rows = await sql<{ shard: number; position: string; ms: number }[]>`
    select shard, position, (extract(epoch from committed_at) * 1000)::float8 as ms from log_cursors
    where consumer = ${consumer} order by shard`
  return rows.map(({ ms, ...cursor }) => ({ ...cursor, committedAt: isoOf(ms) }))
}

/** The position that was committed last, and when; undefined where nothing was. */
export async function committedCursor(
  tx: CopyTransaction,
  { consumer, shard }: Omit<LogCursor, 'position'>
): Promise<{ position: string; committedAt: Date } | undefined> {
  const [row] = await tx.query<{ position: string; committedAt: Date }>(
    'select position, committed_at as "committedAt" from log_cursors where consumer = $1 and shard = $2',
    [consumer, shard]
  )
  return row
}

/**
 * Moves a cursor in the transaction of the rows that were made of what lies before it: a crash keeps both or neither.
 * Until the transaction ends, another one that commits the same cursor waits.
 */
export async function commitCursor(tx: CopyTransaction, { consumer, shard, position }: LogCursor): Promise<void> {
  await tx.query(
    `insert into log_cursors (consumer, shard, position) values ($1, $2, $3)
    on conflict (consumer, shard) do update set position = excluded.position, committed_at = now()`,
    [consumer, shard, position]
  )
}
