import { readFile } from 'node:fs/promises'
import type { Database } from '../../db/client.ts'
import { isIntraday, type BarSeries } from '../../src/market/bar.ts'

/** Makes a database without tables on the server of `serverUrl`, and returns its URL. */
export async function createEmptyDatabase(serverUrl: string, sql: Database['sql']): Promise<string> {
  const name = `${new URL(serverUrl).pathname.slice(1)}_${Math.random().toString(36).slice(2, 8)}`
  await sql`create database ${sql(name)} template template0 strategy file_copy`
  return Object.assign(new URL(serverUrl), { pathname: name }).href
}

export async function dropDatabase(url: string, sql: Database['sql']): Promise<void> {
  await sql`drop database ${sql(new URL(url).pathname.slice(1))} with (force)`
}

/** Makes what an installation of an older version has. */
export async function migrateUpTo({ sql }: Database, last: string): Promise<void> {
  const journal = JSON.parse(await readFile('db/migrations/meta/_journal.json', 'utf8')) as {
    entries: { tag: string; when: number }[]
  }
  await sql`create schema drizzle`
  await sql`create table drizzle.__drizzle_migrations (id serial primary key, hash text not null, created_at bigint)`
  for (const { tag, when } of journal.entries.filter((entry) => entry.tag <= last)) {
    await sql.unsafe(await readFile(`db/migrations/${tag}.sql`, 'utf8'))
    await sql`insert into drizzle.__drizzle_migrations (hash, created_at) values (${tag}, ${when})`
  }
}

/** Writes bars as versions before instruments had ids did. */
export async function writeOlderBars({ sql }: Database, { symbol, interval, adjusted, bars, provenance }: BarSeries) {
  const { source, receivedAt } = provenance
  const [series] = await sql<{ id: string }[]>`
    insert into bar_series (symbol, interval, adjusted, source, received_at, provenance)
    values (${symbol}, ${interval}, ${adjusted}, ${source}, ${receivedAt}, ${sql.json(provenance)})
    on conflict (symbol, interval, adjusted, source) do update set received_at = excluded.received_at returning id`
  await sql`
    insert into ${sql(isIntraday(interval) ? 'bars' : 'daily_bars')} ${sql(
      bars.map(({ start, open, high, low, close, volume = null }) => {
        return { series_id: series!.id, start, open, high, low, close, volume, received_at: receivedAt }
      })
    )} on conflict do nothing`
}
