import { parseSymbol, usClassShare } from '../../market/symbol.ts'
import type { Capability } from '../provider.ts'

const INDIAN_SEGMENTS = { 'NSE:': '.NS', 'BSE:': '.BO' } as const

/** Spells a canonical symbol as Yahoo does: `BRK.B` as `BRK-B`, `NSE:RELIANCE` as `RELIANCE.NS`; most are alike. */
export function toYahooSymbol(symbol: string): string {
  for (const [segment, suffix] of Object.entries(INDIAN_SEGMENTS)) {
    if (symbol.startsWith(segment)) return symbol.slice(segment.length) + suffix
  }
  const share = usClassShare(symbol)
  return share ? `${share.root}-${share.shareClass}` : symbol
}

/** What no company stands behind: indices, exchange rates and futures. */
const WITHOUT_STATEMENTS = /^\^|=[XF]$/

/** Yahoo has nearly every kind of instrument; of the segments only India's two, and no statements where none are made. */
export function covers(symbol: string, capability: Capability): boolean {
  if (toYahooSymbol(symbol).includes(':')) return false
  return capability !== 'fundamentals' || !WITHOUT_STATEMENTS.test(symbol)
}

/** The canonical symbol of one that Yahoo spelled; undefined for what cannot be a symbol here. */
export function fromYahooSymbol(text: string): string | undefined {
  const upper = text.trim().toUpperCase()
  for (const [segment, suffix] of Object.entries(INDIAN_SEGMENTS)) {
    if (upper.endsWith(suffix)) return parseSymbol(segment + upper.slice(0, -suffix.length))
  }
  const symbol = parseSymbol(upper)
  // A dash before a letter that names an exchange is no class share: read as one it would not find its way back.
  return symbol !== undefined && toYahooSymbol(symbol) !== upper ? upper : symbol
}
