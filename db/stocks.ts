import type { StockFilter, StockListing, StockOrder, StockPlace, StockSort } from '../src/market/stock.ts'
import { isoOf } from '../src/market/time.ts'
import type { Database } from './client.ts'
import { queryOf, WORDS } from './instrument-directory.ts'
import { present } from './rows.ts'

type Sql = Database['sql']
type ListingRow = { [Key in keyof StockListing]-?: StockListing[Key] | null }
type Row = ListingRow & { readonly place: number | null }

/** A stock that is listed, with where it stands in the order that was asked for. */
export type ListedStock = { readonly listing: StockListing; readonly place: StockPlace }

export type StockStore = ReturnType<typeof createStockStore>

const LISTING = `symbol, name, kind, ibkr_contract_id::float8 as "ibkrContractId", isin, mic, exchange, country, currency, sector,
  industry, market_cap::float8 as "marketCap", market_cap_source as "marketCapSource", tick_sizes as "tickSizes", lot::float8 as lot,
  tradable, hours, delisted_on::text as "delistedOn"`
const COLUMNS: Readonly<Record<Exclude<StockSort, 'symbol'>, string>> = {
  marketCap: 'market_cap',
  price: 'price',
  changePercent: 'change_percent',
  volume: 'volume',
  lastPriceUpdate: 'last_price_update'
}

/** What is stored of stocks, over all that is known of instruments: the view `stocks`. */
export function createStockStore({ sql }: Pick<Database, 'sql'>) {
  const listing = sql.unsafe(LISTING)

  return {
    /** One by its canonical symbol, delisted or not. */
    async find(symbol: string): Promise<StockListing | undefined> {
      const [row] = await sql<ListingRow[]>`select ${listing} from stocks where symbol = ${symbol}`
      return row && listingOf(row)
    },

    /**
     * Those that are quoted, and whose profile was received before an instant (epoch ms) or never; at most so many, in an order
     * that is another one for each text given.
     */
    async withOldProfiles(before: number, orderedBy: string, limit: number): Promise<string[]> {
      const rows = await sql<{ symbol: string }[]>`
        select stocks.symbol from stocks left join profiles on profiles.symbol = stocks.symbol
        where price is not null and delisted_on is null
          and (profiles.symbol is null or profiles.received_at < ${isoOf(before)}::text::timestamptz)
        order by md5(stocks.symbol || ${orderedBy}::text) limit ${limit}`
      return rows.map(({ symbol }) => symbol)
    },

    /** Those that are quoted, at most so many: those without a number of Interactive Brokers first. */
    async toDescribe(limit: number): Promise<string[]> {
      const rows = await sql<{ symbol: string }[]>`
        select symbol from stocks where price is not null and delisted_on is null
        order by ibkr_contract_id is not null, md5(symbol || current_date) limit ${limit}`
      return rows.map(({ symbol }) => symbol)
    },

    /** Those that are listed; one without a value of what they are sorted by comes last. */
    async list(filter: StockFilter, { by, descending, limit, after }: StockOrder): Promise<ListedStock[]> {
      const where = [...conditionsOf(sql, filter), ...behind(sql, by, descending, after)].reduce(
        (all, condition) => sql`${all} and ${condition}`
      )
      const direction = sql.unsafe(descending ? 'desc' : 'asc')
      const order =
        by === 'symbol'
          ? sql`symbol ${direction}`
          : sql`${sql.unsafe(COLUMNS[by])} ${direction} nulls last, symbol ${direction}`
      const rows = await sql<Row[]>`
        select ${listing}, ${sql.unsafe(placeOf(by))} as place from stocks where ${where} order by ${order} limit ${limit}`
      return rows.map(({ place, ...row }) => ({
        listing: listingOf(row),
        place: { value: place, symbol: row.symbol! }
      }))
    }
  }
}

const listingOf = (row: ListingRow): StockListing => present(row) as StockListing

function conditionsOf(sql: Sql, filter: StockFilter) {
  const { words = [], sector, industry, mic, tradable, marketCap = {}, ibkrContractId, updatedSince } = filter
  const today = isoOf(Date.now()).slice(0, 10)
  return [
    sql`delisted_on is null`,
    ...(words.length === 0
      ? []
      : [
          sql`id in (select id from instruments where ${sql.unsafe(WORDS)} @@ to_tsquery('simple', ${queryOf(words)}))`
        ]),
    ...(sector === undefined ? [] : [sql`sector = ${sector}`]),
    ...(industry === undefined ? [] : [sql`lower(industry) = lower(${industry})`]),
    ...(mic === undefined ? [] : [sql`mic = ${mic}`]),
    ...(tradable === undefined ? [] : [sql`tradable = ${tradable}`]),
    ...(marketCap.from === undefined ? [] : [sql`market_cap >= ${exactly(marketCap.from)}::text::numeric`]),
    ...(marketCap.to === undefined ? [] : [sql`market_cap <= ${exactly(marketCap.to)}::text::numeric`]),
    ...(ibkrContractId === undefined
      ? []
      : [
          sql`id in (
            select instrument_id from instrument_aliases where vendor = 'ibkr' and alias = ${exactly(ibkrContractId)}
              and held_from <= ${today}::text::date and ${today}::text::date < held_until)`
        ]),
    ...(updatedSince === undefined ? [] : [sql`last_price_update >= ${isoOf(updatedSince)}::text::timestamptz`])
  ]
}

function behind(sql: Sql, by: StockSort, descending: boolean, after: StockPlace | undefined) {
  if (after === undefined) return []
  const { value, symbol } = after
  const comparison = sql.unsafe(descending ? '<' : '>')
  if (by === 'symbol') return [sql`symbol ${comparison} ${symbol}`]
  const column = sql.unsafe(COLUMNS[by])
  if (value === null) return [sql`${column} is null and symbol ${comparison} ${symbol}`]
  const last =
    by === 'lastPriceUpdate' ? sql`${isoOf(value)}::text::timestamptz` : sql`${exactly(value)}::text::numeric`
  return [sql`(${column} is null or (${column}, symbol) ${comparison} (${last}, ${symbol}))`]
}

function placeOf(by: StockSort): string {
  if (by === 'symbol') return 'null::float8'
  return by === 'lastPriceUpdate'
    ? 'round(extract(epoch from last_price_update) * 1000)::float8'
    : `${COLUMNS[by]}::float8`
}

/** The decimal that is stored of a double: a cast of the double itself keeps fifteen digits. */
const exactly = (value: number): string => String(value)
