import { Type, type Static } from 'typebox'
import type { InstantNs } from '../../market/instant-ns.ts'
import { FieldError, possibleInstant } from '../fields.ts'

/** Since 1970, in a unit that its length tells. */
export const WireInstant = Type.Union([
  Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
  Type.BigInt({ minimum: 0n })
])
export type WireInstant = Static<typeof WireInstant>

/** How many digits an instant has at least, by its unit, since 1973. */
const MILLISECOND_DIGITS = 12
const MICROSECOND_DIGITS = 15
const NANOSECOND_DIGITS = 18

/**
 * An instant as Massive tells it. Its documents call everything milliseconds, but its sockets do not follow: `t` of price
 * bands stood in microseconds in 2020, and has come in nanoseconds since 2025. So the length decides, which differs from
 * unit to unit. Throws FieldError for what is too short for any of them, or cannot be now or before.
 */
export function instantOf(field: string, wire: WireInstant, receivedAt: number): InstantNs {
  return possibleInstant(field, readDigits(field, String(wire)), receivedAt)
}

function readDigits(field: string, digits: string): InstantNs {
  if (digits.length >= NANOSECOND_DIGITS) return split(digits, 6, 1)
  if (digits.length >= MICROSECOND_DIGITS) return split(digits, 3, 1000)
  if (digits.length >= MILLISECOND_DIGITS) return { ms: Number(digits), ns: 0 }
  throw new FieldError(field, 'is no instant')
}

/** The last digits count a part of a millisecond, in units of so many nanoseconds. */
function split(digits: string, partDigits: number, unitNs: number): InstantNs {
  const at = digits.length - partDigits
  return { ms: Number(digits.slice(0, at)), ns: Number(digits.slice(at)) * unitNs }
}
