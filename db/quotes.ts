import { getTableColumns, gte, inArray } from 'drizzle-orm'
import type { Quote } from '../src/market/quote.ts'
import type { Database } from './client.ts'
import { latestByKey, present, upsertRows } from './rows.ts'
import { quotesLatest } from './schema/market-data.ts'

/** A whole market's worth; what is asked of so many is a share, which more would not change. */
const MAX_KNOWN_QUOTES = 5000

export type QuoteStore = ReturnType<typeof createQuoteStore>

/** The newest quote of each symbol. */
export function createQuoteStore({ db, sql }: Pick<Database, 'db' | 'sql'>) {
  const { receivedAt: _, ...quoteColumns } = getTableColumns(quotesLatest)

  return {
    /** Keeps each quote that is newer than the one held, and returns how many were. */
    async upsert(quotes: readonly Quote[]): Promise<number> {
      const rows = [...latestByKey(quotes, ({ symbol }) => symbol, isNewer).values()].map((quote) => ({
        ...quote,
        receivedAt: quote.provenance.receivedAt
      }))
      return upsertRows(sql, quotesLatest, rows, {
        key: ['symbol'],
        where: '(excluded.as_of, excluded.received_at) > (quotes_latest.as_of, quotes_latest.received_at)'
      })
    },

    /** As they were recorded; a symbol that never was is missing from the map. */
    async latest(symbols: readonly string[]): Promise<Map<string, Quote>> {
      if (symbols.length === 0) return new Map()
      const rows = await db
        .select(quoteColumns)
        .from(quotesLatest)
        .where(inArray(quotesLatest.symbol, [...symbols]))
      return new Map(rows.map((row) => [row.symbol, present(row)]))
    },

    /** Quotes whose price is of an instant (epoch ms) or later. */
    async since(instant: number): Promise<Quote[]> {
      const rows = await db
        .select(quoteColumns)
        .from(quotesLatest)
        .where(gte(quotesLatest.asOf, new Date(instant).toISOString()))
        .limit(MAX_KNOWN_QUOTES)
      return rows.map(present)
    },

    /** Those of the symbols that were ever quoted. */
    async known(symbols: readonly string[]): Promise<string[]> {
      const rows = await sql<{ symbol: string }[]>`
        select symbol from quotes_latest where symbol = any(${[...symbols]})`
      return rows.map(({ symbol }) => symbol)
    },

    /** Every symbol that was ever quoted. */
    async symbols(): Promise<string[]> {
      const rows = await db.select({ symbol: quotesLatest.symbol }).from(quotesLatest)
      return rows.map(({ symbol }) => symbol)
    }
  }
}

/** Whether a quote's price is of a later instant, or of the same one and received later. */
export function isNewer(quote: Quote, held: Quote): boolean {
  const laterBy = Date.parse(quote.asOf) - Date.parse(held.asOf)
  if (laterBy !== 0) return laterBy > 0
  return Date.parse(quote.provenance.receivedAt) > Date.parse(held.provenance.receivedAt)
}
