import { and, arrayContains, desc, eq, getTableColumns, lt } from './drizzle.ts'
import type { News } from '../src/market/news.ts'
import { isoOf } from '../src/market/time.ts'
import type { Database } from './client.ts'
import { latestByKey, present, upsertRows } from './rows.ts'
import { news } from './schema/market-data.ts'

export type NewsStore = ReturnType<typeof createNewsStore>

/** Stories, kept once per provider and id however many symbols they were listed for. */
export function createNewsStore({ db, sql }: Pick<Database, 'db' | 'sql'>) {
  const { source, filedUnder, receivedAt, provenance: _, ...itemColumns } = getTableColumns(news)

  return {
    async upsert({ symbol, items, provenance }: News): Promise<number> {
      const rows = [...latestByKey(items, ({ id }) => id).values()].map((item) => ({
        ...item,
        source: provenance.source,
        filedUnder: [symbol],
        receivedAt: provenance.receivedAt,
        provenance
      }))
      return upsertRows(sql, news, rows, {
        key: ['source', 'id'],
        merge: { filedUnder: 'array(select distinct unnest(news.filed_under || excluded.filed_under))' }
      })
    },

    /**
     * The newest stories that one provider, the one heard last, listed for a symbol; undefined where none did.
     * Providers are not mixed: the same story has another id at each.
     */
    async latest(symbol: string, limit: number): Promise<News | undefined> {
      const listed = arrayContains(filedUnder, [symbol])
      const [heard] = await db
        .select({ provenance: news.provenance })
        .from(news)
        .where(listed)
        .orderBy(desc(receivedAt))
        .limit(1)
      if (!heard) return undefined

      const { provenance } = heard
      const rows = await db
        .select(itemColumns)
        .from(news)
        .where(and(listed, eq(source, provenance.source)))
        .orderBy(desc(news.publishedAt), news.id)
        .limit(limit)
      return { symbol, items: rows.map(present), provenance }
    },

    /** Deletes stories that no provider listed since an instant (epoch ms) and returns how many they were. */
    async deleteBefore(instant: number): Promise<number> {
      const deleted = await db.delete(news).where(lt(receivedAt, isoOf(instant)))
      return deleted.count
    }
  }
}
