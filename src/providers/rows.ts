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

/** Of one price that is told twice, once rounded and once as a float of 32 bits. */
const ROUNDING = 1e-5
const MAX_NAMED = 3

/** Rows of which each key has one. */
export type AgreedRows<Row> = {
  readonly rows: Row[]
  /** Keys of rows that were told more than once, and with other numbers, in the order of the rows. */
  readonly contradicted: string[]
}

/**
 * One row for each key, with the numbers that the vendor tells alike in all rows of it, or in one alone: those that
 * contradict each other are left out, for nothing tells which is right.
 */
export function agreedPer<Row extends object>(rows: readonly Row[], keyOf: (row: Row) => string): AgreedRows<Row> {
  const byKey = new Map<string, Row[]>()
  for (const row of rows) {
    const key = keyOf(row)
    const told = byKey.get(key)
    if (told) told.push(row)
    else byKey.set(key, [row])
  }
  const contradicted: string[] = []
  const agreed = [...byKey].map(([key, told]) => {
    const { row, isContradicted } = agreedOf(told)
    if (isContradicted) contradicted.push(key)
    return row
  })
  return { rows: agreed, contradicted }
}

function agreedOf<Row extends object>(told: readonly Row[]): { row: Row; isContradicted: boolean } {
  const row = { ...told[0]! }
  if (told.length === 1) return { row, isContradicted: false }
  let isContradicted = false
  for (const name of new Set(told.flatMap(Object.keys)) as Set<keyof Row & string>) {
    const known = told.map((each) => each[name]).filter((value) => value !== undefined && value !== null)
    const numbers = known.filter((value) => typeof value === 'number')
    const [least, most] = [Math.min(...numbers), Math.max(...numbers)]
    if (numbers.length > 1 && most - least > Math.abs(most) * ROUNDING) {
      isContradicted = true
      delete row[name]
    } else if (known[0] !== undefined) row[name] = known[0]
  }
  return { row, isContradicted }
}

/** The note on what a vendor tells twice and not alike, by days or instants; undefined where there is nothing such. */
export function contradictionNote(told: readonly string[]): string | undefined {
  if (told.length === 0) return undefined
  const named = told.slice(0, MAX_NAMED).join(', ') + (told.length > MAX_NAMED ? ', ...' : '')
  return `the vendor tells ${named} twice and not alike: what contradicts itself is left out`
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
