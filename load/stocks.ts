import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import { createDatabase, type Database } from '../db/client.ts'
import { migrate } from '../db/migrate.ts'
import { createQuoteStore } from '../db/quotes.ts'
import { startPostgres } from '../src/embedded/postgres.ts'
import { orderOf } from '../src/market/order.ts'
import type { Quote } from '../src/market/quote.ts'
import { isoOf } from '../src/market/time.ts'
import { median } from './processes.ts'

const STOCKS = 5000
const ROUNDS = 7
const START_MS = Date.parse('2026-11-30T15:00:00Z')

/**
 * New prices of 5,000 stocks into a durable Postgres, in turn: all in one statement; and one update per stock, all of them in one
 * transaction and sent without waiting for one another. Rows a second, the longest turn of the event loop while they are written,
 * and what the index of the last price's time costs: the one statement again without it.
 */
export async function run(): Promise<Record<string, number>> {
  const home = await mkdtemp(join(tmpdir(), 'quotewire-load-'))
  const server = await startPostgres({ home, directory: join(home, 'postgres') })
  const databases: Database[] = []
  const fresh = async (name: string) => {
    const url = Object.assign(new URL(server.url), { pathname: name }).href
    await createDatabaseNamed(server.url, name)
    await migrate(url)
    const database = createDatabase({ url, applicationName: 'quotewire load' })
    databases.push(database)
    return database
  }
  try {
    const [whole, unindexed] = [await fresh('whole'), await fresh('unindexed')]
    await unindexed.sql`drop index quotes_latest_as_of`
    const clock = { at: START_MS }
    const rates: Record<string, number[]> = { batch: [], unindexed: [], single: [] }
    const turnsMs: number[] = []
    // The first round is for the program to become warm.
    for (let round = 0; round <= ROUNDS; round++) {
      const turnMs = await longestTurnDuring(async () => rates['batch']!.push(await batch(whole, clock)))
      turnsMs.push(turnMs)
      rates['unindexed']!.push(await batch(unindexed, clock))
      rates['single']!.push(await single(whole, clock))
    }
    const [rowsPerSecond, rowsPerSecondUnindexed, rowsPerSecondSingle] = Object.values(rates).map((each) =>
      Math.round(median(each.slice(1)))
    ) as [number, number, number]
    const longestTurnMs = Math.round(median(turnsMs.slice(1)))
    console.table({
      'one statement': { rowsPerSecond, longestTurnMs },
      'the same without the index of the time': { rowsPerSecond: rowsPerSecondUnindexed },
      'one update per stock': { rowsPerSecond: rowsPerSecondSingle }
    })
    const ratio = rowsPerSecond / rowsPerSecondSingle
    return { ratio, rowsPerSecond, rowsPerSecondSingle, rowsPerSecondUnindexed, longestTurnMs }
  } finally {
    for (const database of databases) await database.close()
    await server.stop()
    await rm(home, { recursive: true, force: true })
  }
}

async function createDatabaseNamed(serverUrl: string, name: string): Promise<void> {
  const server = postgres(serverUrl, { max: 1 })
  await server`create database ${server(name)}`
  await server.end()
}

type Clock = { at: number }

/** Rows a second of one statement. */
async function batch(database: Database, clock: Clock): Promise<number> {
  const quotes = nextQuotes(clock)
  const begun = performance.now()
  const written = await createQuoteStore(database).upsert(quotes)
  if (written !== STOCKS) throw new Error(`${written} of ${STOCKS} were written`)
  return (STOCKS / (performance.now() - begun)) * 1000
}

/** The same as applications without such statements do it. */
async function single({ sql }: Database, clock: Clock): Promise<number> {
  const quotes = nextQuotes(clock)
  const begun = performance.now()
  await sql.begin((tx) =>
    quotes.map(
      (quote) => tx`
        update quotes_latest set price = ${quote.price}, bid = ${quote.bid!}, ask = ${quote.ask!}, volume = ${quote.volume!},
          as_of = ${quote.asOf}, received_at = ${quote.provenance.receivedAt}, value_order = ${[...orderOf(quote)]}::float8[],
          provenance = ${tx.json(quote.provenance)}
        where symbol = ${quote.symbol} and value_order < ${[...orderOf(quote)]}::float8[]`
    )
  )
  return (STOCKS / (performance.now() - begun)) * 1000
}

function nextQuotes(clock: Clock): Quote[] {
  const told = isoOf((clock.at += 1000))
  return Array.from({ length: STOCKS }, (_, at) => ({
    symbol: `S${at}`,
    name: `Stock ${at}`,
    kind: 'equity' as const,
    currency: 'USD',
    exchange: 'NASDAQ',
    price: 100 + Math.random(),
    change: 0.5,
    changePercent: 0.3,
    bid: 100.1,
    ask: 100.2,
    volume: 1000 + at,
    bidSize: 100,
    askSize: 200,
    previousClose: 99.5,
    marketState: 'regular' as const,
    asOf: told,
    provenance: { source: 'yahoo', feed: 'consolidated', receivedAt: told, state: 'live', attempts: [] }
  }))
}

/** The longest time for which the event loop had no turn while some work was done, in milliseconds. */
async function longestTurnDuring(work: () => Promise<unknown>): Promise<number> {
  let longest = 0
  let before = performance.now()
  let isOver = false
  const look = () => {
    longest = Math.max(longest, performance.now() - before)
    before = performance.now()
    if (!isOver) setImmediate(look)
  }
  setImmediate(look)
  await work()
  isOver = true
  return longest
}
