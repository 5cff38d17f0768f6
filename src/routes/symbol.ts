import { Type } from 'typebox'
import { InvalidField } from '../errors.ts'
import { MAX_SYMBOL_LENGTH, parseSymbol } from '../market/symbol.ts'

const EXAMPLES = ['AAPL', 'BRK.B', 'OCDO.L', '^GSPC', 'BTC-USD']

/** Open on purpose: `symbolOf` reads it and says what a symbol looks like. */
export const SymbolParams = Type.Object({
  symbol: Type.String({
    description:
      'In any case and usual spelling (BRK.B, BRK-B, BRK/B; NSE:RELIANCE, RELIANCE.NS; BTC-USD, BTCUSD); the answer names the canonical one',
    examples: EXAMPLES
  })
})

/** The canonical symbol of what the client wrote. Throws INVALID_REQUEST naming the field. */
export function symbolOf(text: string, field = 'symbol'): string {
  const symbol = parseSymbol(text)
  if (symbol !== undefined) return symbol
  throw new InvalidField(field, 'is not a symbol', { maxLength: MAX_SYMBOL_LENGTH, examples: EXAMPLES })
}
