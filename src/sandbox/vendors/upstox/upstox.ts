import { DAY_MS, isoOf, MINUTE_MS } from '../../../market/time.ts'
import type { Exchange } from '../../exchange.ts'
import { json, type Vendor, type VendorAnswer } from '../vendor.ts'
import type { Accounts } from './accounts.ts'
import { UpstoxListing, type Listed } from './listing.ts'

const AUTHORIZE = '/v3/feed/market-data-feed/authorize'
const QUOTES = '/v3/market-quote/quotes'
const MAX_KEYS = 500
/** The key, the unit, and of days that are over the last one and the first one. */
const CANDLES = /^\/v3\/historical-candle(?:\/intraday)?\/([^/]+)\/(minutes|days)\/1(?:\/([\d-]{10})\/([\d-]{10}))?$/
const INDIA_MS = 330 * MINUTE_MS

/** Stands for api.upstox.com: it gives addresses of streams, each good for one connection, quotes of what is named, and bars. */
export function upstox(exchange: Exchange, accounts: Accounts): Vendor {
  const listing = new UpstoxListing(exchange)
  return {
    answer({ path, headers, query, at }): VendorAnswer {
      const candles = CANDLES.exec(path)
      if (path !== AUTHORIZE && path !== QUOTES && !candles) {
        return problem('UDAPI100060', 'Resource not Found.', 404)
      }
      const [, token = ''] = /^Bearer (.+)$/.exec(headers.authorization ?? '') ?? []
      const account = accounts.of(token)
      if (!account) return problem('UDAPI100050', 'Invalid token used to access API', 401)
      if (candles) return candlesOf(listing, candles.slice(1), at)
      if (path === QUOTES) return quotesOf(listing, query.get('instrument_key') ?? '', at)
      const address = `ws://${headers.host}/upstox-stream/feeds?requestId=sandbox&code=${accounts.issue(account)}`
      return json({ status: 'success', data: { authorizedRedirectUri: address, authorized_redirect_uri: address } })
    },
    refusals: {
      rate_limited: () => problem('UDAPI10005', 'Too Many Request Sent', 429),
      server_error: () => problem('UDAPI100500', 'Something went wrong... please contact us', 500),
      plan_refused: () => problem('UDAPI100058', 'No segments for these users are active', 403),
      bad_crumb: () => problem('UDAPI100050', 'Invalid token used to access API', 401)
    },
    endpoint: ({ path }) => path
  }
}

/** Newest first. Days that are over are one endpoint's, today is another's. */
function candlesOf(listing: UpstoxListing, [key = '', unit, to, from]: string[], at: number): VendorAnswer {
  const listed = listing.find(key)
  if (!listed) return problem('UDAPI100011', 'Invalid Instrument key', 400)
  const today = Date.parse(isoOf(at + INDIA_MS).slice(0, 10)) - INDIA_MS
  const first = from === undefined ? today : Date.parse(from) - INDIA_MS
  const end = to === undefined ? at : Math.min(Date.parse(to) - INDIA_MS + DAY_MS, today)
  const bars = end > first ? (listed.bars?.(unit === 'days' ? 'day' : 'minute', first, end) ?? []) : []
  const candles = bars.map(({ start, open, high, low, close, volume }) => {
    const begins = `${isoOf(start + INDIA_MS).slice(0, 19)}+05:30`
    return [begins, open, high, low, close, listed.isIndex ? 0 : volume, 0]
  })
  return json({ status: 'success', data: { candles: candles.toReversed() } })
}

/** What is not known is left out. */
function quotesOf(listing: UpstoxListing, named: string, at: number): VendorAnswer {
  const keys = named.split(',')
  if (keys.length > MAX_KEYS) return problem('UDAPI100011', 'Invalid Instrument key', 400)
  const found = keys.flatMap((key) => listing.find(key) ?? [])
  const data = Object.fromEntries(found.map((listed) => [listed.key.replace('|', ':'), fullQuote(listed, at)]))
  return json({ status: 'success', data })
}

function fullQuote(listed: Listed, at: number) {
  const { key, isIndex } = listed
  const { price, previousClose, open, dayHigh, dayLow, volume, bid, ask, bidSize, askSize, asOf, figures } =
    listed.quote(at)
  const level = (levelPrice: number, quantity: number) => [{ price: levelPrice, quantity, orders: 1 }]
  return {
    instrument_token: key,
    last_price: price,
    net_change: price - previousClose,
    ohlc: { open, high: dayHigh, low: dayLow, close: previousClose },
    volume: isIndex ? 0 : volume,
    oi: figures?.openInterest ?? 0,
    depth: isIndex ? { buy: [], sell: [] } : { buy: level(bid, bidSize), sell: level(ask, askSize) },
    last_trade_time: String(asOf),
    timestamp: new Date(at).toISOString()
  }
}

function problem(errorCode: string, message: string, status: number): VendorAnswer {
  return json({ status: 'error', errors: [{ errorCode, message, propertyPath: null, invalidValue: null }] }, status)
}
