import { desc, eq, lt } from './drizzle.ts'
import { isoOf } from '../src/market/time.ts'
import type { Database } from './client.ts'
import type { CopyTransaction } from './copy.ts'
import { quarantine } from './schema/operations.ts'

/** A value that a quality rule refused (`hard`) or doubted (`soft`), as the provider gave it. `at` is an ISO instant. */
export type QuarantineEntry = {
  symbol: string
  provider: string
  rule: string
  severity: 'hard' | 'soft'
  value: unknown
  at: string
}

export function createQuarantineStore({ db }: Pick<Database, 'db'>) {
  const { symbol, provider, rule, severity, value, at } = quarantine

  return {
    async insert(entries: readonly QuarantineEntry[]): Promise<void> {
      if (entries.length > 0) await db.insert(quarantine).values([...entries])
    },

    /** Newest first. */
    list: ({ of, limit }: { of?: string; limit: number }): Promise<QuarantineEntry[]> =>
      db
        .select({ symbol, provider, rule, severity, value, at })
        .from(quarantine)
        .where(of === undefined ? undefined : eq(symbol, of))
        .orderBy(desc(at), desc(quarantine.id))
        .limit(limit),

    /** Deletes what is older than an instant (epoch ms) and returns how many entries that were. */
    async deleteBefore(instant: number): Promise<number> {
      const deleted = await db.delete(quarantine).where(lt(at, isoOf(instant)))
      return deleted.count
    }
  }
}

const MAX_VALUE_LENGTH = 8192

/** Adds entries in the transaction of the values that were not at fault. Whatever the value is, it can be kept. */
export async function addQuarantined(tx: CopyTransaction, entries: readonly QuarantineEntry[]): Promise<void> {
  if (entries.length === 0) return
  const told = entries.map(({ symbol, provider, rule, value, ...entry }) => ({
    ...entry,
    symbol: storableText(symbol),
    provider: storableText(provider),
    rule: storableText(rule),
    value: storable(value)
  }))
  await tx.query(
    `insert into quarantine (symbol, provider, rule, severity, value, at)
    select * from jsonb_to_recordset($1::text::jsonb)
      as told (symbol text, provider text, rule text, severity text, value jsonb, at timestamptz)`,
    [JSON.stringify(told)]
  )
}

/** Postgres knows no NUL, and no half of a surrogate pair. */
const storableText = (text: string): string => text.replaceAll('\0', '').toWellFormed()

/** What is too long, or has characters that Postgres does not know, becomes a text in which they are escaped. */
function storable(value: unknown): unknown {
  const text = JSON.stringify(value ?? 'nothing')
  return text.includes('\\u') || text.length > MAX_VALUE_LENGTH ? text.slice(0, MAX_VALUE_LENGTH) : (value ?? 'nothing')
}
