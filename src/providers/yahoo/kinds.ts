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

/** What Yahoo's quoteType means, which it also spells with an underscore; undefined where it says none. */
export function kindOf(quoteType: string | null | undefined): InstrumentKind | undefined {
  return quoteType ? (KINDS.get(quoteType.toUpperCase().replaceAll(/[^A-Z]/g, '')) ?? 'other') : undefined
}
