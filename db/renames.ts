import { CANONICAL } from '../src/market/instrument.ts'

/** A transaction of either driver. */
export type Execute = (statement: string, parameters: unknown[]) => PromiseLike<unknown>

export type Rename = { readonly id: number; readonly former: string; readonly symbol: string }

/**
 * Notes that instruments have other canonical symbols from a day (YYYY-MM-DD) on: under the former ones they are found as of
 * the days before. Each instrument once; their rows are left to the caller.
 */
export async function noteRenames(execute: Execute, renames: readonly Rename[], from: string): Promise<void> {
  const parameters = [renames.map(({ id }) => id), from]
  for (const statement of ENDING) await execute(statement, parameters)
  await execute(FORMER, [...parameters, renames.map(({ former }) => former)])
  await execute(PRESENT, [...parameters, renames.map(({ symbol }) => symbol)])
}

const STANDING = `instrument_id = any($1::integer[]) and vendor = '${CANONICAL}' and held_until = 'infinity'`
/** What was noted on the same day held on no day. */
const ENDING = [
  `delete from instrument_aliases where ${STANDING} and held_from >= $2::text::date`,
  `update instrument_aliases set held_until = $2::text::date where ${STANDING} and held_from < $2::text::date`
]
const RENAMED = 'unnest($1::integer[], $3::text[]) as renamed (id, symbol)'
const FORMER = `
  insert into instrument_aliases (instrument_id, vendor, alias, held_until)
  select id, '${CANONICAL}', symbol, $2::text::date from ${RENAMED}
  where not exists (select from instrument_aliases where instrument_id = id and vendor = '${CANONICAL}')`
const PRESENT = `
  insert into instrument_aliases (instrument_id, vendor, alias, held_from)
  select id, '${CANONICAL}', symbol, $2::text::date from ${RENAMED}`
