import pg from 'pg'

/** OIDs of array types, from Postgres' own pg_type: the same on every server. */
const ARRAYS = {
  boolean: 1000,
  smallint: 1005,
  integer: 1007,
  text: 1009,
  varchar: 1015,
  bigint: 1016,
  real: 1021,
  double: 1022,
  timestamp: 1115,
  date: 1182,
  timestamptz: 1185,
  numeric: 1231,
  uuid: 2951,
  jsonb: 3807
}
// Typed as a list of all scalar types, it knows those of arrays too.
const parserOf = pg.types.getTypeParser as (oid: number) => (text: string) => unknown[]
const parseNumbers = parserOf(ARRAYS.double)
const parseTexts = parserOf(ARRAYS.text)
const NUMBERS = new Set<number>([ARRAYS.smallint, ARRAYS.integer, ARRAYS.real, ARRAYS.double])

/**
 * How postgres.js writes and reads arrays: numbers where a JS number holds all that the type can, else texts. It would
 * ask Postgres for the types on each new connection, and where that connection is lost meanwhile the process ends:
 * nobody can catch that error.
 */
export const ARRAY_TYPES = Object.fromEntries(
  Object.entries(ARRAYS).map(([name, oid]) => [
    `${name}Array`,
    {
      to: oid,
      from: [oid],
      serialize: arrayLiteral,
      parse: NUMBERS.has(oid) ? parseNumbers : parseTexts
    }
  ])
)

/** The text form of an array; what is one already stays as it is. */
function arrayLiteral(value: unknown): string {
  if (!Array.isArray(value)) return String(value)
  const items = value.map((item: string | number | boolean | null) =>
    item === null ? 'null' : `"${String(item).replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
  )
  return `{${items.join(',')}}`
}
