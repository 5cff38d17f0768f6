import type { Bar } from '../../market/bar.ts'
import type { Feed as MarketFeed } from '../../market/provenance.ts'
import { isoOf, MINUTE_MS, msOfEpoch } from '../../market/time.ts'
import type { Trade } from '../../market/trade.ts'
import { createHttpClient, type HttpAnswer, type Query } from '../../providers/http.ts'
import { ProviderError, type ProviderErrorKind } from '../../providers/provider.ts'
import { decodedJson } from '../codec.ts'
import { FieldError, isWire, numberIn, optionalNumberIn, type Wire } from '../fields.ts'
import type { History, HistoryRequest, HistoryWay } from '../history.ts'
import { isPossibleBar } from '../possible-bar.ts'
import type { PlaceOf } from '../tick-place.ts'
import { KINDS } from './kinds.ts'
import { tickerOf, type MassiveMarket } from './symbols.ts'
import { SOURCE, type Context } from './tick.ts'

export const MASSIVE_DATA_URL = 'https://api.massive.com'
const MAX_PAGE = 50_000
const DELAYED_AGE_MS = 15 * MINUTE_MS
const RANGES = { '1m': '1/minute', '1d': '1/day' } as const
/**
 * The tape's indicators of corrections: 0 none, and 1 a trade as it was corrected. The others are trades that were taken back,
 * and what took them back.
 */
const VALID_CORRECTIONS: ReadonlySet<number> = new Set([0, 1])

export type MassiveHistoryOptions = {
  readonly apiKey: string
  readonly baseUrl?: string
  readonly timeoutMs: number
  readonly placeOf: PlaceOf
}

/** https://massive.com/docs/rest/stocks/trades-quotes/trades and …/aggregates/custom-bars, and likewise of coins */
export function massiveHistory({ apiKey, baseUrl, timeoutMs, placeOf }: MassiveHistoryOptions): History {
  const headers = { authorization: `Bearer ${apiKey}` }
  const http = createHttpClient({ provider: SOURCE, baseUrl: baseUrl ?? MASSIVE_DATA_URL, headers, timeoutMs })

  async function page(path: string, query: Query, { page: cursor }: HistoryRequest, signal: AbortSignal) {
    // A page is named by its cursor alone.
    const asked = cursor === undefined ? query : { cursor, limit: MAX_PAGE }
    return rowsOf(await http.get(path, asked, signal))
  }

  return {
    name: SOURCE,
    ways: (feed, symbol) => (marketOf(symbol) === undefined ? [] : waysOf(feed, marketOf(symbol)!)),
    async trades(request, signal) {
      const { symbol, feed, from, until } = request
      const market = marketOf(symbol)!
      const ticker = restTicker(market, symbol)
      const query = {
        'timestamp.gte': nanosecondsOf(from),
        'timestamp.lt': nanosecondsOf(until),
        order: 'asc',
        sort: 'timestamp',
        limit: MAX_PAGE
      }
      const { rows, next } = await page(`/v3/trades/${encodeURIComponent(ticker)}`, query, request, signal)
      const receivedAt = Date.now()
      let sequence = 0
      const context: Context = {
        market,
        feed,
        placeOf,
        arrival: { receivedAt, fence: 0, nextSequence: () => sequence++ },
        receivedAt: isoOf(receivedAt)
      }
      const items: Trade[] = []
      let refused = 0
      for (const row of rows) {
        const trade = tradeOf(row, symbol, context)
        if (trade === 'unreadable') refused++
        else if (trade && isWithin(Date.parse(trade.asOf), request)) items.push(trade)
      }
      return { items, refused, next }
    },
    async bars(request, signal) {
      const { symbol, interval, from, until } = request
      const ticker = restTicker(marketOf(symbol)!, symbol)
      const path = `/v2/aggs/ticker/${encodeURIComponent(ticker)}/range/${RANGES[interval]}/${from}/${until - 1}`
      const { rows, next, body } = await page(path, { adjusted: false, sort: 'asc', limit: MAX_PAGE }, request, signal)
      if (body['adjusted'] === true || (typeof body['ticker'] === 'string' && body['ticker'] !== ticker)) {
        throw new ProviderError(SOURCE, 'bad_payload', 'massive sent other bars than those that it was asked for')
      }
      const items: Bar[] = []
      let refused = 0
      for (const row of rows) {
        const read = barOf(row)
        if (read === undefined || !isPossibleBar(symbol, read.figures)) refused++
        else if (isWithin(read.ms, request)) {
          const start = interval === '1d' ? placeOf(symbol, read.ms).tradeDate : isoOf(read.ms)
          items.push({ start, ...read.figures })
        }
      }
      return { items, refused, next }
    },
    close: () => http.close()
  }
}

/** Contracts have trades without ids: they could not be told from those that are held. */
function marketOf(symbol: string): MassiveMarket | undefined {
  return (['crypto', 'stocks'] as const).find((market) => tickerOf(market, symbol) !== undefined)
}

/** Unlike the streams, REST names coins with a prefix and without a dash. */
function restTicker(market: MassiveMarket, symbol: string): string {
  const ticker = tickerOf(market, symbol)!
  return market === 'crypto' ? `X:${ticker.replace('-', '')}` : ticker
}

function waysOf(feed: MarketFeed, market: MassiveMarket): readonly HistoryWay[] {
  const way = { name: `${SOURCE}/${market}`, feed: market, minAgeMs: 0 }
  const later = { ...way, minAgeMs: DELAYED_AGE_MS }
  return feed === 'delayed' ? [later] : [way, later]
}

/** A vendor may answer with more than it was asked for. */
const isWithin = (ms: number, { from, until }: Pick<HistoryRequest, 'from' | 'until'>) => ms >= from && ms < until

const nanosecondsOf = (ms: number): string => `${ms}000000`

/** The same trade in the words of the stream; undefined for one that does not count. */
function tradeOf(row: unknown, symbol: string, context: Context): Trade | 'unreadable' | undefined {
  if (!isWire(row)) return 'unreadable'
  if (!VALID_CORRECTIONS.has(Number(row['correction'] ?? 0))) return undefined
  const { market } = context
  const kind = KINDS[market].get(market === 'crypto' ? 'XT' : 'T')!
  const message = withoutAbsent({
    [kind.tickerField]: symbol,
    p: row['price'],
    s: row['size'],
    ds: row['decimal_size'],
    x: row['exchange'],
    i: row['id'],
    z: row['tape'],
    c: row['conditions'],
    t: row['sip_timestamp'] ?? row['participant_timestamp'],
    q: row['sequence_number'],
    trfi: row['trf_id']
  })
  if (kind.problemOf(message) !== undefined) return 'unreadable'
  try {
    const event = kind.read!(message, symbol, context)
    return event.type === 'trade' ? event.data.trade : undefined
  } catch (error) {
    if (error instanceof FieldError) return 'unreadable'
    throw error
  }
}

function withoutAbsent(wire: Wire): Wire {
  return Object.fromEntries(Object.entries(wire).filter(([, value]) => value !== undefined && value !== null))
}

function barOf(row: unknown) {
  try {
    if (!isWire(row)) return undefined
    const volume = optionalNumberIn(row, 'v')
    const figures = {
      open: numberIn(row, 'o'),
      high: numberIn(row, 'h'),
      low: numberIn(row, 'l'),
      close: numberIn(row, 'c'),
      ...(volume !== undefined && { volume })
    }
    const ms = msOfEpoch(numberIn(row, 't'))
    return ms === undefined ? undefined : { ms, figures }
  } catch (error) {
    if (error instanceof FieldError) return undefined
    throw error
  }
}

type Page = { readonly rows: unknown[]; readonly next: string | undefined; readonly body: Wire }

function rowsOf(answer: HttpAnswer): Page {
  if (answer.status !== 200) throw refusalOf(answer)
  const body = decodedJson(answer.text)
  const isError = isWire(body) && (body['results'] === undefined || FAILED.has(body['status']))
  const told = isError ? (body['error'] ?? body['message']) : undefined
  if (typeof told === 'string') throw refusalIn(told)
  const rows = isWire(body) ? (body['results'] ?? []) : undefined
  if (!isWire(body) || !Array.isArray(rows)) {
    throw new ProviderError(SOURCE, 'bad_payload', 'massive sent no list of results')
  }
  const next = body['next_url']
  const cursor = typeof next === 'string' && URL.canParse(next) ? new URL(next).searchParams.get('cursor') : undefined
  return { rows, next: cursor ?? undefined, body }
}

const REFUSALS: Readonly<Record<number, ProviderErrorKind>> = {
  401: 'unauthorized',
  404: 'not_found',
  429: 'rate_limited'
}

/** What the body says of itself beside status 200 where it holds an error. */
const FAILED: ReadonlySet<unknown> = new Set(['ERROR', 'NOT_AUTHORIZED', 'NOT_FOUND'])

/** Of an error that comes with status 200. */
function refusalIn(message: string): ProviderError {
  if (/maximum requests|rate limit|too many/i.test(message)) {
    return new ProviderError(SOURCE, 'rate_limited', 'massive takes no more requests for now', { scope: 'minute' })
  }
  if (/entitled|upgrade|your plan/i.test(message)) {
    return new ProviderError(SOURCE, 'not_covered', "massive's plan does not have it", { notCoveredBy: 'plan' })
  }
  if (/api key/i.test(message)) return new ProviderError(SOURCE, 'unauthorized', 'massive does not take the key')
  return new ProviderError(SOURCE, 'bad_payload', 'massive sent an error with status 200')
}

function refusalOf({ status, retryAfterMs }: HttpAnswer): ProviderError {
  if (status === 403) {
    return new ProviderError(SOURCE, 'not_covered', "massive's plan does not have it", { notCoveredBy: 'plan' })
  }
  const kind = REFUSALS[status] ?? (status >= 500 ? 'unavailable' : 'bad_payload')
  return new ProviderError(SOURCE, kind, `massive answered with status ${status}`, {
    ...(kind === 'rate_limited' && { scope: 'minute' as const }),
    ...(retryAfterMs !== undefined && { retryAfterMs })
  })
}
