import { eq, lt } from './drizzle.ts'
import { isoOf } from '../src/market/time.ts'
import type { Database } from './client.ts'
import { latestByKey } from './rows.ts'
import { lastGood } from './schema/history.ts'

/** `text`: the value as JSON. `receivedAt` is ISO. */
export type LastGoodEntry = { readonly key: string; readonly receivedAt: string; readonly text: string }

/** The newest of what has no table of its own, by key. */
export function createLastGoodStore({ db, sql }: Pick<Database, 'db' | 'sql'>) {
  return {
    /** Keeps each value that is not older than the one held, and returns how many were. */
    async upsert(entries: readonly LastGoodEntry[]): Promise<number> {
      const rows = [
        ...latestByKey(
          entries,
          ({ key }) => key,
          (entry, held) => entry.receivedAt >= held.receivedAt
        ).values()
      ]
      const { count } = await sql`
        insert into last_good (key, value, bytes, received_at)
        select key, text::jsonb, octet_length(text), received_at::timestamptz
        from unnest(
          ${rows.map(({ key }) => key)}::text[], ${rows.map(({ text }) => text)}::text[],
          ${rows.map(({ receivedAt }) => receivedAt)}::text[]
        ) as incoming (key, text, received_at)
        order by key
        on conflict (key) do update
        set value = excluded.value, bytes = excluded.bytes, received_at = excluded.received_at
        where excluded.received_at >= last_good.received_at`
      return count
    },

    /** As it was recorded; undefined where it never was. */
    async find(key: string): Promise<unknown> {
      const [row] = await db.select({ value: lastGood.value }).from(lastGood).where(eq(lastGood.key, key))
      return row?.value
    },

    /** Deletes what was received before an instant (epoch ms) and returns how many rows that were. */
    async deleteBefore(instant: number): Promise<number> {
      return (await db.delete(lastGood).where(lt(lastGood.receivedAt, isoOf(instant)))).count
    }
  }
}
