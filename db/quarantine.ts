import { desc, eq, lt } from './drizzle.ts'
import { isoOf } from '../src/market/time.ts'
import type { Database } from './client.ts'
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

export type QuarantineStore = ReturnType<typeof createQuarantineStore>

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
