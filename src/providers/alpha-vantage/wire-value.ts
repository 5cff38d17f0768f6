import { finite, notNegative, positive } from '../parse.ts'
import { isRecord } from '../salvage.ts'

const NUMBER = /^[+-]?(\d[\d,]*\.?\d*|\.\d+)(e[+-]?\d+)?%?$/i

/**
 * Alpha Vantage sends every number as text: `279.8200`, `-2.0379%`, and `None`, `-` or nothing for an absence.
 * A percent sign is dropped, not divided out. Undefined for all that is no number.
 */
export function numberOf(text: unknown): number | undefined {
  if (typeof text === 'number') return finite(text)
  if (typeof text !== 'string' || !NUMBER.test(text.trim())) return undefined
  return finite(Number(text.trim().replace(/%$/, '').replaceAll(',', '')))
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
  if (typeof text !== 'string' || !/^\d{4}-\d{2}-\d{2}$/.test(text)) return undefined
  const instant = Date.parse(`${text}T00:00:00Z`)
  return Number.isNaN(instant) || new Date(instant).toISOString().slice(0, 10) !== text ? undefined : text
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
