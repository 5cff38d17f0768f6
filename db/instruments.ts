import postgres from 'postgres'
import { CANONICAL, type Instrument, type InstrumentAlias, type InstrumentFacts } from '../src/market/instrument.ts'
import { inTransaction, type Database } from './client.ts'
import { INSTRUMENT_COLUMNS, instrumentOf, NAMES, PLAIN, type InstrumentRow } from './instrument-columns.ts'
import { noteRenames, type Execute } from './renames.ts'

/** Exclusion and unique violation: the name is held by another instrument on one of the days. */
const ALIAS_HELD = new Set(['23P01', '23505'])

const NAMES_AT_A_TIME = 2000

/** A vendor's name that two instruments would have on one day. Says which, and when. */
export class AliasHeldError extends RangeError {
  constructor(wanted: InstrumentAlias, wantedBy: string, held: InstrumentAlias, heldBy: string) {
    const { vendor, alias } = wanted
    super(
      `${vendor} calls ${heldBy} ${JSON.stringify(alias)} ${daysOf(held)}: ${wantedBy} cannot have that name ${daysOf(wanted)}`
    )
    this.name = 'AliasHeldError'
  }
}

/** Each time another process must have renamed, or removed, what it had just made. */
const MAX_ATTEMPTS = 5

export type InstrumentStore = ReturnType<typeof createInstrumentStore>

/** What is listed, and what vendors call it. Days are YYYY-MM-DD. */
export function createInstrumentStore({ sql }: Pick<Database, 'sql'>) {
  /**
   * As it is told newly; what is not told stays. A MIC comes with its own name of the exchange. Returns ids by symbol, of every symbol
   * one: an instrument that is renamed meanwhile leaves its symbol to a new one, as if it had been renamed before.
   */
  async function upsert(facts: readonly InstrumentFacts[]): Promise<Map<string, number>> {
    const told = new Map(facts.map((each) => [each.symbol, each]))
    const incoming = JSON.stringify([...told.values()])
    const symbols = [...told.keys()]
    return inTransaction(sql, async (tx) => {
      // An insert that meets its row uses an id up all the same: only what is new is inserted.
      await tx.unsafe(INSERT_NEW, [incoming])
      await tx.unsafe(UPDATE_CHANGED, [incoming])
      for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
        const ids = await idsOf(tx, symbols)
        if (ids.size === symbols.length) return ids
        // The rows that are there are locked by now: nobody can rename one of those.
        await tx.unsafe(INSERT_NEW, [incoming])
      }
      throw new RangeError(`some of ${symbols.length} instruments are not there once they were written`)
    })
  }

  /** By canonical symbol as it is today; one that is not known is missing. */
  async function find(symbols: readonly string[]): Promise<Map<string, Instrument>> {
    const rows = await sql<InstrumentRow[]>`
      select ${sql.unsafe(INSTRUMENT_COLUMNS)} from instruments where symbol = any(${[...symbols]}::text[])`
    return new Map(rows.map((row) => [row.symbol, instrumentOf(row)]))
  }

  /** The instruments that a vendor calls so on a day, by that name. */
  async function findByAlias(
    vendor: string,
    aliases: readonly string[],
    day: string
  ): Promise<Map<string, Instrument>> {
    const rows = await sql<(InstrumentRow & { asked: string })[]>`
      select instrument_aliases.alias as asked, ${sql.unsafe(INSTRUMENT_COLUMNS)}
      from instrument_aliases join instruments on instruments.id = instrument_aliases.instrument_id
      where vendor = ${vendor} and alias = any(${[...aliases]}::text[])
        and held_from <= ${day}::text::date and ${day}::text::date < held_until`
    return new Map(rows.map(({ asked, ...row }) => [asked, instrumentOf(row as InstrumentRow)]))
  }

  return {
    upsert,
    find,
    findByAlias,

    /** The instruments that had these canonical symbols on a day: of one that was renamed, by the symbol of that time. */
    async findAsOf(symbols: readonly string[], day: string): Promise<Map<string, Instrument>> {
      const [renamed, today, dated] = await Promise.all([
        findByAlias(CANONICAL, symbols, day),
        find(symbols),
        sql<{ id: number; alias: string }[]>`
          select instrument_id as id, alias from instrument_aliases
          where vendor = ${CANONICAL} and alias = any(${[...symbols]}::text[])`
      ])
      for (const { id, alias } of dated) if (today.get(alias)?.id === id) today.delete(alias)
      return new Map([...today, ...renamed])
    },

    /** Canonical symbols that begin with a text, as they are today, at most so many. */
    async startingWith(text: string, limit: number): Promise<string[]> {
      const rows = await sql<{ symbol: string }[]>`
        select symbol from instruments where starts_with(symbol, ${text}) order by symbol limit ${limit}`
      return rows.map(({ symbol }) => symbol)
    },

    /**
     * Notes what vendors call instruments; what is noted already is not again. All or nothing: throws AliasHeldError
     * where another instrument has a name on one of the days.
     */
    async addAliases(aliases: readonly InstrumentAlias[]): Promise<void> {
      let tried: InstrumentAlias | undefined
      try {
        await inTransaction(sql, async (tx) => {
          for (const alias of aliases) {
            tried = alias
            await tx`
              insert into instrument_aliases (instrument_id, vendor, alias, held_from, held_until)
              select ${alias.instrumentId}, ${alias.vendor}, ${alias.alias}, ${first(alias)}::text::date,
                ${end(alias)}::text::date
              where not exists (
                select from instrument_aliases where instrument_id = ${alias.instrumentId} and vendor = ${alias.vendor}
                  and alias = ${alias.alias} and held_from <= ${first(alias)}::text::date
                  and ${end(alias)}::text::date <= held_until)`
          }
        })
      } catch (error) {
        if (tried && error instanceof postgres.PostgresError && ALIAS_HELD.has(error.code)) await explain(tried)
        throw error
      }
    },

    /**
     * Gives an instrument another canonical symbol from a day on; under the former one it is found as of the days before.
     * Throws AliasHeldError where another instrument has the symbol then.
     */
    async rename(id: number, symbol: string, from: string): Promise<void> {
      await inTransaction(sql, async (tx) => {
        const [held] = await tx<{ symbol: string }[]>`select symbol from instruments where id = ${id} for update`
        if (!held) throw new RangeError(`there is no instrument ${id}`)
        const [other] = await tx<{ id: number }[]>`select id from instruments where symbol = ${symbol} and id <> ${id}`
        if (other) {
          const wanted = { instrumentId: id, vendor: CANONICAL, alias: symbol, from }
          throw new AliasHeldError(wanted, held.symbol, { ...wanted, instrumentId: other.id, from: undefined }, symbol)
        }
        const execute: Execute = (statement, parameters) => tx.unsafe(statement, parameters as never[])
        await noteRenames(execute, [{ id, former: held.symbol, symbol }], from)
        await tx`update instruments set symbol = ${symbol} where id = ${id}`
      })
    },

    /**
     * The symbols that are instruments today, with what a vendor calls them on a day, some thousand at a time. Of several
     * names of one the last is that which holds longest.
     */
    async *namesOf(vendor: string, day: string): AsyncGenerator<{ symbol: string; alias: string }[], void> {
      yield* sql<{ symbol: string; alias: string }[]>`
        select symbol, alias from instrument_aliases
        join instruments on instruments.id = instrument_aliases.instrument_id
        where vendor = ${vendor} and held_from <= ${day}::text::date and ${day}::text::date < held_until
        order by held_from desc`.cursor(NAMES_AT_A_TIME)
    },

    /** What a vendor calls the instrument of a canonical symbol on a day; of several names that which holds longest. */
    async aliasOn(vendor: string, symbol: string, day: string): Promise<string | undefined> {
      const [row] = await sql<{ alias: string }[]>`
        select alias from instrument_aliases
        join instruments on instruments.id = instrument_aliases.instrument_id
        where vendor = ${vendor} and symbol = ${symbol}
          and held_from <= ${day}::text::date and ${day}::text::date < held_until
        order by held_from limit 1`
      return row?.alias
    },

    /** Every name that the instruments have or had, oldest first. */
    async aliases(instrumentIds: readonly number[]): Promise<InstrumentAlias[]> {
      const rows = await sql<AliasRow[]>`
        select ${sql.unsafe(ALIAS_COLUMNS)} from instrument_aliases
        where instrument_id = any(${[...instrumentIds]}::integer[]) order by held_from, vendor, alias`
      return rows.map(aliasOf)
    }
  }

  /** Throws what says who has the name. */
  async function explain(wanted: InstrumentAlias): Promise<void> {
    const [held] = await sql<(AliasRow & { symbol: string })[]>`
      select symbol, ${sql.unsafe(ALIAS_COLUMNS)} from instrument_aliases
      join instruments on instruments.id = instrument_aliases.instrument_id
      where vendor = ${wanted.vendor} and alias = ${wanted.alias}
        and daterange(held_from, held_until) && daterange(${first(wanted)}::text::date, ${end(wanted)}::text::date)`
    const [own] = await sql<{ symbol: string }[]>`select symbol from instruments where id = ${wanted.instrumentId}`
    if (!held || !own) return
    throw new AliasHeldError(wanted, own.symbol, aliasOf(held), held.symbol)
  }
}

async function idsOf(sql: postgres.TransactionSql, symbols: readonly string[]): Promise<Map<string, number>> {
  const rows = await sql<{ symbol: string; id: number }[]>`
    select symbol, id from instruments where symbol = any(${[...symbols]}::text[])`
  return new Map(rows.map(({ symbol, id }) => [symbol, id]))
}

const first = ({ from }: InstrumentAlias) => from ?? '-infinity'
const end = ({ until }: InstrumentAlias) => until ?? 'infinity'

function daysOf({ from, until }: InstrumentAlias): string {
  if (from === undefined && until === undefined) return 'on all days'
  if (from === undefined) return `until before ${until}`
  return until === undefined ? `from ${from} on` : `from ${from} until before ${until}`
}

type AliasRow = { instrumentId: number; vendor: string; alias: string; from: string | null; until: string | null }

const ALIAS_COLUMNS = `
  instrument_id as "instrumentId", vendor, alias,
  nullif(held_from, '-infinity')::text as "from", nullif(held_until, 'infinity')::text as "until"`

const aliasOf = ({ instrumentId, vendor, alias, from, until }: AliasRow): InstrumentAlias => ({
  instrumentId,
  vendor,
  alias,
  ...(from !== null && { from }),
  ...(until !== null && { until })
})

/** Facts in a parameter, `$1`, as JSON. */
const INCOMING = `(select * from json_to_recordset($1::text::json) as told (
  symbol text, mic text, exchange text, ${PLAIN.map(([key, [, type]]) => `"${key}" ${type}`).join(', ')})) as incoming`
const INSERT_NEW = `
  insert into instruments (symbol, ${NAMES.join(', ')})
  select symbol, mic, exchange, ${PLAIN.map(([key]) => `"${key}"`).join(', ')} from ${INCOMING}
  where not exists (select from instruments where instruments.symbol = incoming.symbol)
  order by symbol on conflict (symbol) do nothing`
/** What an instrument is after the telling. An exchange without a MIC is any that the vendor calls so. */
const MERGED = [
  'coalesce(incoming.mic, held.mic) as mic',
  'case when incoming.mic is not null or held.mic is null then coalesce(incoming.exchange, held.exchange) else held.exchange end as exchange',
  ...PLAIN.map(([key, [column]]) => `coalesce(incoming."${key}", held.${column}) as ${column}`)
].join(', ')
/** Rows are locked in the order of their symbols, so that two processes that write many do not wait for one another. */
const UPDATE_CHANGED = `
  update instruments set ${NAMES.map((name) => `${name} = merged.${name}`).join(', ')}
  from (
    select held.id, ${MERGED} from instruments as held join ${INCOMING} on incoming.symbol = held.symbol
    order by held.symbol for update of held
  ) as merged
  where merged.id = instruments.id
    and (${NAMES.map((name) => `merged.${name}`).join(', ')})
      is distinct from (${NAMES.map((name) => `instruments.${name}`).join(', ')})`
