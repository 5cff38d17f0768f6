import type { InstrumentKind } from '../../market/profile.ts'

const KINDS: Record<string, InstrumentKind> = {
  EQUITY: 'equity',
  ETF: 'etf',
  MUTUALFUND: 'fund',
  MONEYMARKET: 'fund',
  INDEX: 'index',
  CURRENCY: 'currency',
  CRYPTOCURRENCY: 'crypto',
  FUTURE: 'future',
  OPTION: 'option',
  WARRANT: 'warrant'
}

/** What Yahoo's quoteType means; undefined where it says none. */
export function kindOf(quoteType: string | null | undefined): InstrumentKind | undefined {
  return quoteType ? (KINDS[quoteType.toUpperCase()] ?? 'other') : undefined
}
