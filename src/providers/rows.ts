import { ProviderError, type ProviderName } from './provider.ts'

/** What a compiled wire type does here. */
export type WireRow<Row> = { Check(value: unknown): value is Row }

/**
 * The rows of a vendor's array that fit its wire type: one bad row costs only itself. `what` names the array in the
 * error. Throws ProviderError('bad_payload') where there are rows and none fits.
 */
export function fittingRows<Row>(
  provider: ProviderName,
  what: string,
  rows: readonly unknown[],
  wire: WireRow<Row>
): Row[] {
  const fitting = rows.filter((row): row is Row => wire.Check(row))
  if (rows.length > 0 && fitting.length === 0) {
    throw new ProviderError(provider, 'bad_payload', `${provider} sent no readable row of ${what}`)
  }
  return fitting
}

/** Kinds of failure that concern one endpoint only: another one of the same vendor may well answer. */
const OF_ONE_ENDPOINT: ReadonlySet<string> = new Set(['not_covered', 'not_found', 'bad_payload'])

/**
 * One part of an answer that is put together from several endpoints: its rows, or the error where the vendor has none
 * for us there. Rejects with what concerns the whole vendor: limits, keys, outages.
 */
export async function partOf<Row>(rows: Promise<Row[]>): Promise<Row[] | ProviderError> {
  try {
    return await rows
  } catch (error) {
    if (error instanceof ProviderError && OF_ONE_ENDPOINT.has(error.kind)) return error
    throw error
  }
}
