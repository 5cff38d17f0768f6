import { COMPACT_SPELLING, spelledIssue, usIssue } from '../../../market/us-issue.ts'
import type { Instrument } from '../../universe/instrument.ts'

/** As Financial Modeling Prep spells a canonical symbol: `BRK-B`, `RELIANCE.NS`, `BTCUSD`, `EURUSD`. */
export function fmpSymbol(symbol: string): string {
  if (symbol.startsWith('NSE:')) return `${symbol.slice(4)}.NS`
  if (symbol.startsWith('BSE:')) return `${symbol.slice(4)}.BO`
  if (symbol.endsWith('=X')) return symbol.slice(0, -2)
  if (/^[A-Z]+-USD$/.test(symbol)) return symbol.replace('-', '')
  const issue = usIssue(symbol)
  return (issue && spelledIssue(issue, COMPACT_SPELLING)) ?? symbol
}

export function fmpCurrency({ currency, unitsPerMajor }: Instrument): string {
  return unitsPerMajor === 100 ? 'GBp' : currency
}
