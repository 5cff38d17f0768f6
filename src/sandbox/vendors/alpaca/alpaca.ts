import { cryptoPair } from '../../../market/symbol.ts'
import { MINUTE_MS } from '../../../market/time.ts'
import type { Exchange } from '../../exchange.ts'
import { quoteFields, spelt, tradeFields } from '../../streams/alpaca/alpaca.ts'
import { pastMinutes, pastQuotes, pastTrades } from '../../streams/tape-history.ts'
import { Tape, type TapeBar } from '../../streams/tape.ts'
import type { Instrument } from '../../universe/instrument.ts'
import { RequestLimit } from '../request-limit.ts'
import {
  countOf,
  htmlPage,
  json,
  type MarketView,
  type Vendor,
  type VendorAnswer,
  type VendorRequest
} from '../vendor.ts'

const FREE_KEY = 'free'
const PER_MINUTE = { free: 200, paid: 10_000 }
const FREE_SIP_AGE_MS = 15 * MINUTE_MS
/** A page may have fewer than were asked for. */
const MAX_TICKS = 1000
const MAX_BARS = 60
const FEEDS: ReadonlySet<string | null> = new Set([null, 'sip', 'iex', 'boats', 'overnight', 'otc'])
const NO_RECENT_SIP = 'subscription does not permit querying recent SIP data'

type What = 'trades' | 'quotes' | 'bars'

/** Stands for data.alpaca.markets: what the streams told of shares and coins, from the same tape. */
export function alpaca(exchange: Exchange, tickMs: number): Vendor {
  const tape = new Tape(exchange, tickMs)
  const limit = new RequestLimit()

  function answer(request: VendorRequest, market: MarketView): VendorAnswer {
    const { path, query, headers, at } = request
    const key = String(headers['apca-api-key-id'] ?? headers['authorization'] ?? '')
    if (key === '') return problem('authorization required', 401)
    if (key === 'wrong') return problem('forbidden.', 403)
    if (!limit.admits(key, key === FREE_KEY ? PER_MINUTE.free : PER_MINUTE.paid, at))
      return refusals.rate_limited(request)
    const [, isCrypto, what] = /^\/(?:v2\/stocks|(v1beta3\/crypto\/us))\/(trades|quotes|bars)$/.exec(path) ?? []
    if (what === undefined) return problem('endpoint not found.', 404)
    const range = rangeOf(query)
    if (!range) return problem('invalid start or end', 400)
    const feed = query.get('feed')
    if (!FEEDS.has(feed)) return problem('invalid feed', 400)
    const isOfSip = !isCrypto && (feed === null || feed === 'sip')
    if (isOfSip && key === FREE_KEY && range.until > at - FREE_SIP_AGE_MS) return problem(NO_RECENT_SIP, 403)
    const instruments = (query.get('symbols') ?? '')
      .split(',')
      .map((spelling) => market.find(spelling.replace('/', '-')))
    const wanted = instruments.filter((each): each is Instrument => each !== undefined && isOf(each, Boolean(isCrypto)))
    return json(pageOf(what as What, wanted, { ...range, at }, query))
  }

  function pageOf(
    what: What,
    instruments: readonly Instrument[],
    { from, until, at }: { from: number; until: number; at: number },
    query: URLSearchParams
  ) {
    const most = what === 'bars' ? MAX_BARS : MAX_TICKS
    const limit = Math.max(1, countOf(query.get('limit'), most, most))
    const [first, since] = placeIn(query.get('page_token')) ?? [0, from]
    const lists: Record<string, unknown[]> = {}
    for (let index = first; index < instruments.length; index++) {
      const instrument = instruments[index]!
      const begin = index === first ? since : from
      const { items, next } = partOf(what, instrument, { from: begin, until, limit, now: at }, query)
      if (items.length > 0) lists[spelt(instrument.symbol)] = [...items]
      const isLast = index === instruments.length - 1 && next === undefined
      // One symbol's part a page.
      if (!isLast)
        return { [what]: lists, next_page_token: tokenOf(next === undefined ? index + 1 : index, next ?? from) }
    }
    return { [what]: lists, next_page_token: null }
  }

  function partOf(
    what: What,
    instrument: Instrument,
    range: { from: number; until: number; limit: number; now: number },
    query: URLSearchParams
  ) {
    const told = { ...range, until: Math.min(range.until, range.now + 1) }
    if (what === 'trades') {
      const { items, next } = pastTrades(tape, instrument, told)
      return { items: items.map(tradeFields), next }
    }
    if (what === 'quotes') {
      const { items, next } = pastQuotes(tape, instrument, told)
      return { items: items.map(quoteFields), next }
    }
    if (query.get('timeframe') === '1Day') return { items: daysOf(instrument, range).map(barRow), next: undefined }
    const { items, next } = pastMinutes(tape, instrument, range)
    return { items: items.map(barRow), next }
  }

  /** Of the exchange itself: a day's trades are too many to be added up for an answer. */
  function daysOf(
    instrument: Instrument,
    { from, until, now }: { from: number; until: number; now: number }
  ): TapeBar[] {
    const calendar = exchange.calendar(instrument)
    const [first, last] = [calendar.sessionAt(from).date, calendar.sessionAt(until - 1).date]
    return exchange
      .dailyBars(instrument, first, last, now)
      .filter(({ session }) => session.close <= now)
      .map((bar) => ({ ...bar, start: bar.session.preOpen }))
      .filter(({ start }) => start >= from && start < until)
  }

  return { answer, refusals, endpoint: ({ path }) => path }
}

const isOf = ({ symbol }: Instrument, isCrypto: boolean): boolean => (cryptoPair(symbol) !== undefined) === isCrypto

const barRow = ({ start, open, high, low, close, volume }: TapeBar) => ({
  t: new Date(start).toISOString().replace('.000Z', 'Z'),
  o: open,
  h: high,
  l: low,
  c: close,
  v: volume,
  n: 60,
  vw: Math.round((open + high + low + close) * 25) / 100
})

/** Both ends are included. */
function rangeOf(query: URLSearchParams): { from: number; until: number } | undefined {
  const [from, until] = [Date.parse(query.get('start') ?? ''), Date.parse(query.get('end') ?? '')]
  return Number.isNaN(from) || Number.isNaN(until) ? undefined : { from, until: until + 1 }
}

const tokenOf = (index: number, from: number): string => Buffer.from(`${index}|${from}`).toString('base64')

function placeIn(token: string | null): [index: number, from: number] | undefined {
  const [, index, from] = /^(\d+)\|(\d+)$/.exec(Buffer.from(token ?? '', 'base64').toString()) ?? []
  return from === undefined ? undefined : [Number(index), Number(from)]
}

const refusals: Vendor['refusals'] = {
  rate_limited: () => problem('too many requests.', 429),
  plan_refused: () => problem(NO_RECENT_SIP, 403),
  server_error: () => htmlPage('502 Bad Gateway', 502),
  bad_crumb: () => problem('forbidden.', 403)
}

function problem(message: string, status: number): VendorAnswer {
  return json({ message }, status)
}
