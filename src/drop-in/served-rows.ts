import type { LicenceBySource } from '../market/licence.ts'
import { mayServe, NotLicensed, sourcesFor, type Audience, type Origin } from './licences.ts'

type Rows<Row, Behind> = { readonly rows: readonly Row[]; readonly next?: Behind | undefined }

export type Asked<Behind> = {
  readonly licences: LicenceBySource
  readonly audience: Audience
  /** Behind what the page begins. */
  readonly after?: Behind | undefined
}

/**
 * The rows of a page that may be served. Where none of them may, the next ones of the vendors that allow it: what another
 * vendor told in between ends no list. `read` reads a page, of some sources alone where they are named. Rejects with
 * NotLicensed where there is nothing but what may not be served.
 */
export async function servedRows<Row extends Origin, Behind>(
  { licences, audience, after }: Asked<Behind>,
  read: (sources?: readonly string[]) => Promise<Rows<Row, Behind>>
): Promise<Rows<Row, Behind>> {
  const allowedOf = ({ rows, next }: Rows<Row, Behind>) => ({
    rows: rows.filter((row) => mayServe(licences, row, audience)),
    next
  })
  const page = await read()
  const allowed = allowedOf(page)
  const [refused] = page.rows
  if (!refused || allowed.rows.length > 0) return allowed
  const sources = sourcesFor(licences, audience)
  const further = sources.length > 0 ? allowedOf(await read(sources)) : undefined
  if (further && (further.rows.length > 0 || after !== undefined)) return further
  throw new NotLicensed(refused)
}
