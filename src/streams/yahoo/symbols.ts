import { classOfSymbol } from '../../market/instrument-class.ts'
import { kindOfSymbol, type InstrumentKind } from '../../market/instrument-kind.ts'
import { parseSymbol } from '../../market/symbol.ts'
import { COMPACT_SPELLING, spelledIssue, usIssue } from '../../market/us-issue.ts'

/** Of these the streamer tells prices when they are made. Those of futures and of other exchanges' listings come later. */
const IN_TIME: ReadonlySet<InstrumentKind | undefined> = new Set(['index', 'fx', 'crypto'])

/** How the streamer spells a canonical symbol; undefined where it does not tell it, or late. */
export function streamerSymbol(symbol: string): string | undefined {
  const issue = usIssue(symbol)
  if (issue) return spelledIssue(issue, COMPACT_SPELLING)
  return classOfSymbol(symbol) === 'stocks' || IN_TIME.has(kindOfSymbol(symbol)) ? symbol : undefined
}

/** The canonical symbol of what the streamer wrote, where that is how it spells it. */
export function canonicalSymbol(spelling: string): string | undefined {
  const symbol = parseSymbol(spelling)
  return symbol !== undefined && streamerSymbol(symbol) === spelling ? symbol : undefined
}
