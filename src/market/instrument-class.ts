import { kindOfSymbol } from './instrument-kind.ts'
import { usIssue } from './us-issue.ts'

/** `stocks`: shares and funds that are listed in the United States. */
export const INSTRUMENT_CLASSES = ['stocks', 'options', 'crypto', 'others'] as const

/** Instruments that the same vendors stream. */
export type InstrumentClass = (typeof INSTRUMENT_CLASSES)[number]

const US_LISTING = /^[A-Z]{1,8}$/

/** The class of a canonical symbol. */
export function classOfSymbol(symbol: string): InstrumentClass {
  const kind = kindOfSymbol(symbol)
  if (kind === 'option') return 'options'
  if (kind === 'crypto') return 'crypto'
  return kind === undefined && (US_LISTING.test(symbol) || usIssue(symbol)) ? 'stocks' : 'others'
}
