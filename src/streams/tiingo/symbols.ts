import { classOfSymbol } from '../../market/instrument-class.ts'
import { parseSymbol } from '../../market/symbol.ts'
import { COMPACT_SPELLING, spelledIssue, usIssue } from '../../market/us-issue.ts'

/** How the vendor spells a share that is listed in the United States: `brk-b`; undefined for all else. */
export function tiingoTicker(symbol: string): string | undefined {
  if (classOfSymbol(symbol) !== 'stocks') return undefined
  const issue = usIssue(symbol)
  return (issue ? spelledIssue(issue, COMPACT_SPELLING) : symbol)?.toLowerCase()
}

/** The canonical symbol of a ticker, where that is how the vendor spells it. */
export function canonicalSymbol(ticker: string): string | undefined {
  const symbol = parseSymbol(ticker)
  return symbol !== undefined && tiingoTicker(symbol) === ticker ? symbol : undefined
}
