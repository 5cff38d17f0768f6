import type { CopyTransaction } from './copy.ts'

/** The ids of instruments by canonical symbol. One that is not known yet becomes known, of which nothing but the symbol is. */
export async function instrumentIds(tx: CopyTransaction, symbols: readonly string[]): Promise<Map<string, number>> {
  await tx.query(
    `insert into instruments (symbol) select distinct symbol from unnest($1::text[]) as told (symbol)
    where not exists (select from instruments where instruments.symbol = told.symbol)
    order by symbol on conflict (symbol) do nothing`,
    [symbols]
  )
  const rows = await tx.query<{ id: number; symbol: string }>(
    'select id, symbol from instruments where symbol = any($1::text[])',
    [symbols]
  )
  return new Map(rows.map(({ id, symbol }) => [symbol, id]))
}
