import { exchangeOfListing } from '../../market/exchange.ts'
import { EXCHANGES, exchangeNamed, type Exchange } from '../../market/exchanges.ts'
import { isIsin } from '../../market/isin.ts'
import { parseSymbol } from '../../market/symbol.ts'
import { DASHED_SPELLING, spelledIssue, usIssue } from '../../market/us-issue.ts'

/** Where an instrument trades, as far as the vendor's spelling tells. */
export type Listing = {
  /** As Alpha Vantage spells the symbol. */
  readonly wire: string
  /** Of the United States any: the symbol does not tell which. */
  readonly exchange: Exchange
}

const UNITED_STATES = exchangeNamed('NYSE')!

/**
 * Where the vendor has a canonical symbol; undefined for what it cannot be asked: indices, pairs, ISINs, and exchanges whose
 * spelling is not known. The vendor's documentation has samples of LON, TRT, TRV, DEX, BSE, SHH and SHZ, its symbol search
 * returns FRK, SAO, HKG, AMS and PAR. India's National Stock Exchange is not sold: only Bombay (BSE) is.
 */
export function listingOf(symbol: string): Listing | undefined {
  if (isIsin(symbol)) return undefined
  const issue = usIssue(symbol)
  const wire = issue ? spelledIssue(issue, DASHED_SPELLING) : /^[A-Z0-9]+$/.exec(symbol)?.[0]
  if (wire !== undefined) return { wire, exchange: UNITED_STATES }
  const root = /^(?:BSE:([A-Z0-9-]+)|([A-Z0-9-]+)\.[A-Z]+)$/.exec(symbol)
  const exchange = root ? exchangeOfListing(symbol) : undefined
  return exchange?.alphaVantage ? { wire: `${root![1] ?? root![2]}.${exchange.alphaVantage}`, exchange } : undefined
}

/** The canonical symbol of a listing of the vendor, or undefined for one of an exchange that is not known. */
export function canonicalOf(wire: string): string | undefined {
  const upper = wire.trim().toUpperCase()
  const [, root, suffix] = /^([A-Z0-9.-]+)\.([A-Z]{3})$/.exec(upper) ?? []
  const exchange = EXCHANGES.find(({ alphaVantage }) => alphaVantage !== undefined && alphaVantage === suffix)
  if (exchange) return parseSymbol(`${root}.${exchange.suffixes[0]}`)
  const symbol = parseSymbol(upper)
  const listing = symbol === undefined ? undefined : listingOf(symbol)
  // A dot that names an exchange for us (`ABC.L`) does not for the vendor.
  return listing && parseSymbol(listing.wire) === symbol ? symbol : undefined
}

/** Whether the vendor's answer is about the listing it was asked for: it spells `BRK.B` and `BRK-B` alike. */
export function isAbout(listing: Listing, wire: unknown): boolean {
  const symbol = typeof wire === 'string' ? canonicalOf(wire) : undefined
  return symbol !== undefined && listingOf(symbol)?.wire === listing.wire
}
