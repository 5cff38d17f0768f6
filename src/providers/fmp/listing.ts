import { exchangeOf } from '../../market/calendars.ts'
import { exchangeOfListing } from '../../market/exchange.ts'
import { exchangeNamed } from '../../market/exchanges.ts'
import { kindOfSymbol } from '../../market/instrument-kind.ts'
import { isIsin } from '../../market/isin.ts'
import { cryptoPair, currencyPair, parseSymbol } from '../../market/symbol.ts'
import { COMPACT_SPELLING, spelledIssue, usIssue } from '../../market/us-issue.ts'

/** Where an instrument trades, as far as the vendor's spelling tells. */
export type Listing = {
  readonly symbol: string
  /** As Financial Modeling Prep spells the symbol. */
  readonly wire: string
  /** IANA zone of the exchange, whose wall clock intraday bars follow; undefined where it is not known. */
  readonly zone: string | undefined
  /** ISO 4217; undefined for indices, and where listings of one exchange trade in several units. */
  readonly currency: string | undefined
  /** Some of the exchange's listings are priced in hundredths (or thousandths) of a currency. */
  readonly mixedUnits: boolean
  /** Two currencies or coins, whose prices have as many decimals as they need. */
  readonly isPair: boolean
}

const NEW_YORK = 'America/New_York'
/** No share of the United States has so many letters: a pair as the vendor spells it, in whatever currency. */
const LONG_NAME = /^[A-Z0-9]{6,}$/

/** How the vendor has a canonical symbol; undefined for what it cannot be asked (futures, ISINs, unknown segments). */
export function listingOf(symbol: string): Listing | undefined {
  const listing = (wire: string, zone: string | undefined, currency?: string, mixedUnits = false): Listing => ({
    symbol,
    wire,
    zone,
    currency,
    mixedUnits,
    isPair: zone === undefined && !symbol.startsWith('^')
  })
  if (isIsin(symbol)) return undefined
  if (symbol.startsWith('^')) return listing(symbol, zoneOfIndex(symbol))
  const pair = cryptoPair(symbol) ?? currencyPair(symbol)
  // The vendor does not say in which zone the bars of a pair are.
  if (pair) return listing(pair.base + pair.quoted, undefined, pair.quoted)

  const [, segment, name] = /^(NSE|BSE):([A-Z0-9&-]+)$/.exec(symbol) ?? []
  if (segment) return listing(`${name}.${segment === 'NSE' ? 'NS' : 'BO'}`, 'Asia/Kolkata', 'INR')

  const issue = usIssue(symbol)
  const issueWire = issue && spelledIssue(issue, COMPACT_SPELLING)
  if (issueWire !== undefined) return listing(issueWire, NEW_YORK, 'USD')
  if (LONG_NAME.test(symbol)) return listing(symbol, undefined)
  if (/^[A-Z0-9-]+$/.test(symbol)) return listing(symbol, NEW_YORK, 'USD')

  if (!/^[A-Z0-9&-]+\.[A-Z]+$/.test(symbol) || kindOfSymbol(symbol) === 'future') return undefined
  const exchange = exchangeOfListing(symbol)
  return exchange && listing(symbol, exchange.timeZone, exchange.currency, exchange.currency === undefined)
}

/** The canonical symbol of a row. Only the exchange tells that BTCUSD and EURUSD are pairs. */
export function canonicalOf(wire: string, exchange?: string | null): string | undefined {
  const pair = /^([A-Z0-9]{2,10}?)(USDT|USDC|USD|EUR|GBP|BTC|ETH)$/.exec(wire.toUpperCase())
  if (exchange === 'CRYPTO' && pair) return `${pair[1]}-${pair[2]}`
  if (exchange === 'FOREX' && /^[A-Z]{6}$/i.test(wire)) return `${wire.toUpperCase()}=X`
  return parseSymbol(wire)
}

function zoneOfIndex(symbol: string): string | undefined {
  return exchangeNamed(exchangeOf(symbol) ?? '')?.timeZone
}
