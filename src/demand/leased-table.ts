import { join } from 'node:path'
import type { Redis, Result } from 'ioredis'
import { defineScript } from '../redis/script.ts'

/**
 * A table in Redis whose rows belong to processes and end with them: who wants what (`leases`), who brings it (`answers`),
 * and what vendors' streams do (`streams`). Whoever holds rows tells changes and renews; whoever reads follows the changes, and learns by their numbers
 * that it missed some.
 */
export type TableName = 'leases' | 'answers' | 'streams'

/** The rows of a process that does not renew for so long are gone. */
export const LIFE_MS = 6000
export const RENEW_EVERY_MS = 2000
/** So many rows are told at a time: a command of this size keeps Redis for less than a millisecond. */
export const ROWS_PER_CHANGE = 500
/** A reader that is behind by more changes reads the whole table again. */
const MAX_CHANGES = 1000

/** See lease-rows-4.lua. */
export type ChangeKind = 'gone' | 'anew' | 'change' | 'whole'

declare module 'ioredis' {
  interface RedisCommander<Context> {
    /** See lease-rows-4.lua. */
    leaseRows(
      holders: string,
      changes: string,
      newest: string,
      rows: string,
      prefix: string,
      kept: number,
      kind: ChangeKind | 'look',
      holder: string,
      lifeMs: number,
      told: number,
      ...row: string[]
    ): Result<number, Context>
    /** See scan-rows-1.lua. */
    scanRows(rows: string, cursor: string, count: number): Result<[cursor: string, rows: string], Context>
  }
}

export type TableKeys = {
  readonly holders: string
  readonly changes: string
  readonly newest: string
  readonly rowsOf: (holder: string) => string
}

export function keysOf(table: TableName): TableKeys {
  const prefix = `quotewire:${table}`
  return {
    holders: `${prefix}:holders`,
    changes: `${prefix}:changes`,
    newest: `${prefix}:newest`,
    rowsOf: (holder) => `${prefix}:rows:${holder}`
  }
}

/** Gives a connection the commands of leased tables. */
export function defineLeaseCommands(redis: Redis): void {
  if ('leaseRows' in redis) return
  for (const file of ['lease-rows-4.lua', 'scan-rows-1.lua']) defineScript(redis, join(import.meta.dirname, file))
}

/** What `leaseRows` is given to end what lapsed, and to answer the number of the newest change. */
export function lookAt(table: TableName) {
  const { holders, changes, newest, rowsOf } = keysOf(table)
  return [holders, changes, newest, rowsOf(''), rowsOf(''), MAX_CHANGES, 'look', '', LIFE_MS, 0] as const
}

export type Telling = {
  readonly kind: ChangeKind
  readonly holder: string
  /** How often the holder told before. */
  readonly told: number
  /** Fields with their values; an empty value removes. */
  readonly rows?: readonly (readonly [field: string, value: string])[]
}

/** Tells of a holder's rows; 0: it must tell all of them anew. Rejects while Redis is away. */
export function tell(redis: Redis, table: TableName, { kind, holder, told, rows = [] }: Telling): Promise<number> {
  const { holders, changes, newest, rowsOf } = keysOf(table)
  const flat = rows.flat()
  return redis.leaseRows(
    holders,
    changes,
    newest,
    rowsOf(holder),
    rowsOf(''),
    MAX_CHANGES,
    kind,
    holder,
    LIFE_MS,
    told,
    ...flat
  )
}
