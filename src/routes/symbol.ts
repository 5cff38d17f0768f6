import { Type } from 'typebox'
import { InvalidField } from '../errors.ts'
import { MAX_SYMBOL_LENGTH, parseSymbol } from '../market/symbol.ts'

const EXAMPLES = ['AAPL', 'BRK.B', 'OCDO.L', '^GSPC', 'BTC-USD']

/** Wider than what is a symbol: `symbolOf` reads it. */
export const SymbolParams = Type.Object({
  symbol: Type.String({
    title: 'symbol',
    description:
      'In any case and usual spelling (BRK.B, BRK-B, BRK/B; NSE:RELIANCE, RELIANCE.NS; BTC-USD, BTCUSD); the answer names the canonical one',
    maxLength: MAX_SYMBOL_LENGTH,
    pattern: '^ *\\^?[A-Za-z0-9][A-Za-z0-9.:&=+_/ -]*$',
    examples: EXAMPLES
  })
})

/** The canonical symbol of what the client wrote. Throws INVALID_REQUEST naming the field. */
export function symbolOf(text: string, field = 'symbol'): string {
  const symbol = parseSymbol(text)
  if (symbol !== undefined) return symbol
  throw new InvalidField(field, 'is not a symbol', { maxLength: MAX_SYMBOL_LENGTH, examples: EXAMPLES })
}
