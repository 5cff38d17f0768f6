import { ProviderError, type VendorName } from './provider.ts'
import { salvage, type Wire } from './salvage.ts'

/**
 * The rows of a vendor's array that fit its wire type: one bad member costs only itself, and one bad row too. `what`
 * names the array in the error. Throws ProviderError('bad_payload') where there are rows and none fits.
 */
export function fittingRows<Row>(provider: VendorName, what: string, rows: readonly unknown[], wire: Wire<Row>): Row[] {
  const fitting = rows.flatMap((row) => salvage(wire, row) ?? [])
  if (rows.length > 0 && fitting.length === 0) {
    throw new ProviderError(provider, 'bad_payload', `${provider} sent no readable row of ${what}`)
  }
  return fitting
}

/** The note on bars that are not told because the vendor lacks some of their prices; undefined where there are none. */
export function leftOutNote(count: number): string | undefined {
  return count > 0 ? `${count} bars without a full set of prices left out` : undefined
}

/** Vendors that compute ratios tell 1 with the noise of binary fractions. */
const NO_SPLIT = 1e-6

/** Whether a ratio of shares is a split: vendors list some of 1 for 1, which change nothing. */
export function isSplitRatio(ratio: number | null | undefined): ratio is number {
  return typeof ratio === 'number' && ratio > 0 && Math.abs(ratio - 1) > NO_SPLIT
}

/** The rows without repetitions: of those under one key, the first. */
export function oncePer<Row>(rows: readonly Row[], keyOf: (row: Row) => string): Row[] {
  const byKey = new Map<string, Row>()
  for (const row of rows) if (!byKey.has(keyOf(row))) byKey.set(keyOf(row), row)
  return [...byKey.values()]
}

/** Kinds of failure that concern one endpoint only: another one of the same vendor may well answer. */
const OF_ONE_ENDPOINT: ReadonlySet<string> = new Set(['not_covered', 'not_found', 'bad_payload'])

/**
 * One part of an answer that is put together from several endpoints: that, or the error where the vendor has none
 * for us there. Rejects with what concerns the whole vendor: limits, keys, outages.
 */
export async function partOf<Part>(part: Promise<Part>): Promise<Part | ProviderError> {
  try {
    return await part
  } catch (error) {
    if (error instanceof ProviderError && OF_ONE_ENDPOINT.has(error.kind)) return error
    throw error
  }
}
