import { between } from './drizzle.ts'
import type { Database } from './client.ts'
import { upsertRows } from './rows.ts'
import { providerUsage } from './schema/operations.ts'

/** How many calls of a capability ended how, on one UTC day (YYYY-MM-DD). */
export type UsageCount = { provider: string; day: string; capability: string; outcome: string; calls: number }

export function createProviderUsageStore({ db, sql }: Pick<Database, 'db' | 'sql'>) {
  return {
    /** Adds to the counts held. Keys must be unique among `counts`. */
    async add(counts: readonly UsageCount[]): Promise<void> {
      await upsertRows(sql, providerUsage, counts, {
        key: ['day', 'provider', 'capability', 'outcome'],
        merge: { calls: 'provider_usage.calls + excluded.calls' }
      })
    },

    /** From the first day to the last, both included. */
    list: (firstDay: string, lastDay: string): Promise<UsageCount[]> =>
      db
        .select()
        .from(providerUsage)
        .where(between(providerUsage.day, firstDay, lastDay))
        .orderBy(providerUsage.day, providerUsage.provider, providerUsage.capability, providerUsage.outcome)
  }
}
