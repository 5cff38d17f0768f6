import type { Identity } from '../src/market/identity.ts'
import type { Database } from './client.ts'
import { present } from './rows.ts'

/** What instruments are, as whatever was recorded of them told; the sector is that of the newest profile that told one. */
export function createIdentityStore({ sql }: Pick<Database, 'sql'>) {
  return {
    /** By symbol; one of which nothing was recorded is missing. */
    async find(symbols: readonly string[]): Promise<Map<string, Identity>> {
      const rows = await sql<(Identity & { symbol: string })[]>`
        select instruments.symbol, instruments.name, instruments.kind, instruments.mic, instruments.exchange,
          instruments.currency, instruments.country, coalesce(profiles.sector, instruments.sector) as sector
        from instruments left join profiles on profiles.symbol = instruments.symbol
        where instruments.symbol = any(${[...symbols]}::text[])`
      return new Map(
        rows.map((row) => {
          const { symbol, ...identity } = present(row)
          return [symbol, identity]
        })
      )
    }
  }
}
