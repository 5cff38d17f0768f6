import type { ListedInstrument } from '../src/market/instrument.ts'
import { isoOf } from '../src/market/time.ts'
import type { Database } from './client.ts'
import { inCopyTransaction, type CopyTransaction } from './copy.ts'
import { pgTable, text } from './drizzle.ts'
import { NAMES, PLAIN, told } from './instrument-columns.ts'
import { noteRenames, type Rename } from './renames.ts'
import { instrumentFacts } from './schema/instruments.ts'

/** Two imports at once would each take the other's instruments for new. */
const IMPORT_LOCK = 5_077_204
/** A file that lists less than this share of what it listed before is not believed. */
const LEAST_SHARE = 0.5
const LEAST_COUNT = 100

/** What a file is about, and when it was read. */
export type MasterScope = {
  readonly vendor: string
  /** Of the exchange whose instruments the file lists, all of them. */
  readonly mic: string
  /** YYYY-MM-DD at the exchange. */
  readonly day: string
  /** Epoch milliseconds. */
  readonly readAt: number
  /** Believes a file that lists far less than the one before. */
  readonly acceptsLoss?: boolean
}

/** What became of the instruments of a file. */
export type MasterImport = {
  readonly listed: number
  readonly added: number
  readonly changed: number
  readonly renamed: number
  readonly delisted: number
  /** Rows with a symbol or a vendor's key that a row before had: they are left out. */
  readonly repeated: number
}

/** What of a file was read cannot be all that is listed. Nothing was changed. */
export class MasterShrunkError extends Error {
  constructor(left: number, gone: number) {
    super(
      `the file no longer lists ${gone} of ${left + gone} instruments: it is not believed. Run the job with acceptsLoss where that is right`
    )
    this.name = 'MasterShrunkError'
  }
}

/** Takes master files over. */
export function createMasterStore({ copyPool }: Pick<Database, 'copyPool'>) {
  return {
    /**
     * Makes what is known the same as a file, all at once when the last of it was read: where `batches` or anything else
     * fails, everything stays as it was. Former values are kept. Rejects with MasterShrunkError, and with what `batches`
     * throws.
     */
    import(scope: MasterScope, batches: AsyncIterable<readonly ListedInstrument[]>): Promise<MasterImport> {
      return inCopyTransaction(copyPool, async (tx) => {
        await tx.query(`select pg_advisory_xact_lock(${IMPORT_LOCK})`)
        await tx.query(STAGE)
        await stage(tx, batches)
        return takeOver(tx, scope)
      })
    }
  }
}

/** Postgres reads one batch while the next one is made. */
async function stage(tx: CopyTransaction, batches: AsyncIterable<readonly ListedInstrument[]>): Promise<void> {
  let staged: Promise<unknown> = Promise.resolve()
  for await (const batch of batches) {
    await staged
    staged = tx.copy(masterTable, batch)
    // Where the batches end in an error, that one is told.
    staged.catch(() => undefined)
  }
  await staged
}

async function takeOver(tx: CopyTransaction, { vendor, mic, day, readAt, acceptsLoss }: MasterScope) {
  const run = async (statement: string, ...parameters: unknown[]) => (await tx.unsafe(statement, parameters)).count
  const repeated = await run(LEAVE_REPEATED)
  await run('analyze master_rows')
  await run(KNOWN_BY_ALIAS, vendor, day)
  await run(KNOWN_BY_SYMBOL)
  const renames = await tx.query<Rename>(RENAMED)
  if (renames.length > 0) await noteRenames((...given) => tx.query(...given), renames, day)
  const changed = await run(TAKE_OVER_CHANGES, vendor, isoOf(readAt))
  const added = await run(ADD_NEW)
  // What another process added meanwhile.
  await run(KNOWN_BY_SYMBOL)
  await run('analyze master_rows')
  const [count] = await tx.query<{ listed: number; gone: number }>(COUNT, [vendor, mic, day])
  const { listed, gone } = count!
  const left = listed - added
  if (!acceptsLoss && gone >= LEAST_COUNT && left < (left + gone) * LEAST_SHARE) throw new MasterShrunkError(left, gone)
  const delisted = await run(DELIST, vendor, mic, day)
  for (const statement of END_ALIASES) await run(statement, vendor, mic, day)
  await run(ADD_ALIASES, vendor, day)
  return { listed, added, changed, renamed: renames.length, delisted, repeated }
}

/** Where the rows of a file wait for its end, in a temporary table. */
const masterTable = pgTable('master_rows', { alias: text().notNull(), ...instrumentFacts })
const STAGE = `
  create temporary table master_rows on commit drop as
  select null::integer as instrument_id, null::text as alias, symbol, ${NAMES.join(', ')} from instruments where false;
  alter table master_rows add column place integer generated always as identity`
const LEAVE_REPEATED = `
  delete from master_rows using (
    select place, row_number() over (partition by symbol order by place) as by_symbol,
      row_number() over (partition by alias order by place) as by_alias
    from master_rows
  ) as numbered
  where numbered.place = master_rows.place and (by_symbol > 1 or by_alias > 1)`

/**
 * An instrument may have another symbol than before. A number of the exchange is given to another contract when one is gone:
 * what ends on another day, or has another right, is not the same.
 */
const KNOWN_BY_ALIAS = `
  update master_rows set instrument_id = held.id
  from instrument_aliases as names join instruments as held on held.id = names.instrument_id
  where names.vendor = $1 and names.alias = master_rows.alias
    and names.held_from <= $2::text::date and $2::text::date < names.held_until
    and (held.expiry, held."right") is not distinct from (master_rows.expiry, master_rows."right")
    and (held.symbol = master_rows.symbol
      or not exists (select from instruments as other where other.symbol = master_rows.symbol))`
const KNOWN_BY_SYMBOL = `
  update master_rows set instrument_id = held.id from instruments as held
  where held.symbol = master_rows.symbol and master_rows.instrument_id is null
    and not exists (select from master_rows as other where other.instrument_id = held.id)`
const RENAMED = `
  select held.id, held.symbol as former, master_rows.symbol
  from master_rows join instruments as held on held.id = master_rows.instrument_id and held.symbol <> master_rows.symbol`

/** Vendors of quotes write names and kinds with more care than exchanges do. */
const KEPT = ['name', 'kind']
const AFTER: readonly (readonly [column: string, merged: string])[] = [
  ['symbol', 'master_rows.symbol'],
  ...NAMES.map((name): [string, string] => {
    if (name === 'delisted_on') return [name, 'null::date']
    const [first, second] = KEPT.includes(name) ? ['held', 'master_rows'] : ['master_rows', 'held']
    return [name, `coalesce(${first}.${name}, ${second}.${name})`]
  })
]
const MEMBERS: readonly (readonly [key: string, column: string, value: string])[] = [
  ...['symbol', 'mic', 'exchange'].map((name): [string, string, string] => [name, name, `held.${name}`]),
  ...PLAIN.map(([key, plain]): [string, string, string] => [key, plain[0], told('held', plain)])
]
/** Rows are locked in the order of their symbols, as all that write many do. */
const TAKE_OVER_CHANGES = `
  with merged as materialized (
    select held.id, ${AFTER.map(([column, value]) => `${value} as ${column}`).join(', ')}
    from master_rows join instruments as held on held.id = master_rows.instrument_id
    where (${AFTER.map(([, value]) => value).join(', ')})
      is distinct from (${AFTER.map(([column]) => `held.${column}`).join(', ')})
    order by held.symbol for update of held
  ), former as (
    select held.id, jsonb_strip_nulls(jsonb_build_object(${MEMBERS.map(
      ([key, column, value]) => `'${key}', case when merged.${column} is distinct from held.${column} then ${value} end`
    ).join(', ')})) as members
    from merged join instruments as held on held.id = merged.id
  ), kept as (
    insert into instrument_changes (instrument_id, changed_at, source, former)
    select id, $2::text::timestamptz, $1, members from former where members <> '{}'
  )
  update instruments set ${AFTER.map(([column]) => `${column} = merged.${column}`).join(', ')}
  from merged where merged.id = instruments.id`
const ADD_NEW = `
  with added as (
    insert into instruments (symbol, ${NAMES.join(', ')})
    select symbol, ${NAMES.join(', ')} from master_rows where instrument_id is null
    order by symbol on conflict (symbol) do nothing
    returning id, symbol
  )
  update master_rows set instrument_id = added.id from added where added.symbol = master_rows.symbol`

/** What a file of the vendor listed before, and this one does not. */
const GONE = `
  held.mic = $2 and held.delisted_on is null
    and exists (select from instrument_aliases where instrument_id = held.id and vendor = $1)
    and not exists (select from master_rows where master_rows.instrument_id = held.id)`
/** Contracts end: that those that have are gone is no loss. */
const COUNT = `
  select (select count(*) from master_rows)::integer as listed,
    (select count(*) from instruments as held
      where ${GONE} and (held.expiry is null or held.expiry >= $3::text::date))::integer as gone`
const DELIST = `
  update instruments set tradable = false, delisted_on = least($3::text::date, coalesce(gone.expiry + 1, $3::text::date))
  from (select id, expiry from instruments as held where ${GONE} order by held.symbol for update) as gone
  where gone.id = instruments.id`

/** Names that the vendor no longer has for who has them; what was noted on the same day held on no day. */
const ENDED = `
  instrument_aliases.vendor = $1 and instrument_aliases.held_until > $3::text::date
    and exists (select from instruments where instruments.id = instrument_aliases.instrument_id and mic = $2)
    and not exists (
      select from master_rows
      where master_rows.instrument_id = instrument_aliases.instrument_id and master_rows.alias = instrument_aliases.alias)`
const END_ALIASES = [
  `delete from instrument_aliases where ${ENDED} and held_from >= $3::text::date`,
  `update instrument_aliases set held_until = $3::text::date where ${ENDED} and held_from < $3::text::date`
]
/** A contract has its name until it ends: then the exchange gives its number away. */
const ADD_ALIASES = `
  insert into instrument_aliases (instrument_id, vendor, alias, held_from, held_until)
  select instrument_id, $1, alias, $2::text::date, coalesce(expiry + 1, 'infinity') from master_rows
  where instrument_id is not null and not exists (
    select from instrument_aliases as names
    where names.instrument_id = master_rows.instrument_id and names.vendor = $1 and names.alias = master_rows.alias
      and names.held_from <= $2::text::date and $2::text::date < names.held_until)`
