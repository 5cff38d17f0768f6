import type { InferInsertModel } from 'drizzle-orm'
import type { PgColumn, PgTable } from 'drizzle-orm/pg-core'
import { getTableColumns, getTableName, toSnakeCase } from './drizzle.ts'
import { inSlices, mapping } from '../src/slices.ts'

/** Rows of texts of any length: more at once would be a statement of many megabytes. */
const ROWS_PER_STATEMENT = 500

/** A pool or a transaction, of either driver. Statements have `$1` and so on for their parameters. */
export type Executor = {
  unsafe(statement: string, parameters: string[], options: { prepare: true }): PromiseLike<{ count: number }>
}

type ColumnKey<Table extends PgTable> = keyof Table['_']['columns'] & string

/** What to do with a row whose key is there already: overwrite it, where `where` (SQL) allows. */
export type OnConflict<Table extends PgTable> = {
  readonly key: readonly ColumnKey<Table>[]
  /** SQL over the table's name (the row held) and `excluded` (the row that comes). */
  readonly where?: string
  /** SQL for the columns that are merged instead of overwritten. */
  readonly merge?: { readonly [Key in ColumnKey<Table>]?: string }
  readonly rowsPerStatement?: number
}

/**
 * Writes many rows in one statement and returns how many were inserted or overwritten. Every column travels as one
 * array of texts, unnested and cast there: one parameter per column, whatever the number of rows, so that the statement
 * stays the same and prepared. The arrays are written in turn with other work. Keys must be unique among `rows`; they are
 * written in key order, so that two writers cannot lock each other out.
 */
export async function upsertRows<Table extends PgTable>(
  sql: Executor,
  table: Table,
  rows: readonly InferInsertModel<Table>[],
  onConflict: OnConflict<Table>
): Promise<number> {
  const columns = writtenColumns(table)
  const statement = upsertStatement(getTableName(table), columns, onConflict)
  const { rowsPerStatement = ROWS_PER_STATEMENT } = onConflict
  let written = 0
  for (let first = 0; first < rows.length; first += rowsPerStatement) {
    const batch: Record<string, unknown>[] = rows.slice(first, first + rowsPerStatement)
    const arrays = await inSlices(arraysOf(columns, batch))
    written += (await sql.unsafe(statement, arrays, { prepare: true })).count
  }
  return written
}

/** As Postgres writes arrays: whoever sends them has nothing more to do to them. */
function* arraysOf(columns: Columns, rows: readonly Record<string, unknown>[]): Generator<void, string[]> {
  const arrays: string[] = []
  for (const [key, column] of columns) {
    const elements = yield* mapping(rows, (row) => elementOf(asText(column, row[key])))
    arrays.push(`{${elements.join(',')}}`)
  }
  return arrays
}

const elementOf = (text: string | null): string => (text === null ? 'NULL' : `"${text.replaceAll(/["\\]/g, '\\$&')}"`)

function upsertStatement(
  table: string,
  columns: Columns,
  onConflict: { key: readonly string[]; where?: string; merge?: Record<string, string | undefined> }
): string {
  const { key, where = 'true', merge = {} } = onConflict
  const names = namesOf(columns)
  const overwritten = columns.map(([name]) => name).filter((name) => !key.includes(name))
  return `
    insert into ${table} (${names})
    select ${columns.map(([name, column]) => `${sqlName(name)}::${column.getSQLType()}`).join(', ')}
    from unnest(${columns.map((_, index) => `$${index + 1}::text[]`).join(', ')}) as incoming (${names})
    order by ${key.map(sqlName).join(', ')}
    on conflict (${key.map(sqlName).join(', ')}) do update
    set ${overwritten.map((name) => `${sqlName(name)} = ${merge[name] ?? `excluded.${sqlName(name)}`}`).join(', ')}
    where ${where}`
}

type Columns = [string, PgColumn][]

/** Those that rows bring, by their keys: columns with a default are left to Postgres. */
export function writtenColumns(table: PgTable): Columns {
  return Object.entries<PgColumn>(getTableColumns(table)).filter(([, column]) => !column.hasDefault)
}

/** As SQL lists them. */
export const namesOf = (columns: Columns) => columns.map(([key]) => sqlName(key)).join(', ')

const sqlName = (key: string) => `"${toSnakeCase(key)}"`

function asText(column: PgColumn, value: unknown): string | null {
  return value === undefined || value === null ? null : String(column.mapToDriverValue(value))
}

/** A row as the domain spells it: a column that is null becomes a missing key. */
export function present<Row extends object>(row: Row): Present<Row> {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null)) as Present<Row>
}

export type Present<Row> = { [Key in keyof Row as null extends Row[Key] ? never : Key]: Row[Key] } & {
  [Key in keyof Row as null extends Row[Key] ? Key : never]?: Exclude<Row[Key], null>
}

/** The last of the values that share a key, by `isNewer` where given: a statement may touch each row once. */
export function latestByKey<T>(
  values: Iterable<T>,
  keyOf: (value: T) => string,
  isNewer: (value: T, held: T) => boolean = () => true
): Map<string, T> {
  const latest = new Map<string, T>()
  for (const value of values) {
    const held = latest.get(keyOf(value))
    if (held === undefined || isNewer(value, held)) latest.set(keyOf(value), value)
  }
  return latest
}
