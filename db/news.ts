import { and, arrayContains, desc, eq, getTableColumns, gt, lt, or } from './drizzle.ts'
import type { MarketNews, News, StoredStory, StoryPlace } from '../src/market/news.ts'
import { isoOf } from '../src/market/time.ts'
import type { Database } from './client.ts'
import { latestByKey, present, upsertRows } from './rows.ts'
import { news } from './schema/market-data.ts'

/** Stories, kept once per provider and id however many symbols they were listed for. */
export function createNewsStore({ db, sql }: Pick<Database, 'db' | 'sql'>) {
  const { source, filedUnder, receivedAt, provenance: _, ...itemColumns } = getTableColumns(news)

  return {
    /** The symbols that lists name of a story add up: some lists name none, or their own alone. */
    async upsert(listed: News | MarketNews): Promise<number> {
      const { items, provenance } = listed
      const rows = [...latestByKey(items, ({ id }) => id).values()].map((item) => ({
        ...item,
        source: provenance.source,
        filedUnder: 'symbol' in listed ? [listed.symbol] : [],
        receivedAt: provenance.receivedAt,
        provenance
      }))
      return upsertRows(sql, news, rows, {
        key: ['source', 'id'],
        merge: {
          symbols: 'array(select distinct unnest(news.symbols || excluded.symbols))',
          filedUnder: 'array(select distinct unnest(news.filed_under || excluded.filed_under))'
        }
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

    /** The newest stories of all symbols and providers, behind a place, at most so many. */
    async newest(limit: number, after: StoryPlace | undefined): Promise<StoredStory[]> {
      const behind =
        after &&
        or(
          lt(news.publishedAt, after.publishedAt),
          and(
            eq(news.publishedAt, after.publishedAt),
            or(gt(source, after.source), and(eq(source, after.source), gt(news.id, after.id)))
          )
        )
      const rows = await db
        .select({ ...itemColumns, provenance: news.provenance })
        .from(news)
        .where(behind)
        .orderBy(desc(news.publishedAt), source, news.id)
        .limit(limit)
      return rows.map(present)
    },

    /** Deletes stories that no provider listed since an instant (epoch ms) and returns how many they were. */
    async deleteBefore(instant: number): Promise<number> {
      const deleted = await db.delete(news).where(lt(receivedAt, isoOf(instant)))
      return deleted.count
    }
  }
}
