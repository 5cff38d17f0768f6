import type { BarUpdate } from '../src/market/event.ts'
import type { CopyTransaction } from './copy.ts'

/** What one transaction wrote of bars, in the order in which it is to be told. */
export type BarsToTell = { readonly id: number; readonly updates: readonly BarUpdate['data'][] }

/** Notes what is to be told of bars, in the transaction that writes them: a crash keeps both or neither. */
export async function noteBarsToTell(
  tx: CopyTransaction,
  shard: number,
  updates: BarsToTell['updates']
): Promise<BarsToTell> {
  const [row] = await tx.query<{ id: number }>(
    'insert into bar_outbox (shard, updates) values ($1, $2) returning id::float8 as id',
    [shard, JSON.stringify(updates)]
  )
  return { id: row!.id, updates }
}

/**
 * What is to be told of a shard of a log of so many, the oldest first. Of a log that had more of them before, each shard has
 * what was of those beyond.
 */
export async function barsToTell(tx: CopyTransaction, shard: number, shards: number): Promise<BarsToTell[]> {
  const rows = await tx.query<{ id: number; updates: string }>(
    'select id::float8 as id, updates from bar_outbox where shard % $2 = $1 order by bar_outbox.id',
    [shard, shards]
  )
  return rows.map(({ id, updates }) => ({ id, updates: JSON.parse(updates) as BarsToTell['updates'] }))
}

export async function forgetToldBars(tx: CopyTransaction, ids: readonly number[]): Promise<void> {
  await tx.query('delete from bar_outbox where id = any($1::bigint[])', [ids])
}
