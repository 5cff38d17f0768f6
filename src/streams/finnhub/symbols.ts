import { classOfSymbol } from '../../market/instrument-class.ts'
import { parseSymbol } from '../../market/symbol.ts'

/** How the vendor spells a share that is listed in the United States, which is as here; undefined for all else. */
export const finnhubSymbol = (symbol: string): string | undefined =>
  classOfSymbol(symbol) === 'stocks' ? symbol : undefined

/** The canonical symbol of what the vendor wrote, where that is how it spells it. */
export function canonicalSymbol(spelling: string): string | undefined {
  const symbol = parseSymbol(spelling)
  return symbol !== undefined && finnhubSymbol(symbol) === spelling ? symbol : undefined
}
