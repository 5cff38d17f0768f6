import { indianDerivative } from '../../market/indian-derivative.ts'
import { COMPACT_SPELLING, spelledIssue, usIssue } from '../../market/us-issue.ts'
import type { Capability } from '../provider.ts'

/** Indices of NSE are listed as its shares are, but for the few that Yahoo has names of its own for. */
const INDIAN_SEGMENTS = { 'NSE:': '.NS', 'BSE:': '.BO', '^NIFTY_': '.NS' } as const

/** Spells a canonical symbol as Yahoo does: `BRK.B` as `BRK-B`, `NSE:RELIANCE` as `RELIANCE.NS`; most are alike. */
export function toYahooSymbol(symbol: string): string {
  for (const [segment, suffix] of Object.entries(INDIAN_SEGMENTS)) {
    if (symbol.startsWith(segment)) return symbol.slice(symbol.startsWith('^') ? 1 : segment.length) + suffix
  }
  const issue = usIssue(symbol)
  return (issue && spelledIssue(issue, COMPACT_SPELLING)) ?? symbol
}

/** What no company stands behind: indices, exchange rates and futures. */
const WITHOUT_STATEMENTS = /^\^|=[XF]$/

/** Yahoo has nearly every kind of instrument; of the segments only India's two without their derivatives, and no statements where none are made. */
export function covers(symbol: string, capability: Capability): boolean {
  if (toYahooSymbol(symbol).includes(':') || indianDerivative(symbol)) return false
  return capability !== 'fundamentals' || !WITHOUT_STATEMENTS.test(symbol)
}
