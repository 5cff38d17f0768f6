import { formatInstantNs, parseInstantNs, type InstantNs } from '../market/instant-ns.ts'
import { isInstantNs } from './codec.ts'

/** A vendor's clock may be so much ahead of ours; what claims to be later is an error. */
const MAX_AHEAD_MS = 60_000
/** No vendor streams ticks of before; the year 1 is what an unset clock of some languages tells. */
const EARLIEST_MS = Date.UTC(2000, 0, 1)
/** Whose years have four digits. */
const FIRST_YEAR_MS = Date.parse('0001-01-01T00:00:00Z')
const LATEST_MS = Date.UTC(10_000, 0, 1)

/** A message lacks what it must have. The text says which field and what of it, for people. */
export class FieldError extends Error {
  constructor(field: string, problem: string) {
    super(`${field} ${problem}`)
    this.name = 'FieldError'
  }
}

export type Wire = Readonly<Record<string, unknown>>

export function isWire(value: unknown): value is Wire {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A finite number, whichever way it is encoded. */
export function numberIn(wire: Wire, field: string): number {
  const value = wire[field]
  const number = typeof value === 'bigint' ? Number(value) : value
  if (typeof number === 'number' && Number.isFinite(number)) return number
  throw new FieldError(field, 'is no number')
}

export function optionalNumberIn(wire: Wire, field: string): number | undefined {
  return wire[field] === undefined || wire[field] === null ? undefined : numberIn(wire, field)
}

export function textIn(wire: Wire, field: string): string {
  const value = wire[field]
  if (typeof value === 'string' && value !== '') return value
  throw new FieldError(field, 'is no text')
}

/** Undefined where it is missing or empty. */
export function optionalTextIn(wire: Wire, field: string): string | undefined {
  const value = wire[field]
  return value === undefined || value === null || value === '' ? undefined : textIn(wire, field)
}

/** An id that is a number or a text, as text: ids are compared, never counted with. */
export function idIn(wire: Wire, field: string): string {
  const value = wire[field]
  if (typeof value === 'bigint' || Number.isSafeInteger(value)) return String(value)
  return textIn(wire, field)
}

/** Codes that are a list or, where a vendor has but one, a text. Undefined where there is none. */
export function codesIn(wire: Wire, field: string): string[] | undefined {
  const value = wire[field]
  if (value === undefined || value === null || value === '') return undefined
  const codes: unknown = typeof value === 'string' ? [value] : value
  if (!Array.isArray(codes) || !codes.every((code) => typeof code === 'string'))
    throw new FieldError(field, 'is no list of texts')
  return codes.length > 0 ? codes : undefined
}

/** An instant as text or as MessagePack has it; one that cannot be now or before is none. */
export function instantIn(wire: Wire, field: string, receivedAt: number): InstantNs {
  const value = wire[field]
  const instant = typeof value === 'string' ? parseInstantNs(value) : isInstantNs(value) ? value : undefined
  if (!instant) throw new FieldError(field, 'is no instant')
  return possibleInstant(field, instant, receivedAt)
}

/** The instant, where it can be now or before; of later ones, and of those before all streams, throws FieldError. */
export function possibleInstant(field: string, instant: InstantNs, receivedAt: number): InstantNs {
  if (instant.ms <= receivedAt + MAX_AHEAD_MS && instant.ms >= EARLIEST_MS) return instant
  throw new FieldError(field, `is ${textOf(instant)}, which cannot be`)
}

/** Text has four digits of a year. */
function textOf(instant: InstantNs): string {
  if (instant.ms < FIRST_YEAR_MS) return 'too early'
  return instant.ms < LATEST_MS ? formatInstantNs(instant) : 'too late'
}
