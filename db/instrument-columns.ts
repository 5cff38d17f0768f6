import type { Instrument, InstrumentFacts } from '../src/market/instrument.ts'
import { present } from './rows.ts'

/** An instrument as it is read. */
export type InstrumentRow = { [Key in keyof Required<Instrument>]: Required<Instrument>[Key] | null } & {
  id: number
  symbol: string
}

/** The members of an instrument beside its symbol and exchange, as Postgres spells and types them. */
const FACTS = {
  name: ['name', 'text'],
  kind: ['kind', 'text'],
  country: ['country', 'text'],
  currency: ['currency', 'text'],
  multiplier: ['multiplier', 'numeric'],
  tickSizes: ['tick_sizes', 'jsonb'],
  lot: ['lot', 'numeric'],
  isin: ['isin', 'text'],
  underlying: ['underlying', 'text'],
  expiry: ['expiry', 'date'],
  lastTradingAt: ['last_trading_at', 'timestamptz'],
  strike: ['strike', 'numeric'],
  right: ['"right"', 'text'],
  tradable: ['tradable', 'boolean'],
  sector: ['sector', 'text'],
  industry: ['industry', 'text'],
  hours: ['hours', 'jsonb'],
  segment: ['segment', 'text'],
  tradingSymbol: ['trading_symbol', 'text'],
  exchangeToken: ['exchange_token', 'text'],
  delistedOn: ['delisted_on', 'date']
} as const satisfies Record<Exclude<keyof InstrumentFacts, 'symbol' | 'mic' | 'exchange'>, readonly [string, string]>

/** Members and their columns, beside symbol and exchange. */
export const PLAIN = Object.entries(FACTS)
/** All columns beside id and symbol. */
export const NAMES = ['mic', 'exchange', ...PLAIN.map(([, [column]]) => column)]
/** As they are read: numbers as doubles, instants as ISO texts. */
const READ_AS: Readonly<Record<string, (column: string) => string>> = {
  numeric: (column) => `${column}::float8`,
  date: (column) => `${column}::text`,
  timestamptz: (column) => `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`
}

/** A member as an instrument tells it, of a table. */
export const told = (table: string, [column, type]: readonly [string, string]): string =>
  READ_AS[type]?.(`${table}.${column}`) ?? `${table}.${column}`
export const INSTRUMENT_COLUMNS = [
  'instruments.id, symbol, mic, exchange',
  ...PLAIN.map(([key, plain]) => `${told('instruments', plain)} as "${key}"`)
].join(', ')
/** As the domain spells it: what is not known is missing. */
export function instrumentOf(row: InstrumentRow): Instrument {
  return present(row) as Instrument
}
