import type { Instrument, InstrumentChange, InstrumentFilter } from '../src/market/instrument.ts'
import type { Database } from './client.ts'
import { INSTRUMENT_COLUMNS, instrumentOf, type InstrumentRow } from './instrument-columns.ts'
import { present } from './rows.ts'

/** `lastTradingAt`: epoch milliseconds. */
export type ListedContract = {
  readonly symbol: string
  readonly underlying: string
  readonly expiry: string
  readonly lastTradingAt?: number
  readonly strike?: number
}

/** All that is or was listed, to be looked through. Days are YYYY-MM-DD. */
export function createInstrumentDirectory({ sql }: Pick<Database, 'sql'>) {
  const columns = sql.unsafe(INSTRUMENT_COLUMNS)

  return {
    /** In the order of their symbols, behind one (''), at most so many. */
    async search(filter: InstrumentFilter, limit: number, after: string): Promise<Instrument[]> {
      const { words = [], mic, segment, kind, underlying, right, expiry, strike, withDelisted } = filter
      const conditions = [
        sql`symbol > ${after}`,
        ...(words.length > 0 ? [sql`${sql.unsafe(WORDS)} @@ to_tsquery('simple', ${queryOf(words)})`] : []),
        ...(mic === undefined ? [] : [sql`mic = ${mic}`]),
        ...(segment === undefined ? [] : [sql`segment = ${segment}`]),
        ...(kind === undefined ? [] : [sql`kind = ${kind}`]),
        ...(underlying === undefined ? [] : [sql`underlying = ${underlying}`]),
        ...(right === undefined ? [] : [sql`"right" = ${right}`]),
        ...(expiry?.from === undefined ? [] : [sql`expiry >= ${expiry.from}::text::date`]),
        ...(expiry?.to === undefined ? [] : [sql`expiry <= ${expiry.to}::text::date`]),
        ...(strike?.from === undefined ? [] : [sql`strike >= ${strike.from}::float8::numeric`]),
        ...(strike?.to === undefined ? [] : [sql`strike <= ${strike.to}::float8::numeric`]),
        ...(withDelisted ? [] : [sql`delisted_on is null`])
      ]
      const where = conditions.reduce((all, condition) => sql`${all} and ${condition}`)
      const rows = await sql<InstrumentRow[]>`
        select ${columns} from instruments where ${where} order by symbol limit ${limit}`
      return rows.map(instrumentOf)
    },

    /** Futures and options that are listed on underlyings. */
    async contractsOn(underlyings: readonly string[]): Promise<ListedContract[]> {
      const rows = await sql<{ [Key in keyof ListedContract]-?: ListedContract[Key] | null }[]>`
        select symbol, underlying, expiry::text as expiry, strike::float8 as strike,
          floor(extract(epoch from last_trading_at) * 1000)::float8 as "lastTradingAt"
        from instruments
        where underlying = any(${[...underlyings]}::text[]) and kind in ('future', 'option') and expiry is not null
          and delisted_on is null`
      return rows.map((row) => present(row) as ListedContract)
    },

    /** Days on which options on an underlying expire, as far as they are listed, soonest first. */
    async optionExpiries(underlying: string): Promise<string[]> {
      const rows = await sql<{ expiry: string }[]>`
        select distinct expiry::text as expiry from instruments
        where underlying = ${underlying} and kind = 'option' and expiry is not null and delisted_on is null
        order by expiry`
      return rows.map(({ expiry }) => expiry)
    },

    /** Those of one expiry that are listed. */
    async options(underlying: string, expiry: string): Promise<Instrument[]> {
      const rows = await sql<InstrumentRow[]>`
        select ${columns} from instruments
        where underlying = ${underlying} and kind = 'option' and expiry = ${expiry}::text::date and delisted_on is null
          and strike is not null and "right" is not null`
      return rows.map(instrumentOf)
    },

    /** What any vendor calls so on a day. */
    async named(alias: string, day: string): Promise<Instrument | undefined> {
      const [row] = await sql<InstrumentRow[]>`
        select ${columns} from instruments join instrument_aliases on instrument_aliases.instrument_id = instruments.id
        where alias = ${alias} and held_from <= ${day}::text::date and ${day}::text::date < held_until
        order by vendor limit 1`
      return row && instrumentOf(row)
    },

    /** What master files changed of one, newest first, at most so many. */
    async changes(instrumentId: number, limit: number): Promise<InstrumentChange[]> {
      const rows = await sql<{ changedAt: string; source: string; former: InstrumentChange['former'] }[]>`
        select to_char(changed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "changedAt", source, former
        from instrument_changes where instrument_id = ${instrumentId} order by changed_at desc limit ${limit}`
      return rows.map(({ changedAt, source, former }) => ({ at: changedAt, source, former }))
    }
  }
}

/** As the index has it. */
export const WORDS = `to_tsvector('simple', translate(
  symbol || ' ' || coalesce(trading_symbol, '') || ' ' || coalesce(name, '') || ' ' || coalesce(isin, ''),
  ':^_&/|-', '       '))`

/** Words that all begin so; they have letters, digits and points alone. */
export const queryOf = (words: readonly string[]): string => words.map((word) => `'${word}':*`).join(' & ')
