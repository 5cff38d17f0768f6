import { eq, getTableColumns } from './drizzle.ts'
import type { Profile } from '../src/market/profile.ts'
import type { Database } from './client.ts'
import { latestByKey, present, upsertRows } from './rows.ts'
import { profiles } from './schema/market-data.ts'

/** The last received profile of each symbol. */
export function createProfileStore({ db, sql }: Pick<Database, 'db' | 'sql'>) {
  const { receivedAt: _, ...profileColumns } = getTableColumns(profiles)

  return {
    async upsert(received: readonly Profile[]): Promise<number> {
      const rows = [...latestByKey(received, ({ symbol }) => symbol).values()].map((profile) => ({
        ...profile,
        receivedAt: profile.provenance.receivedAt
      }))
      return upsertRows(sql, profiles, rows, {
        key: ['symbol'],
        where: 'excluded.received_at >= profiles.received_at'
      })
    },

    /** As it was recorded. */
    async find(symbol: string): Promise<Profile | undefined> {
      const [row] = await db.select(profileColumns).from(profiles).where(eq(profiles.symbol, symbol))
      return row && present(row)
    }
  }
}
