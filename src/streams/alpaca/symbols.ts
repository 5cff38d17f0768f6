import { occRoot } from '../../market/option-symbol.ts'
import { cryptoPair, parseSymbol } from '../../market/symbol.ts'
import { usIssue } from '../../market/us-issue.ts'
import type { AlpacaMarket } from './endpoints.ts'

const PLAIN = /^[A-Z]{1,8}$/

/** What the vendor calls a canonical symbol; undefined where it has nothing of that kind on such a feed. */
export function alpacaSymbol(symbol: string, market: AlpacaMarket): string | undefined {
  switch (market) {
    case 'stocks':
      // `BRK.B`, `BAC.PRL`, `ABC.WS`: both sides spell issues alike.
      return PLAIN.test(symbol) || usIssue(symbol) ? symbol : undefined
    case 'crypto': {
      const pair = cryptoPair(symbol)
      return pair && `${pair.base}/${pair.quoted}`
    }
    case 'options':
      return occRoot(symbol) === undefined ? undefined : symbol
    default:
      return undefined
  }
}

/** The canonical symbol of what the vendor wrote, where that is how it spells it. */
export function canonicalSymbol(spelling: string, market: AlpacaMarket): string | undefined {
  const symbol = parseSymbol(spelling)
  return symbol !== undefined && alpacaSymbol(symbol, market) === spelling ? symbol : undefined
}
