import type { Exchange } from '../../exchange.ts'
import { keyOf } from '../../noise.ts'
import {
  createDirectory,
  htmlPage,
  json,
  plainText,
  type MarketView,
  type Vendor,
  type VendorAnswer,
  type VendorRequest
} from '../vendor.ts'
import { chart, chartError } from './chart.ts'
import { financeError, newsStream, options, screener, search, trending } from './lists.ts'
import { formatted, quoteSummary } from './summary.ts'
import { quoteRow } from './quote-row.ts'
import { yahooSymbol } from './symbols.ts'
import { fundamentalsTimeSeries } from './timeseries.ts'

const CRUMB_LENGTH = 11
const CRUMB_LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789./'

/** Stands for all of Yahoo's hosts at once: the cookie page, the crumb and the query hosts. */
export function yahoo(exchange: Exchange): Vendor {
  const directory = createDirectory(exchange, yahooSymbol)
  const crumb = crumbOf(exchange.seed)
  const session = `d=AQABBSandbox${exchange.seed}&S=AQAAAg`

  function answer(request: VendorRequest, market: MarketView): VendorAnswer {
    const { path, query, headers } = request
    // Yahoo's edge turns away whatever does not look like a browser, with the answer of a rate limit.
    if (!headers['user-agent']?.startsWith('Mozilla/')) return plainText('Edge: Too Many Requests', 429)
    if (path === '/' || /^\/quote\/[^/]+\/?$/.test(path)) return cookiePage(session)
    const hasCookie = headers.cookie?.includes(`A3=${session}`) ?? false
    if (path === '/v1/test/getcrumb') {
      if (!hasCookie) return financeError(401, 'Unauthorized', 'Invalid Cookie')
      return { status: 200, contentType: 'text/plain;charset=utf-8', body: crumb }
    }
    const open = openEndpoint(request, market)
    if (open) return open
    if (!hasCookie || query.get('crumb') !== crumb) return financeError(401, 'Unauthorized', 'Invalid Crumb')
    return guardedEndpoint(request, market) ?? htmlPage('Yahoo will be right back', 404)
  }

  /** What needs neither cookie nor crumb. */
  function openEndpoint(request: VendorRequest, market: MarketView): VendorAnswer | undefined {
    const { path } = request
    const charted = lastPart(path, '/v8/finance/chart/')
    if (charted !== undefined) {
      const instrument = directory.find(market, charted)
      if (!instrument) return chartError(404, 'Not Found', 'No data found, symbol may be delisted')
      return chart(request, market, instrument)
    }
    const reported = lastPart(path, '/ws/fundamentals-timeseries/v1/finance/timeseries/')
    if (reported !== undefined) {
      return fundamentalsTimeSeries(request, market, directory.find(market, reported), reported)
    }
    if (path === '/v1/finance/search') return search(request, market, directory)
    if (path === '/xhr/ncp') return newsStream(request, market, directory)
    return path.startsWith('/v1/finance/trending/') ? trending(request, market) : undefined
  }

  function guardedEndpoint(request: VendorRequest, market: MarketView): VendorAnswer | undefined {
    const { path } = request
    if (path === '/v7/finance/quote') return quotes(request, market)
    if (path === '/v1/finance/screener/predefined/saved') return screener(request, market)
    const summarised = lastPart(path, '/v10/finance/quoteSummary/')
    if (summarised !== undefined) return quoteSummary(request, market, directory.find(market, summarised))
    const underlying = lastPart(path, '/v7/finance/options/')
    return underlying === undefined ? undefined : options(request, market, directory.find(market, underlying))
  }

  function quotes({ query, at }: VendorRequest, market: MarketView): VendorAnswer {
    const symbols = new Set((query.get('symbols') ?? '').split(','))
    const asked = query.get('fields')
    const fields = asked ? new Set(asked.split(',')) : undefined
    const rows = [...symbols].flatMap((symbol) => {
      const instrument = directory.find(market, symbol)
      return instrument ? [quoteRow(market, instrument, at, fields)] : []
    })
    const result = query.get('formatted') === 'true' ? formatted(rows) : rows
    return json({ quoteResponse: { result, error: null } })
  }

  return { answer, refusals, endpoint: ({ path }) => path }
}

const refusals: Vendor['refusals'] = {
  rate_limited: ({ path }) =>
    plainText(path === '/v1/test/getcrumb' ? 'Too Many Requests' : 'Edge: Too Many Requests', 429),
  server_error: () => htmlPage('Will be right back...', 503),
  plan_refused: () =>
    financeError(
      401,
      'Unauthorized',
      'User is unable to access this feature - https://bit.ly/yahoo-finance-api-feedback'
    ),
  bad_crumb: () => financeError(401, 'Unauthorized', 'Invalid Crumb')
}

function cookiePage(session: string): VendorAnswer {
  const attributes = 'Max-Age=31557600; Domain=.yahoo.com; Path=/; SameSite=None; Secure; HttpOnly'
  return {
    ...htmlPage('Yahoo Finance', 200),
    headers: { 'set-cookie': [`A3=${session}; ${attributes}`, `A1=${session}; ${attributes}`] }
  }
}

function crumbOf(seed: number): string {
  let crumb = ''
  for (let index = 0; index < CRUMB_LENGTH; index++) {
    crumb += CRUMB_LETTERS[keyOf(seed, `crumb ${index}`) % CRUMB_LETTERS.length]!
  }
  return crumb
}

function lastPart(path: string, prefix: string): string | undefined {
  return path.startsWith(prefix) ? path.slice(prefix.length) : undefined
}
