import { fileURLToPath } from 'node:url'
import postgres, { type Sql } from 'postgres'
import { drizzle, migrate as runMigrations } from './drizzle.ts'
import { CALENDARS } from '../src/market/calendars.ts'
import { seedCalendars } from './calendars.ts'
import { connectionSettings } from './client.ts'
import { isLockTimeout } from './failures.ts'
import { ensurePartitionsSoon, PARTITIONED_TABLES, type PartitionedTable } from './partitions.ts'
import type { Market } from './schema/operations.ts'

/** An advisory lock of this number serialises migrations: drizzle's own migrator has none. */
const MIGRATION_LOCK = 5_077_203
const CLOSE_TIMEOUT_SECONDS = 5
const MIGRATIONS_FOLDER = fileURLToPath(new URL('migrations', import.meta.url))

/** The database already holds the other market. Nothing in it was changed. */
export class WrongMarketError extends Error {
  constructor(held: string, wanted: Market) {
    super(
      `This database holds the ${held} market, and MARKET is ${wanted}: simulated and real data never share a database. ` +
        `Set MARKET=${held}, or DATABASE_URL to another database.`
    )
    this.name = 'WrongMarketError'
  }
}

/**
 * Brings a database to the newest schema, makes the partitions of the months around today and adds new calendars; safe to run at the same
 * time from several processes. With a market it also claims the database for it. `keptSince`: see `ensurePartitions`.
 * Throws WrongMarketError, before it changes anything, where the database belongs to the other market.
 */
export async function migrate(
  databaseUrl: string,
  market?: Market,
  keptSince?: Readonly<Record<PartitionedTable, number>>
): Promise<void> {
  const sql = postgres(databaseUrl, { ...connectionSettings('quotewire-migrate', 0), max: 1, max_lifetime: null })
  try {
    await sql`select pg_advisory_lock(${MIGRATION_LOCK}::bigint)`
    if (market) await refuseOtherMarket(sql, market)
    await runMigrations(drizzle(sql), { migrationsFolder: MIGRATIONS_FOLDER })
    if (market) await claimMarket(sql, market)
    for (const table of PARTITIONED_TABLES) {
      await ensurePartitionsSoon(sql, table, Date.now(), keptSince?.[table]).catch((error: unknown) => {
        // A backup holds them for hours. The daily job comes again, and until then rows go to the default partition.
        if (!isLockTimeout(error)) throw error
      })
    }
    await seedCalendars(sql, CALENDARS)
  } finally {
    // The lock goes with the session
    await sql.end({ timeout: CLOSE_TIMEOUT_SECONDS })
  }
}

/**
 * Marks a migrated database as this market's. Throws WrongMarketError where it is the other's, and an error that says
 * what to do where it was never migrated.
 */
export async function claimMarket(sql: Sql, market: Market): Promise<void> {
  if (!(await hasInstallation(sql)))
    throw new Error('The database has no tables yet: run `node bin/run.mjs src/commands/migrate.ts` first')
  await sql`insert into installation (market) values (${market}) on conflict do nothing`
  await refuseOtherMarket(sql, market)
}

async function refuseOtherMarket(sql: Sql, market: Market): Promise<void> {
  if (!(await hasInstallation(sql))) return
  const [installation] = await sql<{ market: string }[]>`select market from installation`
  if (installation && installation.market !== market) throw new WrongMarketError(installation.market, market)
}

async function hasInstallation(sql: Sql): Promise<boolean> {
  const [table] = await sql<{ exists: boolean }[]>`select to_regclass('installation') is not null as exists`
  return table!.exists
}
