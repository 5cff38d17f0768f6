import { Type } from 'typebox'
import { CRYPTO_MARKET, exchangeNamed, exchangeOfSuffix, FX_MARKET, type Exchange } from './exchanges.ts'
import { cryptoPair, currencyPair } from './symbol.ts'
import { usIssue } from './us-issue.ts'

export const Mic = Type.String({
  pattern: '^[A-Z0-9]{4}$',
  description: 'Market identifier code (ISO 10383) of the exchange; absent where it is not known',
  examples: ['XNAS']
})
export const ExchangeName = Type.String({
  description: 'Display name of the exchange; where it is not known, as the vendor names it',
  examples: ['NASDAQ']
})

/** What vendors write where they mean no exchange: FMP of every index and commodity, Yahoo of what is its own. */
const NO_EXCHANGE = new Set(['INDEX', 'COMMODITY', 'YHD'])

/** The exchange that a canonical symbol tells; undefined for shares of the United States, indices and unknown suffixes. */
export function exchangeOfListing(symbol: string): Exchange | undefined {
  const segment = /^(NSE|BSE|MCX):/.exec(symbol)?.[1]
  if (segment) return exchangeNamed(segment)
  if (cryptoPair(symbol)) return CRYPTO_MARKET
  if (currencyPair(symbol)) return FX_MARKET
  const suffix = usIssue(symbol) ? undefined : /\.([A-Z]{1,3})$/.exec(symbol)?.[1]
  return suffix === undefined ? undefined : exchangeOfSuffix(suffix)
}

/**
 * The members `mic` and `exchange` of a value about a canonical symbol. What the symbol tells comes first, so that they
 * are the same whichever vendor answered; then the first of the vendor's own codes or names that is known. One that is
 * not known is told as the vendor wrote it, without a MIC.
 */
export function exchangeMembers(
  symbol: string,
  ...told: (string | undefined)[]
): { mic: string | undefined; exchange: string | undefined } {
  const names = told.filter((name) => name !== undefined && !NO_EXCHANGE.has(name.toUpperCase()))
  const known =
    exchangeOfListing(symbol) ?? names.map((name) => exchangeNamed(name!)).find((each) => each !== undefined)
  return { mic: known?.mic, exchange: known?.name ?? names[0] }
}
