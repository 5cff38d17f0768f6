import { DASHED_SPELLING, spelledIssue, usIssue } from '../../../market/us-issue.ts'
import type { Exchange } from '../../exchange.ts'
import { VENUES } from '../../venues.ts'
import {
  createDirectory,
  json,
  type MarketView,
  type Vendor,
  type VendorAnswer,
  type VendorRequest
} from '../vendor.ts'
import { dailyMetrics, definitions, meta, news, search, statements } from './company.ts'
import { dailyPrices, iexPrices, iexQuote } from './prices.ts'

/** Stands for api.tiingo.com: US shares and funds. */
export function tiingo(exchange: Exchange): Vendor {
  const directory = createDirectory(exchange, (symbol) => tiingoSymbol(exchange, symbol))

  function answer(request: VendorRequest, market: MarketView): VendorAnswer {
    const { path, query, headers } = request
    const [, header] = /^Token (.+)$/i.exec(headers.authorization ?? '') ?? []
    const key = header ?? query.get('token')
    if (!key) return detail('Please supply a token', 403)
    if (key === 'wrong') return detail('Invalid token.', 401)

    if (path === '/iex/' || path === '/iex')
      return json(quotes((query.get('tickers') ?? '').split(','), request, market))
    if (path.startsWith('/tiingo/utilities/search')) return search(request, market)
    if (path === '/tiingo/news') return news(request, market, directory)
    if (path === '/tiingo/fundamentals/definitions') return definitions()
    return ofOneTicker(request, market) ?? detail('Not found.', 404)
  }

  function quotes(tickers: readonly string[], { at }: VendorRequest, market: MarketView) {
    return tickers.flatMap((ticker) => {
      const instrument = directory.find(market, ticker)
      return instrument ? [iexQuote(market, instrument, at)] : []
    })
  }

  function ofOneTicker(request: VendorRequest, market: MarketView): VendorAnswer | undefined {
    const [, folder, ticker = '', rest = ''] =
      /^(\/iex|\/tiingo\/daily|\/tiingo\/fundamentals)\/([^/]+)(?:\/([a-z]+))?\/?$/.exec(request.path) ?? []
    if (!folder) return undefined
    const instrument = directory.find(market, ticker)
    if (!instrument) return detail(`Error: Ticker '${ticker}' not found`, 404)
    switch (`${folder} ${rest}`.trim()) {
      case '/iex':
        return json([iexQuote(market, instrument, request.at)])
      case '/iex prices':
        return iexPrices(request, market, instrument)
      case '/tiingo/daily':
        return meta(request, market, instrument)
      case '/tiingo/daily prices':
        return dailyPrices(request, market, instrument)
      case '/tiingo/fundamentals daily':
        return dailyMetrics(request, market, instrument)
      case '/tiingo/fundamentals statements':
        return statements(request, market, instrument)
      default:
        return undefined
    }
  }

  return { answer, refusals, endpoint: ({ path }) => path }
}

/** Class shares have a dash. Undefined for what is not traded in the United States. */
function tiingoSymbol(exchange: Exchange, symbol: string): string | undefined {
  const { kind, venue } = exchange.find(symbol)!
  if ((kind !== 'equity' && kind !== 'etf') || VENUES[venue].market !== 'us') return undefined
  const issue = usIssue(symbol)
  return issue ? spelledIssue(issue, DASHED_SPELLING) : symbol
}

const refusals: Vendor['refusals'] = {
  rate_limited: () => detail('Error: You have run over your hourly request allocation.', 429),
  plan_refused: () => detail('You do not have permission to access the News API', 403),
  server_error: () => ({ status: 500, contentType: 'text/html', body: '<h1>Server Error (500)</h1>' }),
  bad_crumb: () => detail('Invalid token.', 401)
}

function detail(text: string, status: number): VendorAnswer {
  return json({ detail: text }, status)
}
