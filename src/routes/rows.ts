/**
 * What a column holds. `id`: text that is another one in nearly each row; `instant`: ISO text in UTC with milliseconds; `instantNs`: with up to nine digits of a second; `date`:
 * YYYY-MM-DD; `texts`: joined by commas.
 */
export type ColumnType = 'text' | 'id' | 'texts' | 'number' | 'integer' | 'boolean' | 'instant' | 'instantNs' | 'date'
export type Cell = string | number | boolean | readonly string[] | undefined

/** What a row has in each column, which is named after the member that it shows. */
export type Columns<Row> = { readonly [Name in keyof Row & string]?: ColumnType }

/** What rows have in common: around them in JSON, else in headers. */
export type RowsHead = { readonly [name: string]: unknown }

export type Rows<Row extends object> = {
  /** The member of the JSON body that holds them. */
  readonly name: string
  readonly columns: Columns<Row>
  /** Of a `symbol` in it the formats without anything around their rows make a last column. */
  readonly head: RowsHead
  /** Of which the JSON body has the first one only. */
  readonly pages: AsyncIterable<readonly Row[]>
}

/** Columns of rows that are all of one symbol, as formats have them that say nothing around their rows. */
export const withSymbol = <Table extends object>(columns: Table) => ({ ...columns, symbol: 'text' }) as const

/** Rows that have their symbol in them. */
export async function* named<Row extends object>(
  pages: AsyncIterable<readonly Row[]>,
  symbol: string
): AsyncGenerator<readonly (Row & { symbol: string })[], void> {
  for await (const page of pages) yield page.map((row) => ({ ...row, symbol }))
}

/** A part of many rows; `next`: the place that the part behind it begins at. */
export type RowPage<Row, Place> = { readonly rows: readonly Row[]; readonly next?: Place | undefined }

/** A page that is there already, and those behind it as they are asked for. */
export async function* pagesFrom<Row, Place>(
  first: RowPage<Row, Place>,
  read: (place: Place) => Promise<RowPage<Row, Place>>
): AsyncGenerator<readonly Row[], void> {
  for (let page = first; ; page = await read(page.next)) {
    yield page.rows
    if (page.next === undefined) return
  }
}

const ROWS_PER_PAGE = 1000

/** Rows that are made as they are read. */
export async function* pagesOf<Row>(rows: Iterable<Row>): AsyncGenerator<readonly Row[], void> {
  let page: Row[] = []
  for (const row of rows) {
    if (page.push(row) < ROWS_PER_PAGE) continue
    yield page
    page = []
  }
  if (page.length > 0) yield page
}

/** Rows that are all there. */
export async function* onePage<Row>(rows: readonly Row[]): AsyncGenerator<readonly Row[], void> {
  yield rows
}
