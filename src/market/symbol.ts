import { Type } from 'typebox'

export const MAX_SYMBOL_LENGTH = 32

/**
 * A canonical symbol: upper case; class shares with a dot (`BRK.B`), a listing's exchange after a dot (`OCDO.L`),
 * indices with a caret (`^GSPC`), pairs with a dash (`BTC-USD`), FX with `=X`, futures with `=F`,
 * an Indian instrument after its segment (`NSE:RELIANCE`).
 */
export const InstrumentSymbol = Type.String({
  minLength: 1,
  maxLength: MAX_SYMBOL_LENGTH,
  pattern: '^\\^?[A-Z0-9][A-Z0-9.:&=+_-]*$',
  description: 'Canonical symbol',
  examples: ['AAPL', 'BRK.B', 'OCDO.L', '^GSPC', 'BTC-USD', 'NSE:RELIANCE']
})

const CANONICAL = /^\^?[A-Z0-9][A-Z0-9.:&=+_-]{0,31}$/
const US_CLASS_SHARE_WITH_DASH = /^([A-Z]{1,5})-([A-Z])$/

/**
 * Reads what a person or a vendor wrote as a symbol: trims, upper-cases, and turns a US class share's dash into
 * the canonical dot (`brk-b` becomes `BRK.B`). Pairs such as `BTC-USD` keep their dash.
 * Returns undefined for anything that cannot be a symbol.
 */
export function parseSymbol(text: string): string | undefined {
  if (text.length > MAX_SYMBOL_LENGTH + 8) return undefined
  // Of other letters some turn into ASCII: the upper case of a long s is S, and it is no S of ours.
  const upper = text.trim().replaceAll(/[a-z]+/g, (letters) => letters.toUpperCase())
  if (!CANONICAL.test(upper)) return undefined
  const classShare = US_CLASS_SHARE_WITH_DASH.exec(upper)
  return classShare ? `${classShare[1]}.${classShare[2]}` : upper
}

const CRYPTO_PAIR = /^([A-Z0-9]{2,10})-(USD|USDT|USDC|EUR|GBP|BTC|ETH)$/
const CURRENCY_PAIR = /^([A-Z]{3})([A-Z]{3})=X$/

export type Pair = { readonly base: string; readonly quoted: string }

/** The coin of a canonical symbol such as `BTC-USD` and what it is priced in; undefined for all else. */
export function cryptoPair(symbol: string): Pair | undefined {
  return pairIn(CRYPTO_PAIR.exec(symbol))
}

/** The currencies of a canonical symbol such as `EURUSD=X`: the first is priced in the second. Undefined for all else. */
export function currencyPair(symbol: string): Pair | undefined {
  return pairIn(CURRENCY_PAIR.exec(symbol))
}

function pairIn(match: RegExpExecArray | null): Pair | undefined {
  return match?.[1] && match[2] ? { base: match[1], quoted: match[2] } : undefined
}

const US_CLASS_SHARE_WITH_DOT = /^([A-Z]{1,5})\.([A-Z])$/

/**
 * Suffixes of one letter that name an exchange rather than a share class, in the spelling that Yahoo and FMP share
 * (`.L` London, `.F` Frankfurt, `.V` TSX Venture). `.T` (Tokyo) follows digits, so it never looks like a class share.
 */
const EXCHANGE_LETTERS = new Set(['L', 'F', 'V'])

/** Splits a US class share (`BRK.B`) into root and class; undefined for a listing elsewhere (`OCDO.L`) and all else. */
export function usClassShare(symbol: string): { root: string; shareClass: string } | undefined {
  const match = US_CLASS_SHARE_WITH_DOT.exec(symbol)
  if (!match?.[1] || !match[2] || EXCHANGE_LETTERS.has(match[2])) return undefined
  return { root: match[1], shareClass: match[2] }
}
