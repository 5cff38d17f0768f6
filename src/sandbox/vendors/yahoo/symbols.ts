import { COMPACT_SPELLING, spelledIssue, usIssue } from '../../../market/us-issue.ts'

/** As Yahoo spells a canonical symbol: `BRK-B`, `RELIANCE.NS`, `NIFTY_FIN_SERVICE.NS`; all else as it is. */
export function yahooSymbol(symbol: string): string {
  if (symbol.startsWith('NSE:')) return `${symbol.slice(4)}.NS`
  if (symbol.startsWith('BSE:')) return `${symbol.slice(4)}.BO`
  if (symbol.startsWith('^NIFTY_')) return `${symbol.slice(1)}.NS`
  const issue = usIssue(symbol)
  return (issue && spelledIssue(issue, COMPACT_SPELLING)) ?? symbol
}

/** The shortest number that is the same 32-bit float: Yahoo's quotes go through float32, which shows. */
export function float32(value: number): number {
  const narrow = Math.fround(value)
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(narrow.toPrecision(digits))
    if (Math.fround(short) === narrow) return short
  }
  return Number(narrow.toPrecision(9))
}
