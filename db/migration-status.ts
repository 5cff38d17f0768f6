import { readFile } from 'node:fs/promises'
import type { Sql } from 'postgres'

const JOURNAL = new URL('migrations/meta/_journal.json', import.meta.url)

/** The migrations that this version brings and the database has not seen, oldest first. */
export async function pendingMigrations(sql: Sql): Promise<string[]> {
  const { entries } = JSON.parse(await readFile(JOURNAL, 'utf8')) as { entries: { tag: string; when: number }[] }
  const [table] = await sql`select to_regclass('drizzle.__drizzle_migrations') is not null as exists`
  if (!table?.exists) return entries.map(({ tag }) => tag)
  const [applied] = await sql`select coalesce(max(created_at), 0)::float8 as newest from drizzle.__drizzle_migrations`
  return entries.filter(({ when }) => when > applied?.newest).map(({ tag }) => tag)
}
