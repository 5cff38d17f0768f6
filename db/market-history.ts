import { and, asc, desc, eq, gte, lt } from './drizzle.ts'
import type { Quote } from '../src/market/quote.ts'
import { isoOf } from '../src/market/time.ts'
import type { Database } from './client.ts'
import { latestByKey, present, upsertRows } from './rows.ts'
import { marketSnapshots, sentiment, stockPriceHistory } from './schema/history.ts'

/** A price as one refresh brought it. Instants are ISO. */
export type PricePoint = typeof stockPriceHistory.$inferInsert

/** The market as a whole at one instant: `kind` is `indices`, `sectors`, or `movers:` and which. */
export type MarketSnapshot = { kind: string; at: string; source: string; value: unknown }

/** `score` and `label` as served; `value` is the whole answer with its components. */
export type SentimentPoint = { at: string; score: number; label: string; value: unknown }

/** What was true when: prices, the market as a whole, and its sentiment. Writing the same again changes nothing. */
export function createMarketHistoryStore({ db, sql }: Pick<Database, 'db' | 'sql'>) {
  return {
    /** One row per vendor's instant; a later answer about the same instant corrects it. Returns how many were written. */
    async addPrices(points: readonly PricePoint[]): Promise<number> {
      const rows = [...latestByKey(points, keyOfPrice, (point, held) => point.receivedAt >= held.receivedAt).values()]
      return upsertRows(sql, stockPriceHistory, rows, {
        key: ['symbol', 'asOf', 'source', 'session'],
        where: `excluded.received_at > stock_price_history.received_at and (
          excluded.price, excluded.volume, excluded.bid, excluded.ask
        ) is distinct from (
          stock_price_history.price, stock_price_history.volume, stock_price_history.bid, stock_price_history.ask
        )`
      })
    },

    /** Oldest first, of vendors' instants in [from, to), epoch ms. */
    async prices(symbol: string, from: number, to: number, limit: number) {
      const { asOf } = stockPriceHistory
      const rows = await db
        .select()
        .from(stockPriceHistory)
        .where(and(eq(stockPriceHistory.symbol, symbol), gte(asOf, isoOf(from)), lt(asOf, isoOf(to))))
        .orderBy(asc(asOf))
        .limit(limit)
      return rows.map(present)
    },

    async addSnapshots(snapshots: readonly MarketSnapshot[]): Promise<number> {
      const rows = [...latestByKey(snapshots, ({ kind, at, source }) => `${kind} ${at} ${source}`).values()]
      return upsertRows(sql, marketSnapshots, rows, { key: ['kind', 'at', 'source'] })
    },

    /** Newest first. */
    snapshots: (kind: string, limit: number): Promise<MarketSnapshot[]> =>
      db
        .select()
        .from(marketSnapshots)
        .where(eq(marketSnapshots.kind, kind))
        .orderBy(desc(marketSnapshots.at))
        .limit(limit),

    async addSentiment(points: readonly SentimentPoint[]): Promise<number> {
      const rows = [...latestByKey(points, ({ at }) => at).values()]
      return upsertRows(sql, sentiment, rows, { key: ['at'] })
    },

    /** Newest first. */
    sentiment: (limit: number): Promise<SentimentPoint[]> =>
      db.select().from(sentiment).orderBy(desc(sentiment.at)).limit(limit),

    /** Deletes snapshots and sentiment older than an instant (epoch ms) and returns how many rows that were. */
    async deleteBefore(instant: number): Promise<number> {
      const snapshots = await db.delete(marketSnapshots).where(lt(marketSnapshots.at, isoOf(instant)))
      const points = await db.delete(sentiment).where(lt(sentiment.at, isoOf(instant)))
      return snapshots.count + points.count
    }
  }
}

/** The regular price of a quote, and the one outside the session where there is one. */
export function pricePointsOf(quote: Quote): PricePoint[] {
  const { symbol, price, volume, bid, ask, currency, marketState, extendedHours, asOf, provenance } = quote
  const shared = { symbol, source: provenance.source, currency, marketState, receivedAt: provenance.receivedAt }
  const regular: PricePoint = { ...shared, session: 'regular', asOf, price, volume, bid, ask }
  if (extendedHours?.asOf === undefined) return [regular]
  const { session, price: extendedPrice, asOf: extendedAsOf } = extendedHours
  return [regular, { ...shared, session, asOf: extendedAsOf, price: extendedPrice }]
}

export const keyOfPrice = ({ symbol, asOf, source, session }: PricePoint) => `${symbol} ${asOf} ${source} ${session}`
