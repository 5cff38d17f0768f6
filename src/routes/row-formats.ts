import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { ClassFreshness } from '../market/data-freshness.ts'
import type { Answer } from '../market/market-data.ts'
import { inTurns } from '../slices.ts'
import { describeFreshness, isHeldByClient, sendAnswer, varyBy } from './answer.ts'
import { parquetPieces } from './parquet.ts'
import { named, withSymbol, type Cell, type Columns, type Rows, type RowsHead } from './rows.ts'

/** So many rows are written at once; then others may have their turn. */
const ROWS_PER_PIECE = 500

export const Format = Type.Enum(['json', 'csv', 'ndjson', 'parquet'])
export type Format = Type.Static<typeof Format>

const CONTENT_TYPES = {
  json: 'application/json',
  csv: 'text/csv',
  ndjson: 'application/x-ndjson',
  parquet: 'application/vnd.apache.parquet'
} as const satisfies Record<Format, string>

/** For routes whose answers are rows. */
export const FORMAT_QUERY = {
  format: Type.Optional(
    Type.Enum([...Format.enum], {
      description:
        'ndjson: a line of JSON per row; parquet: for DuckDB, pyarrow and the like. Without it `Accept` decides, else json'
    })
  )
}

/** What a request wants: what it says in its query, else what it accepts best of what there is, else JSON. */
export function formatOf({ query, headers }: FastifyRequest<{ Querystring: { format?: Format } }>): Format {
  return query.format ?? bestAccepted(headers.accept, CONTENT_TYPES) ?? 'json'
}

/** Which of some content types, by name, an Accept header likes best; undefined where it names none of them. */
export function bestAccepted<Name extends string>(
  accept: string | undefined,
  types: Readonly<Record<Name, string>>
): Name | undefined {
  const accepted = (accept ?? '').split(',').map((range) => {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase())
    const weight = parameters.find((parameter) => parameter.startsWith('q='))
    return { type, weight: weight === undefined ? 1 : Number(weight.slice(2)) }
  })
  const [best] = accepted
    .flatMap(({ type, weight }) => {
      const name = (Object.keys(types) as Name[]).find((each) => types[each] === type)
      return name !== undefined && weight > 0 ? [{ name, weight }] : []
    })
    .sort((a, b) => b.weight - a.weight)
  return best?.name
}

/** The 200 of a route whose rows come in any format. `json`: the `$id` of its body. */
export function rowsAnswer(json: string, row: string, columns: Columns<never>) {
  const binary = Type.String({ description: `A Parquet file; columns ${Object.keys(columns).join(', ')}` })
  return {
    description: `Rows: ${row}`,
    content: {
      [CONTENT_TYPES.json]: { schema: Type.Ref(`${json}#`) },
      [CONTENT_TYPES.csv]: {
        schema: Type.String({ description: `A row per ${row}: ${Object.keys(columns).join(', ')}` })
      },
      [CONTENT_TYPES.ndjson]: { schema: Type.String({ description: `A ${row} per line` }) },
      [CONTENT_TYPES.parquet]: { schema: binary }
    }
  }
}

/** What a route sends of a value whose JSON is ready, in the format that the request wants. */
export type Sent<Value, Row extends object> = {
  readonly answer: Answer<Value>
  readonly freshness: ClassFreshness
  readonly rowsOf: (value: Value) => Rows<Row>
}

/** Sends a value as its JSON or as rows, or 304 where the client holds it in that format. */
export async function sendInFormat<Value, Row extends object>(
  request: FastifyRequest<{ Querystring: { format?: Format } }>,
  reply: FastifyReply,
  { answer, freshness, rowsOf }: Sent<Value, Row>
): Promise<FastifyReply> {
  const format = formatOf(request)
  if (format === 'json') {
    varyBy(reply, 'accept')
    sendAnswer(request, reply, answer, freshness)
    return reply
  }
  describeFreshness(reply, answer, freshness)
  if (isHeldByClient(request, reply, `${answer.etag.slice(0, -1)}-${format}"`)) return reply
  return sendRows(reply, format, rowsOf(answer.value))
}

/** Sends rows in a format. Of rows that are streamed, what fails after the first page cuts the answer off. */
export async function sendRows<Row extends object>(
  reply: FastifyReply,
  format: Format,
  rows: Rows<Row>
): Promise<FastifyReply> {
  varyBy(reply, 'accept')
  if (format === 'json') return sendJson(reply, rows)
  describeRows(reply, rows.head)
  const { columns, head, pages } = rows
  const { symbol } = head
  const pieces =
    typeof symbol === 'string' && !Object.hasOwn(columns, 'symbol')
      ? piecesOf(format, { columns: withSymbol(columns), head, pages: named(pages, symbol) })
      : piecesOf(format, rows)
  return reply.type(CSV_HEADER[format] ?? CONTENT_TYPES[format]).send(Readable.from(pieces))
}

const CSV_HEADER: { readonly [Name in Format]?: string } = { csv: 'text/csv; charset=utf-8; header=present' }

async function sendJson<Row extends object>(
  reply: FastifyReply,
  { name, head, pages }: Rows<Row>
): Promise<FastifyReply> {
  let first: readonly Row[] = []
  for await (const page of pages) {
    first = page
    break
  }
  const around = JSON.stringify(head)
  const start = `${around.slice(0, -1)}${around === '{}' ? '' : ','}${JSON.stringify(name)}:[`
  const pieces: Buffer[] = [Buffer.from(start)]
  for await (const text of inTurns(textPieces(first, (row) => JSON.stringify(row), ','))) pieces.push(Buffer.from(text))
  pieces.push(Buffer.from(']}'))
  return reply.type(`${CONTENT_TYPES.json}; charset=utf-8`).send(Buffer.concat(pieces))
}

/** The bytes of rows, piece by piece as they are asked for; `head` is not in them. */
export async function* piecesOf<Row extends object>(
  format: Exclude<Format, 'json'>,
  { columns, head, pages }: Pick<Rows<Row>, 'columns' | 'head' | 'pages'>
): AsyncGenerator<string | Buffer, void> {
  if (format === 'parquet') {
    yield* parquetPieces(columns, pages, textsOf(head))
    return
  }
  const names = Object.keys(columns) as (keyof Row & string)[]
  const line =
    format === 'ndjson'
      ? (row: Row) => `${JSON.stringify(row)}\n`
      : (row: Row) => `${names.map((name) => cellOf(row[name] as Cell)).join(',')}\n`
  if (format === 'csv') yield `${names.join(',')}\n`
  for await (const page of pages) yield* inTurns(textPieces(page, line, ''))
}

function* textPieces<Row>(rows: readonly Row[], text: (row: Row) => string, separator: string): Generator<string> {
  for (let index = 0; index < rows.length; index += ROWS_PER_PIECE) {
    const piece = rows
      .slice(index, index + ROWS_PER_PIECE)
      .map(text)
      .join(separator)
    yield index === 0 ? piece : separator + piece
  }
}

/** What the JSON body says around its rows, in headers: `Quotewire-Time-Zone` for `timeZone`. */
export function describeRows(reply: FastifyReply, head: RowsHead): void {
  for (const [name, text] of textsOf(head)) {
    // Some of these are vendors' words, and a header holds nothing but printable ASCII.
    if (text) reply.header(headerOf(name), text.toWellFormed().replaceAll(/[^\x20-\x7e]/gu, encodeURIComponent))
  }
}

const headerOf = (name: string) => `quotewire-${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`

/** Headers that describe rows. */
export const ROW_HEADERS: readonly string[] = [
  'symbol',
  'currentSymbol',
  'interval',
  'adjusted',
  'currency',
  'timeZone',
  'source',
  'feed',
  'state',
  'receivedAt',
  'cursor',
  'next'
].map(headerOf)

/** The text members of a head, and those of its provenance. */
function textsOf({ provenance, ...head }: RowsHead): [name: string, text: string][] {
  const members = { ...head, ...(provenance as object | undefined) }
  return Object.entries(members).filter((entry): entry is [string, string] => typeof entry[1] === 'string')
}

/** Symbols among them: ^GSPC, NSE:M&M, EURUSD=X. */
const PLAIN_CELL = /^[\w^][\w^:. =&+/-]*$/

/** A spreadsheet takes what begins with =, +, - or @ for a formula; text that is not plain becomes a quoted literal. */
function cellOf(value: Cell): string {
  if (typeof value === 'boolean') return String(value)
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : ''
  if (value === undefined) return ''
  const text = typeof value === 'string' ? value : value.join(',')
  return text === '' || PLAIN_CELL.test(text) ? text : `"'${text.replaceAll('"', '""')}"`
}
