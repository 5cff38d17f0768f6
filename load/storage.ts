import { spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import { createDatabase, type Database } from '../db/client.ts'
import { inCopyTransaction } from '../db/copy.ts'
import { commitCursor } from '../db/log-cursors.ts'
import { migrate } from '../db/migrate.ts'
import { ensurePartitions } from '../db/partitions.ts'
import { ticks } from '../db/schema/ticks.ts'
import { insertTicks, type TickReport } from '../db/tick-writes.ts'
import { startPostgres } from '../src/embedded/postgres.ts'
import { median } from './processes.ts'

const ROWS = 200_000
/** Of one statement after the other so many take as long. */
const DRIZZLE_ROWS = 20_000
const DRIZZLE_ROWS_PER_STATEMENT = 1000
const ROWS_PER_TRANSACTION = 10_000
const ROUNDS = 5
const SYMBOLS = 2000
const START_MS = Date.parse('2026-11-30T15:00:00Z')
const DATE = '2026-11-30'

type Way = 'persist' | 'psql' | 'drizzle'
type Rates = Record<Way, number[]>

/**
 * Trades into the partitioned table of a durable Postgres: as the persist process writes them, 10,000 in a transaction with its
 * cursor; as text of the same rows by psql's \copy, all in one; and by drizzle, 1,000 in a statement. In turn, with the indexes
 * that the table has, and with BRIN alone.
 */
export async function run(): Promise<Record<string, number>> {
  const home = await mkdtemp(join(tmpdir(), 'quotewire-load-'))
  const server = await startPostgres({ home, directory: join(home, 'postgres') })
  try {
    const file = join(home, 'ticks.txt')
    const brin = await measure(await freshDatabase(server.url, 'brin', leaveBrin), file)
    const indexed = await measure(await freshDatabase(server.url, 'indexed'), file)
    console.table([rowOf('BRIN alone', brin), rowOf('as it is', indexed)])
    return {
      ratio: ratioOf(brin, 'psql'),
      ratioIndexed: ratioOf(indexed, 'psql'),
      ratioDrizzle: ratioOf(indexed, 'drizzle'),
      rowsPerSecond: Math.round(median(indexed.persist)),
      rowsPerSecondBrin: Math.round(median(brin.persist))
    }
  } finally {
    await server.stop()
    await rm(home, { recursive: true, force: true })
  }
}

/** A migrated database of its own, with the partitions of that day. */
export async function freshDatabase(url: string, name: string, prepare?: (sql: Database['sql']) => Promise<unknown>) {
  const server = postgres(url, { max: 1 })
  await server`create database ${server(name)}`
  await server.end()
  const own = new URL(url)
  own.pathname = name
  await migrate(own.href)
  const database = createDatabase({ url: own.href, applicationName: 'quotewire load' })
  for (const table of ['ticks', 'bbo'] as const) await ensurePartitions(database.sql, table, START_MS)
  await prepare?.(database.sql)
  return { ...database, url: own.href }
}

async function leaveBrin(sql: Database['sql']): Promise<void> {
  await sql`alter table ticks drop constraint ticks_identity`
  await sql`drop index ticks_instrument_as_of`
}

async function measure(database: Database & { url: string }, file: string): Promise<Rates> {
  const rates: Rates = { persist: [], psql: [], drizzle: [] }
  const reports = Array.from({ length: ROWS }, (_, number) => tradeAt(number))
  try {
    for (let round = 0; round <= ROUNDS; round++) {
      const begin = async () => {
        await database.sql`truncate ticks`
        await database.sql`checkpoint`
        return performance.now()
      }
      let begun = await begin()
      await persist(database, reports)
      const persisted = ROWS / (performance.now() - begun)
      if (round === 0) psql(database.url, `\\copy (select * from ticks) to '${file}'`)
      begun = await begin()
      psql(database.url, `\\copy ticks from '${file}'`)
      const copied = ROWS / (performance.now() - begun)
      begun = await begin()
      await byDrizzle(database, reports)
      const inserted = DRIZZLE_ROWS / (performance.now() - begun)
      // The first round is for the program to become warm.
      if (round === 0) continue
      rates.persist.push(persisted * 1000)
      rates.psql.push(copied * 1000)
      rates.drizzle.push(inserted * 1000)
    }
    return rates
  } finally {
    await database.close()
  }
}

async function persist({ copyPool }: Database, reports: readonly TickReport[]): Promise<void> {
  for (let first = 0; first < ROWS; first += ROWS_PER_TRANSACTION) {
    await inCopyTransaction(copyPool, async (tx) => {
      await insertTicks(tx, reports.slice(first, first + ROWS_PER_TRANSACTION), { areNew: true })
      await commitCursor(tx, { consumer: 'load', shard: 0, position: String(first) })
    })
  }
}

function psql(url: string, command: string): void {
  const { status, stderr, error } = spawnSync('psql', [url, '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-c', command])
  if (status !== 0) throw new Error(`psql, which this load needs: ${error?.message ?? stderr.toString()}`)
}

async function byDrizzle({ db }: Database, reports: readonly TickReport[]): Promise<void> {
  for (let first = 0; first < DRIZZLE_ROWS; first += DRIZZLE_ROWS_PER_STATEMENT) {
    await db.insert(ticks).values(reports.slice(first, first + DRIZZLE_ROWS_PER_STATEMENT).map(drizzleRow))
  }
}

function drizzleRow({ instrumentId, kind, tick }: TickReport): typeof ticks.$inferInsert {
  if (kind !== 'trade') throw new RangeError('there are trades alone')
  const { symbol: _, receivedAt, ...rest } = tick
  const key = `id ${tick.venue} ${tick.tape} ${tick.tradeId}`
  return { ...rest, instrumentId, kind, key, ns: tick.asOf.ns % 1000, receivedAt: new Date(receivedAt).toISOString() }
}

export function tradeAt(number: number): TickReport {
  const ms = START_MS + Math.floor(number / 100)
  return {
    instrumentId: 1 + ((number * 7919) % SYMBOLS),
    kind: 'trade',
    tick: {
      symbol: '',
      asOf: { ms, ns: (number % 100) * 10_000 + (number % 1000) },
      sequence: 84_000_000 + number,
      tradeDate: DATE,
      session: 'regular',
      tape: 'C',
      source: 'alpaca',
      feed: 'consolidated',
      receivedAt: ms + 5,
      price: 231.45 + (number % 100) / 100,
      size: 100 + (number % 7) / 10,
      venue: 'XNAS',
      conditions: number % 3 === 0 ? ['@', 'I'] : ['@'],
      tradeId: String(52_983_525_029_461 + number)
    }
  }
}

function rowOf(table: string, { persist: persisted, psql: copied, drizzle }: Rates) {
  const thousands = (rates: number[]) => Math.round(median(rates) / 1000)
  return {
    table,
    'persist, k rows/s': thousands(persisted),
    'psql \\copy, k rows/s': thousands(copied),
    'drizzle, k rows/s': thousands(drizzle)
  }
}

function ratioOf(rates: Rates, to: Way): number {
  return Math.round(median(rates.persist.map((rate, round) => rate / rates[to][round]!)) * 100) / 100
}
