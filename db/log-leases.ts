import { inTransaction, type Database } from './client.ts'
import type { CopyTransaction } from './copy.ts'

/** The right of one process to work a shard for a consumer of the event log. */
export type LogLease = {
  readonly consumer: string
  readonly shard: number
  readonly owner: string
  readonly fence: number
}

export type LeaseClaim = {
  readonly consumer: string
  readonly owner: string
  readonly shards: number
  /** A process that is not heard for so long is dead, and its shards are free. */
  readonly ttlMs: number
}

export type LogLeaseStore = ReturnType<typeof createLogLeaseStore>

/** How processes share the shards of the event log, by the clock of Postgres, where they write what they read. */
export function createLogLeaseStore({ sql }: Pick<Database, 'sql'>) {
  return {
    /**
     * Renews what a process holds and takes of what is free as much as is its share among the processes that are alive.
     * Returns all that it holds now. Where that is more than `share`, others wait for the rest to be released.
     */
    claim({ consumer, owner, shards, ttlMs }: LeaseClaim): Promise<{ leases: LogLease[]; share: number }> {
      const ttl = `${ttlMs} milliseconds`
      return inTransaction(sql, async (tx) => {
        await tx`select pg_advisory_xact_lock(hashtextextended(${`log_leases ${consumer}`}, 0))`
        await tx`delete from log_members where alive_until < clock_timestamp()`
        await tx`insert into log_members (consumer, owner, alive_until)
          values (${consumer}, ${owner}, clock_timestamp() + ${ttl}::text::interval)
          on conflict (consumer, owner) do update set alive_until = excluded.alive_until`
        await tx`update log_leases set held_until = clock_timestamp() + ${ttl}::text::interval
          where consumer = ${consumer} and owner = ${owner} and held_until > '-infinity' and shard < ${shards}`
        const [members] = await tx<{ count: number }[]>`
          select count(*)::int as count from log_members where consumer = ${consumer}`
        const share = Math.ceil(shards / members!.count)
        await tx`insert into log_leases (consumer, shard, owner, fence, held_until)
          select ${consumer}, shard, ${owner}, 1, clock_timestamp() + ${ttl}::text::interval
          from generate_series(0, ${shards - 1}) as shard
          where not exists (
            select from log_leases as held
            where held.consumer = ${consumer} and held.shard = shard.shard and held.held_until > clock_timestamp())
          order by shard
          limit greatest(0, ${share} - (
            select count(*) from log_leases where consumer = ${consumer} and owner = ${owner} and held_until > clock_timestamp()))
          on conflict (consumer, shard) do update
          set owner = excluded.owner, fence = log_leases.fence + 1, held_until = excluded.held_until`
        const leases = await tx<LogLease[]>`
          select consumer, shard, owner, fence::float8 as fence from log_leases
          where consumer = ${consumer} and owner = ${owner} and held_until > clock_timestamp() and shard < ${shards}
          order by shard`
        return { leases: [...leases], share }
      })
    },

    /** Lets others have a shard at once. */
    async release({ consumer, shard, owner, fence }: LogLease): Promise<void> {
      await sql`update log_leases set held_until = '-infinity'
        where consumer = ${consumer} and shard = ${shard} and owner = ${owner} and fence = ${fence}`
    },

    /** Takes a process out of the count of those that share. */
    async leave(consumer: string, owner: string): Promise<void> {
      await sql`delete from log_members where consumer = ${consumer} and owner = ${owner}`
    }
  }
}

/**
 * Whether the lease is still the shard's newest. Then nobody takes the shard over before this transaction has ended, so that
 * whoever does finds all that was written.
 */
export async function holdsLease(tx: CopyTransaction, { consumer, shard, owner, fence }: LogLease): Promise<boolean> {
  const rows = await tx.query(
    'select from log_leases where consumer = $1 and shard = $2 and owner = $3 and fence = $4 for update',
    [consumer, shard, owner, fence]
  )
  return rows.length === 1
}
