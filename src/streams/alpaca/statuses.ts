import type { HaltUpdate } from '../../market/event.ts'
import type { TradingStatus } from '../../market/halt.ts'
import { numberIn, optionalTextIn, textIn, type Wire } from '../fields.ts'
import type { Context } from './context.ts'
import { stamped } from './ticks.ts'

/**
 * Codes of the exchanges of tapes A and B are digits, of Nasdaq and unlisted shares letters. All others (imbalances,
 * indications, short sale restrictions) leave the status as it is.
 */
const STATUS_OF_CODE: Readonly<Record<string, TradingStatus>> = {
  '2': 'halted',
  '3': 'trading',
  '5': 'quoting',
  H: 'halted',
  P: 'paused',
  Q: 'quoting',
  T: 'trading'
}
/** A price left its band: trading goes on after some minutes. */
const PAUSES: ReadonlySet<string | undefined> = new Set(['M', 'LUDP', 'LUDS', 'M1', 'M2'])

/** Undefined where the status stays as it is. */
export function statusOf(wire: Wire, symbol: string, context: Context): HaltUpdate | undefined {
  const code = textIn(wire, 'sc')
  const reasonCode = optionalTextIn(wire, 'rc')?.trim()
  const reason = optionalTextIn(wire, 'rm') ?? optionalTextIn(wire, 'sm')
  const told = Object.hasOwn(STATUS_OF_CODE, code) ? STATUS_OF_CODE[code] : undefined
  if (told === undefined) return undefined
  const status: TradingStatus = told === 'halted' && PAUSES.has(reasonCode) ? 'paused' : told
  const fields = {
    status,
    ...(reason !== undefined && { reason }),
    ...(reasonCode !== undefined && reasonCode !== '' && { reasonCode })
  }
  const halt = stamped(fields, wire, symbol, context)
  return { type: 'halt', data: { symbol, halt, timestamp: halt.asOf } }
}

/** The prices between which a share may trade. A limit of 0 is none. */
export function bandOf(wire: Wire, symbol: string, context: Context): HaltUpdate {
  const [limitUp, limitDown] = [numberIn(wire, 'u'), numberIn(wire, 'd')]
  const halt = stamped(
    { ...(limitUp !== 0 && { limitUp }), ...(limitDown !== 0 && { limitDown }) },
    wire,
    symbol,
    context
  )
  return { type: 'halt', data: { symbol, halt, timestamp: halt.asOf } }
}
