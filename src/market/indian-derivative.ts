/** A future, or with a right an option, of an exchange of India. */
export type IndianDerivative = {
  readonly exchange: 'NSE' | 'BSE' | 'MCX'
  /** What it is on, as the exchange writes it: `NIFTY`, `RELIANCE`, `USDINR`, `CRUDEOIL`. */
  readonly root: string
  /** YYYY-MM-DD. */
  readonly expiry: string
  readonly right?: 'call' | 'put'
  readonly strike?: number
}

const SPELLING = /^(NSE|BSE|MCX):([A-Z0-9&_-]+?)(\d\d)(\d\d)(\d\d)(?:F|([CP])(\d+(?:\.\d+)?))$/

/**
 * What a canonical symbol such as `NSE:NIFTY261013C25000` (an option) or `NSE:NIFTY261027F` (a future) says; undefined for
 * all else. The exchanges' own symbols leave the day out where a month has one expiry, and strikes of MCX have six digits,
 * one more than the OCC's spelling holds.
 */
export function indianDerivative(symbol: string): IndianDerivative | undefined {
  const [, exchange, root, year, month, day, letter, strike] = SPELLING.exec(symbol) ?? []
  if (root === undefined) return undefined
  return {
    exchange: exchange as IndianDerivative['exchange'],
    root,
    expiry: `20${year}-${month}-${day}`,
    ...(letter !== undefined && { right: letter === 'C' ? 'call' : 'put', strike: Number(strike) })
  }
}

/** Its canonical symbol. */
export function indianDerivativeSymbol({ exchange, root, expiry, right, strike }: IndianDerivative): string {
  const ending = right === undefined ? 'F' : `${right === 'call' ? 'C' : 'P'}${strike}`
  return `${exchange}:${root}${expiry.slice(2).replaceAll('-', '')}${ending}`
}

/** Roots on currencies and government bonds, which trade at other hours than those on shares and indices. */
const CURRENCY_OR_BOND = /^[A-Z]{3}(INR|USD|JPY)$|GS\d{4}$|DTB$/

/** Whether it is on a share or an index. */
export function isEquityDerivative({ exchange, root }: IndianDerivative): boolean {
  return exchange !== 'MCX' && !CURRENCY_OR_BOND.test(root)
}

/** Indices by what their derivatives are called. */
const INDEX_ROOTS: ReadonlyMap<string, string> = new Map([
  ['NIFTY', '^NSEI'],
  ['BANKNIFTY', '^NSEBANK'],
  ['FINNIFTY', '^NIFTY_FIN_SERVICE'],
  ['MIDCPNIFTY', '^NIFTY_MID_SELECT'],
  ['NIFTYNXT50', '^NIFTY_NEXT_50'],
  ['SENSEX', '^BSESN']
])

/** The canonical symbol of what derivatives of a name are on: an index, else a share of NSE, unless the name has its exchange. */
export function underlyingNamed(root: string): string {
  return INDEX_ROOTS.get(root) ?? (root.includes(':') ? root : `NSE:${root}`)
}

/** Commodities have no price of their own at their exchange: their options are on futures. */
export const isCommodity = (underlying: string): boolean => underlying.startsWith('MCX:')
