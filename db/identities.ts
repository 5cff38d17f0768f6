import type { Identity } from '../src/market/identity.ts'
import type { Database } from './client.ts'
import { present } from './rows.ts'

/** Snapshots whose rows name instruments. */
const NAMING_SNAPSHOTS = ['indices', 'movers:gainers', 'movers:losers', 'movers:actives']

/** Of each kind the newest, for a list of movers changes all day. */
const SNAPSHOTS_READ = 5

/**
 * What instruments are, as quotes, profiles and the newest lists of indices and movers told when they were recorded; the
 * quote, which is the newest, comes first.
 */
export function createIdentityStore({ sql }: Pick<Database, 'sql'>) {
  return {
    /** By symbol; one of which nothing was recorded is missing. */
    async find(symbols: readonly string[]): Promise<Map<string, Identity>> {
      const rows = await sql<(Identity & { symbol: string })[]>`
        with listed as (
          select distinct on (row ->> 'symbol')
            row ->> 'symbol' as symbol, row ->> 'name' as name, row ->> 'kind' as kind, row ->> 'mic' as mic,
            row ->> 'exchange' as exchange, row ->> 'currency' as currency
          from unnest(${NAMING_SNAPSHOTS}::text[]) as kinds (kind)
          cross join lateral (
            select value from market_snapshots where market_snapshots.kind = kinds.kind order by at desc limit ${SNAPSHOTS_READ}
          ) as newest
          cross join lateral jsonb_array_elements(coalesce(newest.value -> 'movers', newest.value -> 'indices')) as row
          where row ->> 'symbol' = any(${[...symbols]}::text[])
          order by row ->> 'symbol', row ->> 'mic' nulls last
        )
        select
          asked.symbol,
          coalesce(quote.name, profile.name, listed.name) as name,
          coalesce(quote.kind, profile.kind, listed.kind) as kind,
          coalesce(quote.mic, profile.mic, listed.mic) as mic,
          case
            when quote.mic is not null then quote.exchange
            when profile.mic is not null then profile.exchange
            else coalesce(listed.exchange, profile.exchange, quote.exchange)
          end as exchange,
          coalesce(quote.currency, profile.currency, listed.currency) as currency,
          profile.country,
          profile.sector
        from unnest(${[...symbols]}::text[]) as asked (symbol)
        left join quotes_latest as quote on quote.symbol = asked.symbol
        left join profiles as profile on profile.symbol = asked.symbol
        left join listed on listed.symbol = asked.symbol
        where coalesce(quote.symbol, profile.symbol, listed.symbol) is not null`
      return new Map(
        rows.map((row) => {
          const { symbol, ...identity } = present(row)
          return [symbol, identity]
        })
      )
    }
  }
}
