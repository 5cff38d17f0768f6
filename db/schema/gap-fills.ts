import { bigint, integer, pgTable, primaryKey, sql, text } from '../drizzle.ts'
import { instant } from './columns.ts'
import { gaps } from './streams.ts'

/** What became of an instrument's part of a gap: its trades were fetched, or why they cannot be. */
export const gapFills = pgTable(
  'gap_fills',
  {
    gapId: bigint({ mode: 'number' })
      .notNull()
      .references(() => gaps.id, { onDelete: 'cascade' }),
    instrumentId: integer().notNull(),
    /** The vendor's endpoint that told them, e.g. `alpaca/sip`. */
    via: text(),
    /** How many it told of the gap, those that were held among them. */
    trades: integer(),
    /** In their place, where trades of the vendor cannot be told from those that are held. */
    bars: integer(),
    /** As long as not all are fetched: up to here they are, and `trades` are those before. */
    reachedAt: instant(),
    /** Why they cannot be had. */
    reason: text(),
    doneAt: instant()
      .notNull()
      .default(sql`now()`)
  },
  (table) => [primaryKey({ columns: [table.gapId, table.instrumentId] })]
)
