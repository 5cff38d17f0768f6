import { numberIn, unitOf } from './checks.ts'

export type Row = Record<string, unknown>

/** A price of a row in the major unit of its currency; 0 stands for none. */
export function inMajor(row: Row, name: string): number | undefined {
  const value = unwrapped(row[name])
  if (value === undefined || value === 0) return undefined
  return value / unitOf(row['currency'] as string | undefined).perMajor
}

/** With `formatted=true` a number is wrapped with its spelling, and `{}` stands for none. */
export function unwrapped(value: unknown): number | undefined {
  return numberIn(typeof value === 'object' && value !== null ? (value as { raw?: unknown }).raw : value)
}
