import type { CopyTransaction } from './copy.ts'

/** Each time another process must have renamed, or removed, what it had just made. */
const MAX_ATTEMPTS = 5

/**
 * The ids of instruments by canonical symbol, of every symbol one. What is not known yet becomes known: an instrument of which
 * nothing but the symbol is. Throws RangeError for a symbol that Postgres does not keep as it is.
 */
export async function instrumentIds(tx: CopyTransaction, symbols: readonly string[]): Promise<Map<string, number>> {
  const wanted = [...new Set(symbols)]
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const ids = await idsOf(tx, wanted)
    const missing = wanted.filter((symbol) => !ids.has(symbol))
    if (missing.length === 0) return ids
    await tx.query(
      `insert into instruments (symbol) select symbol from unnest($1::text[]) as told (symbol)
      order by symbol on conflict (symbol) do nothing`,
      [missing]
    )
  }
  throw new RangeError(`the instruments ${JSON.stringify(wanted.slice(0, 10))} are not there once they were written`)
}

async function idsOf(tx: CopyTransaction, symbols: readonly string[]): Promise<Map<string, number>> {
  const rows = await tx.query<{ id: number; symbol: string }>(
    'select id, symbol from instruments where symbol = any($1::text[])',
    [symbols]
  )
  return new Map(rows.map(({ id, symbol }) => [symbol, id]))
}
