import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { insertBbo, type BboReport } from '../db/bbo.ts'
import type { Database } from '../db/client.ts'
import { inCopyTransaction, type CopyTransaction } from '../db/copy.ts'
import { commitCursor } from '../db/log-cursors.ts'
import { insertTicks } from '../db/tick-writes.ts'
import { startPostgres } from '../src/embedded/postgres.ts'
import { cpuSecondsOfFamily, median } from './processes.ts'
import { freshDatabase, tradeAt } from './storage.ts'

const ROWS = 100_000
const ROWS_PER_TRANSACTION = 10_000
const ROUNDS = 5

type Cost = { readonly rowsPerSecond: number; readonly ownCpu: number; readonly postgresCpu: number }
type Table = 'ticks' | 'bbo'

/**
 * Trades, and as many best bids and offers of the same instants, into a durable Postgres as the persist process writes them,
 * 10,000 in a transaction with its cursor. CPU is in microseconds a row, bytes are those of the table with its indexes.
 */
export async function run(): Promise<Record<string, number>> {
  const home = await mkdtemp(join(tmpdir(), 'quotewire-load-'))
  const server = await startPostgres({ home, directory: join(home, 'postgres') })
  try {
    const database = await freshDatabase(server.url, 'bbo')
    try {
      const ways = waysOf()
      const costs: Record<Table, Cost[]> = { ticks: [], bbo: [] }
      const pid = postmasterIn(join(home, 'postgres', 'data'))
      for (let round = 0; round <= ROUNDS; round++) {
        for (const table of ['ticks', 'bbo'] as const) {
          const cost = await measure(database, table, ways[table], pid)
          // The first round is for the program to become warm.
          if (round > 0) costs[table].push(cost)
        }
      }
      const bytes = { ticks: await bytesOf(database, 'ticks'), bbo: await bytesOf(database, 'bbo') }
      console.table(Object.fromEntries(Object.entries(costs).map(([table, each]) => [table, medianOf(each)])))
      const [ticks, bbo] = [medianOf(costs.ticks), medianOf(costs.bbo)]
      return {
        ticksPerSecond: ticks.rowsPerSecond,
        bboPerSecond: bbo.rowsPerSecond,
        ticksOwnCpu: ticks.ownCpu,
        bboOwnCpu: bbo.ownCpu,
        ticksPostgresCpu: ticks.postgresCpu,
        bboPostgresCpu: bbo.postgresCpu,
        ticksBytes: bytes.ticks,
        bboBytes: bytes.bbo
      }
    } finally {
      await database.close()
    }
  } finally {
    await server.stop()
    await rm(home, { recursive: true, force: true })
  }
}

type Write = (tx: CopyTransaction, first: number, end: number) => Promise<unknown>

function waysOf(): Record<Table, Write> {
  const trades = Array.from({ length: ROWS }, (_, number) => tradeAt(number))
  const quotes = trades.map(({ instrumentId, tick }, number): BboReport => {
    const { symbol, asOf, sequence, tradeDate, session = 'regular', tape = 'C', source, feed, receivedAt } = tick
    const [bid, ask] = [231.45 + (number % 100) / 100, 231.47 + (number % 100) / 100]
    const sides = { bid, bidSize: 300, bidVenue: 'XNAS', ask, askSize: 200, askVenue: 'ARCX', conditions: ['R'] }
    return {
      instrumentId,
      tick: { symbol, asOf, sequence, tradeDate, session, tape, source, feed, receivedAt, ...sides }
    }
  })
  return {
    ticks: (tx, first, end) => insertTicks(tx, trades.slice(first, end), { areNew: true }),
    bbo: (tx, first, end) => insertBbo(tx, quotes.slice(first, end))
  }
}

async function measure({ sql, copyPool }: Database, table: Table, write: Write, pid: number): Promise<Cost> {
  await sql`truncate ${sql(table)}`
  await sql`checkpoint`
  const postgresBefore = cpuSecondsOfFamily(pid)
  const ownBefore = process.cpuUsage()
  const begun = performance.now()
  for (let first = 0; first < ROWS; first += ROWS_PER_TRANSACTION) {
    await inCopyTransaction(copyPool, async (tx) => {
      await write(tx, first, first + ROWS_PER_TRANSACTION)
      await commitCursor(tx, { consumer: 'load', shard: 0, position: String(first) })
    })
  }
  const seconds = (performance.now() - begun) / 1000
  const { user, system } = process.cpuUsage(ownBefore)
  const postgresSeconds = cpuSecondsOfFamily(pid) - postgresBefore
  return {
    rowsPerSecond: ROWS / seconds,
    ownCpu: (user + system) / ROWS,
    postgresCpu: (postgresSeconds * 1_000_000) / ROWS
  }
}

const postmasterIn = (data: string): number =>
  Number(readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n', 1)[0])

async function bytesOf({ sql }: Database, table: Table): Promise<number> {
  const [row] = await sql<{ bytes: number }[]>`
    select sum(pg_total_relation_size(relid))::float8 as bytes from pg_partition_tree(${table}::text::regclass)
    where isleaf`
  return Math.round(row!.bytes / ROWS)
}

function medianOf(costs: readonly Cost[]): Cost {
  const of = (figure: keyof Cost) => Math.round(median(costs.map((cost) => cost[figure])) * 10) / 10
  return { rowsPerSecond: Math.round(of('rowsPerSecond')), ownCpu: of('ownCpu'), postgresCpu: of('postgresCpu') }
}
