import type { Bar } from '../../market/bar.ts'
import { cryptoPair } from '../../market/symbol.ts'
import { isoOf, MINUTE_MS } from '../../market/time.ts'
import type { Trade } from '../../market/trade.ts'
import { createHttpClient, type HttpAnswer, type Query } from '../../providers/http.ts'
import { ProviderError, type ProviderErrorKind } from '../../providers/provider.ts'
import { decodedJson, jsonCodec } from '../codec.ts'
import { FieldError, isWire, type Wire } from '../fields.ts'
import type { History, HistoryPage, HistoryRequest, HistoryWay } from '../history.ts'
import { MomentReader } from '../moment.ts'
import { isPossibleBar } from '../possible-bar.ts'
import type { PlaceOf } from '../tick-place.ts'
import { barFiguresOf } from './bars.ts'
import { SOURCE, type Context } from './context.ts'
import type { AlpacaCredential } from './conversation.ts'
import { alpacaSymbol } from './symbols.ts'
import { tradeOf } from './ticks.ts'

export const ALPACA_DATA_URL = 'https://data.alpaca.markets'
const MAX_PAGE = 10_000
/** What the free plan has of all exchanges is as old. */
const FREE_SIP_AGE_MS = 15 * MINUTE_MS
const IEX = 'IEXG'

const way = (feed: string, minAgeMs = 0, venue?: string): HistoryWay => ({
  name: `${SOURCE}/${feed}`,
  feed,
  minAgeMs,
  ...(venue !== undefined && { venue })
})

const SIP = [way('sip'), way('sip', FREE_SIP_AGE_MS)]
const IEX_WAYS = [way('iex'), way('sip', FREE_SIP_AGE_MS, IEX)]
/** By what the stream's ticks are labelled with. Trades of options have no ids: they could not be told from those that are held. */
const WAYS: Readonly<Record<string, readonly HistoryWay[]>> = {
  iex: IEX_WAYS,
  consolidated: SIP,
  delayed: [way('sip', FREE_SIP_AGE_MS)],
  boats: [way('boats')],
  overnight: [way('overnight')],
  sandbox: IEX_WAYS
}
const CRYPTO = [way('crypto')]

/** Said of trades that do not count: taken back, or told otherwise by another one. */
const VOID: ReadonlySet<unknown> = new Set(['canceled', 'incorrect'])
const TIMEFRAMES = { '1m': '1Min', '1d': '1Day' } as const

export type AlpacaHistoryOptions = {
  /** Asked before each request. */
  readonly credential: () => AlpacaCredential
  readonly baseUrl?: string
  readonly timeoutMs: number
  readonly placeOf: PlaceOf
}

/** https://docs.alpaca.markets/reference/stocktrades, …/stockbars and …/cryptotrades, …/cryptobars */
export function alpacaHistory({ credential, baseUrl, timeoutMs, placeOf }: AlpacaHistoryOptions): History {
  const http = createHttpClient({ provider: SOURCE, baseUrl: baseUrl ?? ALPACA_DATA_URL, timeoutMs })
  const moments = new MomentReader()

  async function page(what: 'trades' | 'bars', request: HistoryRequest, query: Query, signal: AbortSignal) {
    const { symbol, from, until, way: asked, page: token } = request
    const isCrypto = cryptoPair(symbol) !== undefined
    const spelling = alpacaSymbol(symbol, isCrypto ? 'crypto' : 'stocks')!
    const path = isCrypto ? `/v1beta3/crypto/us/${what}` : `/v2/stocks/${what}`
    const answer = await http.get(
      path,
      {
        symbols: spelling,
        start: isoOf(from),
        end: isoOf(until),
        limit: MAX_PAGE,
        ...(!isCrypto && { feed: asked.feed }),
        ...query,
        ...(token !== undefined && { page_token: token })
      },
      signal,
      headersOf(credential())
    )
    return rowsOf(answer, what, spelling)
  }

  return {
    name: SOURCE,
    ways(feed, symbol) {
      if (cryptoPair(symbol)) return CRYPTO
      return alpacaSymbol(symbol, 'stocks') === undefined ? [] : (WAYS[feed] ?? [])
    },
    async trades(request, signal) {
      const { symbol, feed, from, until, way: asked } = request
      const { rows, next } = await page('trades', request, {}, signal)
      const receivedAt = Date.now()
      let sequence = 0
      const context: Context = {
        market: cryptoPair(symbol) ? 'crypto' : 'stocks',
        feed,
        codec: jsonCodec,
        placeOf,
        moments,
        arrival: { receivedAt, fence: 0, nextSequence: () => sequence++ },
        receivedAt: isoOf(receivedAt)
      }
      const read = (row: Wire): Trade | undefined => {
        if (VOID.has(row['u'])) return undefined
        const { trade } = tradeOf(row, symbol, context).data
        const ms = Date.parse(trade.asOf)
        const isWanted = ms >= from && ms < until && (asked.venue === undefined || trade.venue === asked.venue)
        return isWanted ? trade : undefined
      }
      return { ...readRows(rows, read), next }
    },
    async bars(request, signal) {
      const { symbol, interval, from, until } = request
      const query = { timeframe: TIMEFRAMES[interval], adjustment: 'raw' }
      const { rows, next } = await page('bars', request, query, signal)
      const read = (row: Wire): Bar | undefined => {
        const { ms, ...figures } = barFiguresOf(row, Date.now())
        if (ms < from || ms >= until) return undefined
        if (!isPossibleBar(symbol, figures)) throw new FieldError('bar', 'cannot be')
        return { start: interval === '1d' ? placeOf(symbol, ms).tradeDate : isoOf(ms), ...figures }
      }
      return { ...readRows(rows, read), next }
    },
    close: () => http.close()
  }
}

/** A token of the broker API or of OAuth stands where a secret stands, and goes into another header. */
function headersOf({ key, secret }: AlpacaCredential): Record<string, string> {
  return key === 'access_token' || key === 'oauth'
    ? { authorization: `Bearer ${secret}` }
    : { 'apca-api-key-id': key, 'apca-api-secret-key': secret }
}

function readRows<Item>(rows: readonly unknown[], read: (row: Wire) => Item | undefined) {
  const items: Item[] = []
  let refused = 0
  for (const row of rows) {
    try {
      const item = isWire(row) ? read(row) : undefined
      if (item !== undefined) items.push(item)
      else if (!isWire(row)) refused++
    } catch (error) {
      if (!(error instanceof FieldError)) throw error
      refused++
    }
  }
  return { items, refused } satisfies Omit<HistoryPage<Item>, 'next'>
}

function rowsOf(answer: HttpAnswer, what: string, spelling: string): { rows: unknown[]; next: string | undefined } {
  const body = decodedJson(answer.text)
  if (answer.status !== 200) throw refusalOf(answer, messageIn(body))
  const lists = isWire(body) ? body[what] : undefined
  // Where there is nothing, the vendor sends null, or leaves the symbol out.
  const rows = isWire(lists) ? (lists[spelling] ?? []) : lists === null ? [] : undefined
  if (!isWire(body) || !Array.isArray(rows)) {
    throw new ProviderError(SOURCE, 'bad_payload', `alpaca sent no list of ${what}`)
  }
  const next = body['next_page_token']
  return { rows, next: typeof next === 'string' && next !== '' ? next : undefined }
}

function messageIn(body: unknown): string {
  const message = isWire(body) ? body['message'] : undefined
  return typeof message === 'string' ? message : ''
}

const KINDS: Readonly<Record<number, ProviderErrorKind>> = {
  401: 'unauthorized',
  404: 'not_found',
  429: 'rate_limited'
}

/** A key that is wrong and a plan that is too small are both 403; the text tells them apart. */
function refusalOf({ status, retryAfterMs }: HttpAnswer, message: string): ProviderError {
  if (status === 403) {
    return /subscription|permission|not.*entitled/i.test(message)
      ? new ProviderError(SOURCE, 'not_covered', "alpaca's plan does not have it", { notCoveredBy: 'plan' })
      : new ProviderError(SOURCE, 'unauthorized', 'alpaca does not take the key')
  }
  if (status === 400 || status === 422) {
    return /symbol/i.test(message)
      ? new ProviderError(SOURCE, 'not_found', 'alpaca does not know the symbol')
      : new ProviderError(SOURCE, 'not_covered', 'alpaca does not answer such a request')
  }
  const kind = KINDS[status] ?? (status >= 500 ? 'unavailable' : 'bad_payload')
  return new ProviderError(SOURCE, kind, `alpaca answered with status ${status}`, {
    ...(kind === 'rate_limited' && { scope: 'minute' as const }),
    ...(retryAfterMs !== undefined && { retryAfterMs })
  })
}
