import type { Quote } from '../market/quote.ts'
import { finite } from './parse.ts'
import { ProviderError, type ProviderName, type QuoteAnswer } from './provider.ts'

/** What a vendor told of a symbol: its quote, if any, and the price as it stood in the answer. */
export type ToldQuote = { readonly symbol: string; readonly quote: Quote | undefined; readonly price: unknown }

/**
 * The answer for symbols that a vendor was asked for. A price that is no number says that there is such a symbol, and nothing
 * else; a symbol without any price is missing.
 */
export function quoteAnswer(provider: ProviderName, told: readonly ToldQuote[]): QuoteAnswer {
  const quotes = told.flatMap(({ symbol, quote }): [string, Quote][] => (quote ? [[symbol, quote]] : []))
  const unreadable = told.flatMap(({ symbol, quote, price }): [string, ProviderError][] =>
    quote || !isUnreadable(price) ? [] : [[symbol, unreadablePrice(provider, symbol)]]
  )
  return Object.assign(new Map(quotes), { unreadable: new Map(unreadable) })
}

const isUnreadable = (price: unknown): boolean =>
  price !== undefined && price !== null && price !== '' && finite(price) === undefined

const unreadablePrice = (provider: ProviderName, symbol: string) =>
  new ProviderError(provider, 'bad_payload', `${provider} sent a price of ${symbol} that is no number`)
