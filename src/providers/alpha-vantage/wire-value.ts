import { finiteOrPercent, notNegative, positive } from '../parse.ts'
import { isRecord } from '../salvage.ts'
import { dateIn } from '../session-dates.ts'

/**
 * Alpha Vantage sends every number as text: `279.8200`, `-2.0379%`, and `None`, `-` or nothing for an absence.
 * A percent sign is dropped, not divided out. Undefined for all that is no number.
 */
export function numberOf(text: unknown): number | undefined {
  return finiteOrPercent(text)
}

/** A number above zero: for prices and sizes, where `0` and `0.0000` stand for an absence. */
export function positiveOf(text: unknown): number | undefined {
  return positive(numberOf(text))
}

/** A number from zero up: for volumes. */
export function notNegativeOf(text: unknown): number | undefined {
  return notNegative(numberOf(text))
}

/** A calendar date (YYYY-MM-DD), or undefined for `None`, `0000-00-00` and the like. */
export function dateOf(text: unknown): string | undefined {
  return typeof text === 'string' && text.length === 10 ? dateIn(text) : undefined
}

/** A member of a row that may not be one. */
export function memberIn(row: unknown, name: string): unknown {
  return isRecord(row) ? memberOf(row, name) : undefined
}

/**
 * Reads a member by its name without the ordinal before it: the same member is `5. volume` in one function and
 * `6. volume` in another, `1. symbol` here and `01. symbol` there.
 */
export function memberOf(row: Readonly<Record<string, unknown>>, name: string): unknown {
  if (name in row) return row[name]
  const key = Object.keys(row).find((each) => each.replace(/^\d+[a-z]?[.:] */, '') === name)
  return key === undefined ? undefined : row[key]
}
