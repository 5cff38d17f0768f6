import type { InstrumentKind } from '../../market/instrument-kind.ts'

const KINDS = new Map<string, InstrumentKind>([
  ['EQUITY', 'equity'],
  ['ETF', 'etf'],
  ['MUTUALFUND', 'fund'],
  ['MONEYMARKET', 'fund'],
  ['INDEX', 'index'],
  ['CURRENCY', 'fx'],
  ['CRYPTOCURRENCY', 'crypto'],
  ['FUTURE', 'future'],
  ['OPTION', 'option']
])

/** Yahoo's quoteType in one spelling: it also writes it with an underscore, in small letters and in the plural. */
export function quoteTypeOf(told: string | null | undefined): string | undefined {
  return told ? told.toUpperCase().replaceAll(/[^A-Z]|S$/g, '') : undefined
}

/** What Yahoo's quoteType means; undefined where it says none. */
export function kindOf(told: string | null | undefined): InstrumentKind | undefined {
  const quoteType = quoteTypeOf(told)
  return quoteType === undefined ? undefined : (KINDS.get(quoteType) ?? 'other')
}
