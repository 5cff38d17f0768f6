import type { Exchange } from '../../exchange.ts'
import {
  createDirectory,
  json,
  type MarketView,
  type Vendor,
  type VendorAnswer,
  type VendorRequest
} from '../vendor.ts'
import {
  dividendsOf,
  earnings,
  historicalOptions,
  newsSentiment,
  overview,
  reports,
  splitsOf,
  symbolSearch
} from './company.ts'
import { dailySeries, globalQuote, intradaySeries, longSeries, topGainersLosers, type Context } from './prices.ts'
import {
  alphaVantageSymbol,
  artificialSample,
  BAD_KEY,
  dailyLimit,
  DEMO_KEY,
  errorMessage,
  information,
  invalidCall,
  PREMIUM
} from './texts.ts'

/** A key of this name has the free plan; every other one pays. */
const FREE_KEY = 'free'

type SymbolFunction = {
  answer: (context: Context, name: string) => VendorAnswer
  /** Each function has its own way of not knowing a symbol. */
  unknown: (name: string) => VendorAnswer
}

const noSuchCall = (name: string) => errorMessage(invalidCall(name))
const nothing = () => json({})

const SYMBOL_FUNCTIONS: Record<string, SymbolFunction> = {
  GLOBAL_QUOTE: { answer: globalQuote, unknown: () => json({ 'Global Quote': {} }) },
  TIME_SERIES_DAILY: { answer: (context) => dailySeries(context, false), unknown: noSuchCall },
  TIME_SERIES_DAILY_ADJUSTED: { answer: (context) => dailySeries(context, true), unknown: noSuchCall },
  TIME_SERIES_WEEKLY: { answer: (context) => longSeries(context, 'Weekly'), unknown: noSuchCall },
  TIME_SERIES_MONTHLY: { answer: (context) => longSeries(context, 'Monthly'), unknown: noSuchCall },
  TIME_SERIES_INTRADAY: { answer: intradaySeries, unknown: noSuchCall },
  OVERVIEW: { answer: overview, unknown: nothing },
  INCOME_STATEMENT: { answer: reports, unknown: nothing },
  BALANCE_SHEET: { answer: reports, unknown: nothing },
  CASH_FLOW: { answer: reports, unknown: nothing },
  EARNINGS: { answer: earnings, unknown: nothing },
  SPLITS: { answer: splitsOf, unknown: nothing },
  DIVIDENDS: { answer: dividendsOf, unknown: nothing },
  HISTORICAL_OPTIONS: { answer: historicalOptions, unknown: nothing }
}

/** Stands for www.alphavantage.co: one path, and status 200 for everything. */
export function alphaVantage(exchange: Exchange): Vendor {
  const directory = createDirectory(exchange, alphaVantageSymbol)

  function answer(request: VendorRequest, market: MarketView): VendorAnswer {
    const { path, query } = request
    const key = query.get('apikey')
    if (path !== '/query') return { status: 404, contentType: 'text/html', body: '<h1>Not Found</h1>' }
    if (!key || key === 'wrong') return errorMessage(BAD_KEY)
    if (key === 'demo') return information(DEMO_KEY)

    const name = query.get('function') ?? ''
    if (name === 'REALTIME_BULK_QUOTES') return artificialSample('Realtime Bulk Quotes')
    if (name === 'REALTIME_OPTIONS') return artificialSample('Realtime Options')
    if (name === 'SYMBOL_SEARCH') return symbolSearch(request, market)
    if (name === 'NEWS_SENTIMENT') return newsSentiment(request, market, directory)
    if (name === 'TOP_GAINERS_LOSERS') return topGainersLosers(request, market)

    const known = SYMBOL_FUNCTIONS[name]
    if (!known) return errorMessage(`This API function (${name}) does not exist.`)
    const symbol = (query.get('symbol') ?? '').toUpperCase()
    // Class shares are understood with a dot and with a dash.
    const instrument = directory.find(market, symbol) ?? directory.find(market, symbol.replace(/\.([A-Z])$/, '-$1'))
    if (!instrument) return known.unknown(name)
    return known.answer({ request, market, instrument, symbol, premium: key !== FREE_KEY }, name)
  }

  return { answer, refusals, endpoint: ({ path, query }) => `${path}?function=${query.get('function') ?? ''}` }
}

const refusals: Vendor['refusals'] = {
  rate_limited: ({ query }) => information(dailyLimit(query.get('apikey') ?? '')),
  plan_refused: () => information(PREMIUM),
  server_error: () => ({ status: 503, contentType: 'text/html', body: '<h1>503 Service Temporarily Unavailable</h1>' }),
  bad_crumb: () => errorMessage(BAD_KEY)
}
