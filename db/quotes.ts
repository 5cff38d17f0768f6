import { getTableColumns, gte, inArray } from './drizzle.ts'
import type { Quote } from '../src/market/quote.ts'
import { isoOf } from '../src/market/time.ts'
import type { Database } from './client.ts'
import { orderOf, takesPlace } from '../src/market/order.ts'
import { latestByKey, present, upsertRows } from './rows.ts'
import { quotesLatest } from './schema/market-data.ts'

/** A whole market's worth; what is asked of so many is a share, which more would not change. */
const MAX_KNOWN_QUOTES = 5000
/** Of stocks whose prices change together. */
const ROWS_PER_STATEMENT = 5000

/** As `takesPlace` (src/market/order.ts) has it; what is held already is not written again. */
const STANDS = `excluded.value_order > quotes_latest.value_order
  or excluded.value_order = quotes_latest.value_order and excluded.* is distinct from quotes_latest.*`

/** The newest quote of each symbol. */
export function createQuoteStore({ db, sql }: Pick<Database, 'db' | 'sql'>) {
  const { receivedAt: _, valueOrder: __, ...quoteColumns } = getTableColumns(quotesLatest)

  return {
    /** Keeps each quote that takes the place of the one held, and returns how many were. */
    async upsert(quotes: readonly Quote[]): Promise<number> {
      const rows = [...latestByKey(quotes, ({ symbol }) => symbol, stands).values()].map((quote) => ({
        ...quote,
        receivedAt: quote.provenance.receivedAt,
        valueOrder: [...orderOf(quote)]
      }))
      return upsertRows(sql, quotesLatest, rows, {
        key: ['symbol'],
        where: STANDS,
        rowsPerStatement: ROWS_PER_STATEMENT
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
        .where(gte(quotesLatest.asOf, isoOf(instant)))
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

/** Of two quotes of a symbol, whether the one that was told later is the one that stands. */
const stands = (quote: Quote, held: Quote): boolean => takesPlace(held, quote)
