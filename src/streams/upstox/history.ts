// https://upstox.com/developer/api-documentation/v3/get-historical-candle-data and …/get-intra-day-candle-data
import type { Bar } from '../../market/bar.ts'
import { kindOfSymbol } from '../../market/instrument-kind.ts'
import { isoOf } from '../../market/time.ts'
import { dateIn, parseWallTime } from '../../market/zoned-time.ts'
import { createHttpClient, type HttpAnswer } from '../../providers/http.ts'
import { ProviderError } from '../../providers/provider.ts'
import { decodedJson } from '../codec.ts'
import { isWire } from '../fields.ts'
import type { History, HistoryPage, HistoryRequest, HistoryWay } from '../history.ts'
import { isPossibleBar } from '../possible-bar.ts'
import { SOURCE } from './instrument.ts'
import { problemOfAnswer } from './problems.ts'

const ZONE = 'Asia/Kolkata'
const WITH_OFFSET = /(Z|[+-]\d{2}:?\d{2})$/
const CANDLES: HistoryWay = { name: `${SOURCE}/candles`, feed: 'candles', minAgeMs: 0 }
/** The page behind the days that are over: today's are another endpoint's. */
const TODAY = 'today'
const UNITS = { '1m': 'minutes/1', '1d': 'days/1' } as const

export type UpstoxHistoryOptions = {
  readonly baseUrl: string
  /** Asked before each request. */
  readonly token: () => string
  /** The vendor's key of a canonical symbol on a day (YYYY-MM-DD): keys of contracts are given to others once these have expired. */
  readonly keyOn: (symbol: string, day: string) => Promise<string | undefined>
  readonly timeoutMs: number
  /** As Date.now. */
  readonly now: () => number
}

/** Upstox' bars. It numbers no trades and sells none of before. */
export function upstoxHistory({ baseUrl, token, keyOn, timeoutMs, now }: UpstoxHistoryOptions): History {
  const http = createHttpClient({ provider: SOURCE, baseUrl, timeoutMs })
  return {
    name: SOURCE,
    ways: () => [CANDLES],
    async bars(request, signal) {
      const key = await keyOn(request.symbol, dateIn(ZONE, request.from))
      if (key === undefined) throw new ProviderError(SOURCE, 'not_found', 'upstox has no key of the symbol')
      const { path, next } = pageOf(request, encodeURIComponent(key), dateIn(ZONE, now()))
      if (path === undefined) return { items: [], next, refused: 0 }
      const answer = await http.get(path, {}, signal, { authorization: `Bearer ${token()}` })
      return { ...barsIn(candlesIn(answer), request), next }
    },
    close: () => http.close()
  }
}

type BarRequest = HistoryRequest & { readonly interval: keyof typeof UNITS }

/** Days that are over and today are told apart; a page without a path has nothing. */
function pageOf({ interval, from, until, page }: BarRequest, key: string, today: string) {
  const unit = UNITS[interval]
  const [first, last] = [dateIn(ZONE, from), dateIn(ZONE, until - 1)]
  const next = last >= today && page !== TODAY ? TODAY : undefined
  if (page === TODAY) return { path: `/v3/historical-candle/intraday/${key}/${unit}`, next }
  return { ...(first < today && { path: `/v3/historical-candle/${key}/${unit}/${last}/${first}` }), next }
}

/** Throws ProviderError. */
function candlesIn(answer: HttpAnswer): readonly unknown[] {
  const { status, text, retryAfterMs } = answer
  if (status !== 200) {
    const { reason, kind } = problemOfAnswer(answer)
    if (status === 429) throw new ProviderError(SOURCE, 'rate_limited', reason, { scope: 'minute', retryAfterMs })
    if (status === 400) throw new ProviderError(SOURCE, 'not_found', 'upstox has no bars of the instrument')
    throw new ProviderError(SOURCE, kind === 'fatal' ? 'unauthorized' : 'unavailable', reason)
  }
  const body = decodedJson(text)
  const candles = isWire(body) && isWire(body.data) ? body.data.candles : undefined
  if (Array.isArray(candles)) return candles
  throw new ProviderError(SOURCE, 'bad_payload', 'upstox sent no list of bars')
}

/** They come newest first: beginning with its offset, open, high, low, close, volume, open interest. */
function barsIn(candles: readonly unknown[], request: BarRequest): Omit<HistoryPage<Bar>, 'next'> {
  const items: Bar[] = []
  let refused = 0
  for (const candle of candles) {
    const bar = barOf(candle, request)
    if (bar === undefined) refused++
    else if (bar !== 'other') items.push(bar)
  }
  return { items: items.toReversed(), refused }
}

/** `other`: not of what was asked for. */
function barOf(candle: unknown, { symbol, interval, from, until }: BarRequest): Bar | 'other' | undefined {
  const [begins, ...figures] = Array.isArray(candle) ? (candle as unknown[]) : []
  const ms = instantOf(begins)
  const [open = 0, high = 0, low = 0, close = 0] = figures.map(Number)
  if (ms === undefined || !isPossibleBar(symbol, { open, high, low, close })) return undefined
  if (ms < from || ms >= until) return 'other'
  const [, , , , volume] = figures
  const hasVolume = kindOfSymbol(symbol) !== 'index' && typeof volume === 'number' && volume >= 0
  const start = interval === '1d' ? dateIn(ZONE, ms) : isoOf(ms)
  return { start, open, high, low, close, ...(hasVolume && { volume }) }
}

/** Without an offset it is the exchange's own clock. */
function instantOf(text: unknown): number | undefined {
  if (typeof text !== 'string') return undefined
  const ms = WITH_OFFSET.test(text) ? Date.parse(text) : parseWallTime(ZONE, text)
  return ms === undefined || Number.isNaN(ms) ? undefined : ms
}
