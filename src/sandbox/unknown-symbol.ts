import type { ProviderName } from '../providers/provider.ts'
import type { Asked } from './recording-match.ts'

export type Reply = { readonly status: number; readonly body: unknown }

/** How each vendor says that it does not know what it was asked for. */
export function unknownReply(vendor: ProviderName, { endpoint, symbols }: Asked): Reply {
  const symbol = symbols[0] ?? ''
  return ANSWERS[vendor](endpoint, symbol)
}

const ANSWERS: Record<ProviderName, (endpoint: string, symbol: string) => Reply> = {
  yahoo(endpoint, symbol) {
    const missing = (member: string, description: string) => ({
      status: 404,
      body: { [member]: { result: null, error: { code: 'Not Found', description } } }
    })
    const empty = (member: string) => ({ status: 200, body: { [member]: { result: [], error: null } } })
    if (endpoint.endsWith('/finance/quote')) return empty('quoteResponse')
    if (endpoint.includes('/options/')) return empty('optionChain')
    if (endpoint.includes('/timeseries/')) return empty('timeseries')
    if (endpoint.endsWith('/finance/search')) return { status: 200, body: { count: 0, quotes: [], news: [] } }
    if (endpoint.includes('/chart/')) return missing('chart', 'No data found, symbol may be delisted')
    if (endpoint.includes('/quoteSummary/')) return missing('quoteSummary', `Quote not found for symbol: ${symbol}`)
    return missing('finance', 'Not Found')
  },
  fmp: () => ({ status: 200, body: [] }),
  'alpha-vantage'(endpoint, symbol) {
    const name = endpoint.split(' ')[1] ?? ''
    if (name === 'GLOBAL_QUOTE') return { status: 200, body: { 'Global Quote': {} } }
    if (name === 'SYMBOL_SEARCH') return { status: 200, body: { bestMatches: [] } }
    if (name === 'SPLITS' || name === 'DIVIDENDS') return { status: 200, body: { symbol, data: [] } }
    if (name === '' || name.startsWith('TIME_SERIES'))
      return { status: 200, body: { 'Error Message': invalidCall(name) } }
    return { status: 200, body: {} }
  },
  tiingo(endpoint, symbol) {
    if (/^\/(iex|tiingo\/news|tiingo\/utilities\/search)(\/\*)?$/.test(endpoint)) return { status: 200, body: [] }
    return { status: 404, body: { detail: `Error: Ticker '${symbol}' not found` } }
  }
}

function invalidCall(name: string): string {
  const place = 'https://www.alphavantage.co/documentation/'
  return `Invalid API call. Please retry or visit the documentation (${place}) for ${name}.`
}
