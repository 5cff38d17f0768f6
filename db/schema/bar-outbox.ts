import { bigint, index, integer, pgTable, text } from '../drizzle.ts'

/** What was written of bars and may not have been told yet: a row for each transaction, removed once the log has it. */
export const barOutbox = pgTable(
  'bar_outbox',
  {
    id: bigint({ mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    /** Of the event log. */
    shard: integer().notNull(),
    /** JSON, in the order in which they are to be told. */
    updates: text().notNull()
  },
  (table) => [index('bar_outbox_shard').on(table.shard, table.id)]
)
