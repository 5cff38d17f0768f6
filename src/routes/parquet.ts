import { ByteWriter, ParquetWriter, type SchemaElement } from 'hyparquet-writer'
import { parseInstantNs } from '../market/instant-ns.ts'
import { DAY_MS } from '../market/time.ts'
import { inSlices, mapping } from '../slices.ts'
import type { Cell, Columns, ColumnType } from './rows.ts'

/**
 * So many rows, and the pages that are on their way, are all that is held in memory of a file. Of more the longest column takes
 * more than 50 ms to be written; of fewer the end of the file, which names all groups, does where there are ten million rows.
 */
const ROWS_PER_GROUP = 30_000

type Value = string | number | bigint | boolean | null
type Physical = Pick<SchemaElement, 'type' | 'converted_type' | 'logical_type'>

const TIMESTAMP = (unit: 'MILLIS' | 'NANOS'): Physical => ({
  type: 'INT64',
  logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit }
})
const TEXT: Physical = { type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } }

/** How a type of column lies in the file. */
const PHYSICAL: Record<ColumnType, Physical> = {
  text: TEXT,
  id: TEXT,
  texts: TEXT,
  number: { type: 'DOUBLE' },
  integer: { type: 'INT64' },
  boolean: { type: 'BOOLEAN' },
  instant: TIMESTAMP('MILLIS'),
  instantNs: TIMESTAMP('NANOS'),
  date: { type: 'INT32', converted_type: 'DATE', logical_type: { type: 'DATE' } }
}

/** The others find out by themselves whether a dictionary of their values is shorter, which takes its time. */
const ENCODINGS: { readonly [Type in ColumnType]?: 'PLAIN' | 'DELTA_BINARY_PACKED' } = {
  id: 'PLAIN',
  integer: 'DELTA_BINARY_PACKED',
  instant: 'DELTA_BINARY_PACKED',
  instantNs: 'DELTA_BINARY_PACKED'
}

/** By these columns readers skip what they do not need: only they have the least and the greatest of each group. */
const HAS_STATISTICS: ReadonlySet<ColumnType> = new Set(['instant', 'instantNs', 'date'])

/**
 * A Parquet file, piece by piece as it is asked for: rows gather until they make a group, which is written column by column in
 * turns of the event loop. `metadata`: key and value, for the whole file.
 */
export async function* parquetPieces<Row extends object>(
  columns: Columns<Row>,
  pages: AsyncIterable<readonly Row[]>,
  metadata: readonly (readonly [key: string, value: string])[]
): AsyncGenerator<Buffer, void> {
  const bytes = new ByteWriter()
  const file = new ParquetWriter({
    writer: bytes,
    schema: schemaOf(columns),
    kvMetadata: metadata.map(([key, value]) => ({ key, value })),
    createdBy: 'quotewire'
  })
  let gathered = gathering(columns)
  for await (const page of pages) {
    for (let at = 0; at < page.length; at += ROWS_PER_GROUP) {
      await inSlices(gatheringRows(gathered, page.slice(at, at + ROWS_PER_GROUP)))
      if (gathered[0]!.data.length < ROWS_PER_GROUP) continue
      await inSlices(writingGroup(file, gathered))
      gathered = gathering(columns)
      yield taken(bytes)
    }
  }
  if (gathered[0]!.data.length > 0) await inSlices(writingGroup(file, gathered))
  await file.finish()
  yield taken(bytes)
}

type Gathered = { readonly name: string; readonly type: ColumnType; readonly data: Value[] }

const gathering = <Row>(columns: Columns<Row>): Gathered[] =>
  Object.entries(columns).map(([name, type]) => ({ name, type: type as ColumnType, data: [] }))

function* gatheringRows(gathered: readonly Gathered[], rows: readonly object[]): Generator<void, void> {
  for (const { name, type, data } of gathered) {
    const values = yield* mapping(rows, (row) => valueOf(type, (row as Record<string, Cell>)[name]))
    data.push(...values)
  }
}

function schemaOf<Row>(columns: Columns<Row>): SchemaElement[] {
  const leaves = Object.entries(columns).map(([name, type]) => ({
    name,
    repetition_type: 'OPTIONAL' as const,
    ...PHYSICAL[type as ColumnType]
  }))
  return [{ name: 'rows', num_children: leaves.length }, ...leaves]
}

/** The writer makes a group of each write: those of the columns are joined to one. */
function* writingGroup(file: ParquetWriter, gathered: readonly Gathered[]): Generator<void, void> {
  const before = { groups: file.row_groups.length, rows: file.num_rows }
  const rows = gathered[0]!.data.length
  for (const { name, type, data } of gathered) {
    yield
    void file.write({
      columnData: [{ name, data, encoding: ENCODINGS[type], statistics: HAS_STATISTICS.has(type) }],
      rowGroupSize: rows
    })
  }
  const written = file.row_groups.splice(before.groups)
  const sum = (read: (group: (typeof written)[number]) => bigint) =>
    written.reduce((total, group) => total + read(group), 0n)
  file.row_groups.push({
    columns: written.flatMap((group) => group.columns),
    num_rows: BigInt(rows),
    total_byte_size: sum((group) => group.total_byte_size),
    total_compressed_size: sum((group) => group.total_compressed_size ?? 0n)
  })
  file.num_rows = before.rows + BigInt(rows)
}

/** What was written, out of the writer, which goes on behind it. */
function taken(bytes: ByteWriter): Buffer {
  const piece = Buffer.from(bytes.getBuffer())
  bytes.index = 0
  return piece
}

/** Null for what is not there, and for what is not of the type. */
function valueOf(type: ColumnType, cell: Cell): Value {
  if (cell === undefined) return null
  switch (type) {
    case 'integer':
      return Number.isSafeInteger(cell) ? BigInt(cell as number) : null
    case 'date': {
      const day = Date.parse(String(cell)) / DAY_MS
      return Number.isInteger(day) ? day : null
    }
    case 'instant': {
      const ms = Date.parse(String(cell))
      return Number.isNaN(ms) ? null : BigInt(ms)
    }
    case 'instantNs': {
      const instant = parseInstantNs(String(cell))
      return instant ? BigInt(instant.ms) * 1_000_000n + BigInt(instant.ns) : null
    }
    case 'texts':
      return Array.isArray(cell) ? cell.join(',') : null
    default:
      return cell as Value
  }
}
