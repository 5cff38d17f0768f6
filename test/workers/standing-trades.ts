import { createHash } from 'node:crypto'
import { onTestFinished } from 'vitest'
import { createDatabase, type Database } from '../../db/client.ts'
import type { Trade } from '../../src/market/trade.ts'
import { testDatabase } from '../support/services.ts'

/** A database of one test alone, with its address. */
export async function freshDatabase(): Promise<Database & { url: string }> {
  const server = await testDatabase()
  const database = createDatabase({ url: server.url })
  onTestFinished(async () => {
    await database.close()
    await server.close()
  })
  return { ...database, url: server.url }
}

/** Of lines in any order. */
export const hashOf = (lines: readonly string[]) =>
  createHash('sha256').update(lines.toSorted().join('\n')).digest('hex')

/** Count and hash of the trades that stand, as Postgres has them. */
export async function standingIn({ sql }: Database) {
  const rows = await sql<{ line: string }[]>`
    select concat_ws(' ', symbol, trade_date, venue, trade_id, price, size) as line
    from ticks join instruments on instruments.id = instrument_id where replaced_by is null and ticks.kind <> 'cancel'`
  return { count: rows.length, hash: hashOf(rows.map(({ line }) => line)) }
}

/** The same of trades in hand. */
export function standingOf(trades: Iterable<Trade>) {
  const lines = Array.from(
    trades,
    ({ symbol, tradeDate, venue, tradeId, price, size }) =>
      `${symbol} ${tradeDate} ${venue} ${tradeId} ${price} ${size}`
  )
  return { count: lines.length, hash: hashOf(lines) }
}
