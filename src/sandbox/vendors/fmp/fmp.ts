import type { Exchange } from '../../exchange.ts'
import { searchInstruments } from '../../market-wide.ts'
import type { Instrument } from '../../universe/instrument.ts'
import {
  createDirectory,
  json,
  plainText,
  type MarketView,
  type Vendor,
  type VendorAnswer,
  type VendorRequest
} from '../vendor.ts'
import { dividendRows, news, profileRow, searchRow, splitRows, statementRows, trailingMetrics } from './company.ts'
import {
  afterMarketTrade,
  dailyHistory,
  intradayHistory,
  moverRows,
  quoteRow,
  searchLimit,
  sectorSnapshot,
  shortRow
} from './prices.ts'
import { fmpSymbol } from './symbols.ts'

const LEGACY =
  'Legacy Endpoint : Due to Legacy endpoints being no longer supported - This endpoint is only available for legacy users who have valid subscriptions prior August 31, 2025. Please visit our documentation page https://site.financialmodelingprep.com/developer/docs for our current APIs.'
const BAD_KEY =
  'Invalid API KEY. Feel free to create a Free API Key or visit https://site.financialmodelingprep.com/faqs?search=why-is-my-api-key-invalid for more information.'
const QUOTA =
  'Limit Reach . Please upgrade your plan or visit our documentation for more details at https://site.financialmodelingprep.com/'

type Row = (market: MarketView, instrument: Instrument, at: number) => object

/** Endpoints that answer one row for one `symbol`. */
const SINGLE: Record<string, Row> = {
  quote: quoteRow,
  'quote-short': shortRow,
  'aftermarket-trade': afterMarketTrade,
  profile: profileRow
}
/** Endpoints that answer a row for each of `symbols` that is known. */
const BATCH: Record<string, Row> = {
  'batch-quote': quoteRow,
  'batch-quote-short': shortRow,
  'batch-aftermarket-trade': afterMarketTrade
}
const MOVERS = { 'biggest-gainers': 'gainers', 'biggest-losers': 'losers', 'most-actives': 'actives' } as const

/** Stands for financialmodelingprep.com: everything under `/stable`, and a refusal for the paths of the past. */
export function fmp(exchange: Exchange): Vendor {
  const directory = createDirectory(exchange, fmpSymbol)

  function answer(request: VendorRequest, market: MarketView): VendorAnswer {
    const { path, query, headers } = request
    const key = query.get('apikey') ?? headers['apikey']
    if (!key || key === 'wrong') return json({ 'Error Message': BAD_KEY }, 401)
    if (path.startsWith('/api/')) return json({ 'Error Message': LEGACY }, 403)
    if (!path.startsWith('/stable/')) return notFound()
    const name = path.slice('/stable/'.length)
    return listing(name, request, market) ?? ofOneSymbol(name, request, market) ?? notFound()
  }

  /** Endpoints that are not about one symbol. */
  function listing(name: string, request: VendorRequest, market: MarketView): VendorAnswer | undefined {
    const { query, at } = request
    const batch = BATCH[name]
    if (batch) {
      const instruments = (query.get('symbols') ?? '')
        .split(',')
        .flatMap((symbol) => directory.find(market, symbol) ?? [])
      return json(instruments.map((instrument) => batch(market, instrument, at)))
    }
    if (name in MOVERS) return moverRows(market, MOVERS[name as keyof typeof MOVERS], at)
    const indices = () => market.instruments.filter(({ kind, symbol }) => kind === 'index' && market.find(symbol))
    switch (name) {
      case 'batch-index-quotes': {
        const row = query.get('short') === 'false' ? quoteRow : shortRow
        return json(indices().map((instrument) => row(market, instrument, at)))
      }
      case 'index-list':
        return json(indices().map(({ symbol, name, currency }) => ({ symbol, name, exchange: 'INDEX', currency })))
      case 'sector-performance-snapshot':
        return sectorSnapshot(request, market, exchange.find('SPY')!)
      case 'search-symbol':
        return json(found(request, market, ({ symbol }, text) => fmpSymbol(symbol).includes(text)))
      case 'search-name':
        return json(found(request, market, (instrument, text) => instrument.name.toUpperCase().includes(text)))
      case 'news/stock':
      case 'news/stock-latest':
      case 'news/general-latest':
        return news(request, market, directory, request.path)
      default:
        return undefined
    }
  }

  function found(
    { query }: VendorRequest,
    market: MarketView,
    matches: (instrument: Instrument, text: string) => boolean
  ) {
    const text = (query.get('query') ?? '').trim().toUpperCase()
    return searchInstruments(market, text, market.instruments.length)
      .filter((instrument) => matches(instrument, text) && market.find(instrument.symbol))
      .slice(0, searchLimit(query))
      .map(searchRow)
  }

  /** An unknown symbol is an empty list to every endpoint. */
  function ofOneSymbol(name: string, request: VendorRequest, market: MarketView): VendorAnswer | undefined {
    const instrument = directory.find(market, request.query.get('symbol'))
    if (!instrument) return json([])
    const single = SINGLE[name]
    if (single) return json([single(market, instrument, request.at)])
    const [folder, rest = ''] = name.split('/')
    if (folder === 'historical-price-eod') return dailyHistory(request, market, instrument, rest)
    if (folder === 'historical-chart') return intradayHistory(request, market, instrument, rest)
    if (name === 'ratios-ttm' || name === 'key-metrics-ttm')
      return trailingMetrics(market, instrument, request.at, name)
    if (name === 'splits') return splitRows(market, instrument, request.at)
    if (name === 'dividends') return dividendRows(market, instrument, request.at)
    return statementRows(request, market, instrument, name)
  }

  return { answer, refusals, endpoint: ({ path }) => path }
}

const refusals: Vendor['refusals'] = {
  rate_limited: () => json({ 'Error Message': QUOTA }, 429),
  plan_refused: () =>
    plainText('Restricted Endpoint: This endpoint is not available under your current subscription', 402),
  server_error: () => plainText('Internal Server Error', 500),
  bad_crumb: () => json({ 'Error Message': BAD_KEY }, 401)
}

function notFound(): VendorAnswer {
  return json([], 404)
}
