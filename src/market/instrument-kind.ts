import { Type, type Static } from 'typebox'
import { indianDerivative } from './indian-derivative.ts'
import { occRoot } from './option-symbol.ts'
import { currencyPair, cryptoPair } from './symbol.ts'

/** What an instrument is. `other` is what the vendor names and this list does not, such as a warrant. */
export const InstrumentKind = Type.Enum(['equity', 'etf', 'fund', 'index', 'future', 'option', 'crypto', 'fx', 'other'])
export type InstrumentKind = Static<typeof InstrumentKind>

/** `ES=F` runs on; `CLF27.NYM` expires. */
const FUTURE = /=F$|^[A-Z0-9]{1,4}[FGHJKMNQUVXZ]\d{2}\.(NYM|CBT|CME|CMX|NYB)$/

/** The kind that a canonical symbol's spelling tells; undefined for shares and funds, which are spelled alike. */
export function kindOfSymbol(symbol: string): InstrumentKind | undefined {
  if (symbol.startsWith('^')) return 'index'
  if (currencyPair(symbol)) return 'fx'
  if (FUTURE.test(symbol)) return 'future'
  if (occRoot(symbol) !== undefined) return 'option'
  const derivative = indianDerivative(symbol)
  if (derivative) return derivative.right === undefined ? 'future' : 'option'
  return cryptoPair(symbol) ? 'crypto' : undefined
}

/**
 * Whether a price below zero can be: the contract for oil to be delivered in May 2020 cost -37.63 dollars, yields of bills
 * and bonds have been below zero. `kind` where a vendor told it; else the symbol says.
 */
export function mayFallBelowZero(symbol: string, kind = kindOfSymbol(symbol)): boolean {
  return kind === 'future' || kind === 'index'
}
