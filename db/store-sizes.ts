import type { Database } from './client.ts'

/** A table's rows as Postgres estimates them (absent before it looked for the first time), and its bytes with its indexes. */
export type TableSize = { readonly table: string; readonly rows?: number; readonly bytes: number }

/** How much is stored, without counting it row by row. */
export function createStoreSizes({ sql }: Pick<Database, 'sql'>) {
  return {
    /** The tables of these names, and the partitions of those that have such. */
    async tables(names: readonly string[]): Promise<TableSize[]> {
      const rows = await sql<{ table: string; rows: number; bytes: number }[]>`
        select part.relid::regclass::text as table, reltuples::float8 as rows,
          pg_total_relation_size(part.relid)::float8 as bytes
        from unnest(${[...names]}::text[]) as asked (name)
        cross join lateral pg_partition_tree(asked.name::regclass) as part
        join pg_class on pg_class.oid = part.relid where part.isleaf`
      // What was never looked at has -1.
      return rows.map(({ table, rows: count, bytes }) => ({ table, bytes, ...(count >= 0 && { rows: count }) }))
    },

    /** Instruments, series of bars, and gaps by their state. */
    async counts(): Promise<{ instruments: number; series: number; gaps: ReadonlyMap<string, number> }> {
      const [counted] = await sql<{ instruments: number; series: number; gaps: Record<string, number> | null }[]>`
        select (select count(*)::int from instruments) as instruments, (select count(*)::int from bar_series) as series,
          (select jsonb_object_agg(state, gaps) from (
            select state, count(*) as gaps from gaps group by state
          ) as states) as gaps`
      const { instruments, series, gaps } = counted!
      return { instruments, series, gaps: new Map(Object.entries(gaps ?? {})) }
    }
  }
}
