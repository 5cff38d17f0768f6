import { cryptoPair } from '../../../market/symbol.ts'
import type { Exchange } from '../../exchange.ts'
import { listingOf, pastQuoteRow, pastTradeRow, type Listing } from '../../streams/massive/messages.ts'
import { pastMinutes, pastQuotes, pastTrades } from '../../streams/tape-history.ts'
import { Tape, type TapeBar } from '../../streams/tape.ts'
import type { Instrument } from '../../universe/instrument.ts'
import { RequestLimit } from '../request-limit.ts'
import { countOf, json, type MarketView, type Vendor, type VendorAnswer, type VendorRequest } from '../vendor.ts'

const FREE_KEY = 'free'
const PER_MINUTE = { free: 5, paid: 10_000 }
const MAX_TICKS = 1000
const MAX_BARS = 60
const NANOSECONDS = 1_000_000

type What = 'trades' | 'quotes'
type Range = { readonly from: number; readonly until: number; readonly limit: number }

/** Stands for api.massive.com: trades, quotes and aggregates of shares and coins, from the tape that its streams tell. */
export function massive(exchange: Exchange, tickMs: number): Vendor {
  const tape = new Tape(exchange, tickMs)
  const limit = new RequestLimit()

  function answer(request: VendorRequest, market: MarketView): VendorAnswer {
    const { path, query, headers, at } = request
    const key = /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1] ?? query.get('apiKey') ?? ''
    if (key === '' || key === 'wrong') return problem('Unknown API Key', 401)
    if (!limit.admits(key, key === FREE_KEY ? PER_MINUTE.free : PER_MINUTE.paid, at))
      return refusals.rate_limited(request)
    const [, what, ofTicks] = /^\/v3\/(trades|quotes)\/(.+)$/.exec(path) ?? []
    if (ofTicks !== undefined) {
      return key === FREE_KEY ? refusals.plan_refused(request) : ticks(what as What, ofTicks, request, market)
    }
    const [, ticker, unit, from, to] =
      /^\/v2\/aggs\/ticker\/(.+)\/range\/1\/(minute|day)\/(\d+)\/(\d+)$/.exec(path) ?? []
    if (ticker !== undefined) return bars(ticker, unit!, Number(from), Number(to) + 1, request, market)
    return json({ status: 'NOT_FOUND', message: 'not found' }, 404)
  }

  function ticks(what: What, ticker: string, { path, query, at }: VendorRequest, market: MarketView): VendorAnswer {
    const instrument = find(ticker, market)
    const cursor = placeIn(query.get('cursor'))
    const [from, until] = cursor ?? [inMs(query.get('timestamp.gte')), inMs(query.get('timestamp.lt'))]
    if (Number.isNaN(from) || Number.isNaN(until)) return problem('a timestamp is wrong', 400)
    const listing = instrument && listingOf(instrument)
    if (!instrument || (!listing && !cryptoPair(instrument.symbol))) return json({ status: 'OK', results: [] })
    const most = Math.max(1, countOf(query.get('limit'), MAX_TICKS, MAX_TICKS))
    const range = { from, until: Math.min(until, at + 1), limit: most }
    const { results, next } =
      what === 'trades' ? trades(instrument, listing, range) : quotes(instrument, listing, range)
    // The vendor's nanoseconds are more than a JavaScript number holds.
    const body = `{"status":"OK","results":[${results.join(',')}]${nextUrl(path, next, until)}}`
    return { ...json({}), body }
  }

  function trades(instrument: Instrument, listing: Listing | undefined, range: Range) {
    const { items, next } = pastTrades(tape, instrument, range)
    return { results: items.map((trade) => pastTradeRow(listing, trade)), next }
  }

  /** Of coins it has none. */
  function quotes(instrument: Instrument, listing: Listing | undefined, range: Range) {
    if (!listing) return { results: [], next: undefined }
    const { items, next } = pastQuotes(tape, instrument, range)
    return { results: items.map((quote) => pastQuoteRow(listing, quote)), next }
  }

  function bars(
    ticker: string,
    unit: string,
    from: number,
    until: number,
    { path, query, at }: VendorRequest,
    market: MarketView
  ): VendorAnswer {
    const instrument = find(ticker, market)
    if (!instrument) return json({ ticker, status: 'OK', resultsCount: 0 })
    const [begin, end] = placeIn(query.get('cursor')) ?? [from, until]
    const { items, next } =
      unit === 'day'
        ? { items: daysOf(instrument, begin, end, at), next: undefined }
        : pastMinutes(tape, instrument, { from: begin, until: end, limit: MAX_BARS, now: at })
    const results = items.map(({ start, open, high, low, close, volume }) => ({
      v: volume,
      o: open,
      c: close,
      h: high,
      l: low,
      t: start,
      n: 60
    }))
    const more = next === undefined ? {} : { next_url: `https://api.massive.com${path}?cursor=${cursorOf(next, end)}` }
    return json({ ticker, adjusted: false, status: 'OK', resultsCount: results.length, results, ...more })
  }

  function daysOf(instrument: Instrument, from: number, until: number, now: number): TapeBar[] {
    const calendar = exchange.calendar(instrument)
    return exchange
      .dailyBars(instrument, calendar.sessionAt(from).date, calendar.sessionAt(until - 1).date, now)
      .filter(({ session }) => session.close <= now)
      .map((bar) => ({ ...bar, start: bar.session.preOpen }))
      .filter(({ start }) => start >= from && start < until)
  }

  return { answer, refusals, endpoint: ({ path }) => path }
}

/** `X:BTCUSD` is a pair that streams call `BTC-USD`. */
function find(ticker: string, market: MarketView): Instrument | undefined {
  const [, base, quoted] = /^X:([A-Z0-9]+)(USD|EUR|GBP)$/.exec(ticker) ?? []
  return market.find(base === undefined ? ticker : `${base}-${quoted}`)
}

const inMs = (nanoseconds: string | null): number => Math.ceil(Number(nanoseconds ?? Number.NaN) / NANOSECONDS)
const cursorOf = (from: number, until: number): string => Buffer.from(`${from}|${until}`).toString('base64url')

function nextUrl(path: string, next: number | undefined, until: number): string {
  return next === undefined ? '' : `,"next_url":"https://api.massive.com${path}?cursor=${cursorOf(next, until)}"`
}

function placeIn(cursor: string | null): [from: number, until: number] | undefined {
  const [, from, until] = /^(\d+)\|(\d+)$/.exec(Buffer.from(cursor ?? '', 'base64url').toString()) ?? []
  return until === undefined ? undefined : [Number(from), Number(until)]
}

const refusals: Vendor['refusals'] = {
  rate_limited: () => problem("You've exceeded the maximum requests per minute, please wait or upgrade.", 429),
  plan_refused: () =>
    json({ status: 'NOT_AUTHORIZED', message: 'You are not entitled to this data. Please upgrade your plan.' }, 403),
  server_error: () => ({ status: 503, contentType: 'text/html', body: '<h1>Service Unavailable</h1>' }),
  bad_crumb: () => problem('Unknown API Key', 401)
}

function problem(error: string, status: number): VendorAnswer {
  return json({ status: 'ERROR', error }, status)
}
