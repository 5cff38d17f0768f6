// https://upstox.com/developer/api-documentation/get-full-market-quote
import { withoutAbsent } from '../../market/absent.ts'
import { figuresToldAt, type DerivativeFigures } from '../../market/derivative-figures.ts'
import { identityOfSymbol } from '../../market/identity.ts'
import type { Feed as MarketFeed } from '../../market/provenance.ts'
import type { Quote } from '../../market/quote.ts'
import { isoOf } from '../../market/time.ts'
import { createHttpClient, type HttpAnswer } from '../../providers/http.ts'
import { ProviderError } from '../../providers/provider.ts'
import { decodedJson } from '../codec.ts'
import { FieldError, isWire, numberIn, optionalNumberIn, possibleInstant, textIn, type Wire } from '../fields.ts'
import type { PolledQuotes } from '../polled-quotes.ts'
import type { PlaceOf } from '../tick-place.ts'
import { CURRENCY, SOURCE } from './instrument.ts'
import type { InstrumentKeys } from './keys.ts'
import { problemOfAnswer } from './problems.ts'

const PATH = '/v3/market-quote/quotes'
/** Of one request; the vendor refuses more. */
const MAX_SYMBOLS = 500
const TIMEOUT_MS = 8000
const NOTE = 'asked for again and again: the stream has no place left for it'

export type FullQuotesOptions = {
  /** Of the vendor's REST host, without a path. */
  readonly baseUrl: string
  /** Asked before each request: tokens are replaced while the process runs. */
  readonly token: () => string
  readonly keys: InstrumentKeys
  readonly feed: MarketFeed
  readonly placeOf: PlaceOf
  /** As Date.now. */
  readonly now: () => number
}

/** The vendor's full quotes, for what its stream has no place for. Snapshots: they tell no trades. */
export function fullQuotes(options: FullQuotesOptions): PolledQuotes {
  const { baseUrl, token, keys, now } = options
  const http = createHttpClient({ provider: SOURCE, baseUrl, timeoutMs: TIMEOUT_MS })
  return {
    maxSymbols: MAX_SYMBOLS,
    async ask(symbols, signal) {
      const wanted = symbols.flatMap((symbol) => keys.keyOf(symbol) ?? [])
      if (wanted.length === 0) return []
      const query = { instrument_key: wanted.join(',') }
      const answer = await http.get(PATH, query, signal, { authorization: `Bearer ${token()}` })
      const receivedAt = now()
      return rowsIn(answer).flatMap((row) => readableQuote(row, receivedAt, options) ?? [])
    },
    close: () => http.close()
  }
}

/** Throws ProviderError. */
function rowsIn(answer: HttpAnswer): Wire[] {
  const { status, text, retryAfterMs } = answer
  if (status !== 200) throw refusalOf(answer, retryAfterMs)
  const body = decodedJson(text)
  if (!isWire(body) || !isWire(body.data)) throw new ProviderError(SOURCE, 'bad_payload', 'upstox sent no quotes')
  return Object.values(body.data).filter(isWire)
}

function refusalOf(answer: HttpAnswer, retryAfterMs: number | undefined): ProviderError {
  const { reason, kind } = problemOfAnswer(answer)
  if (answer.status === 429) return new ProviderError(SOURCE, 'rate_limited', reason, { retryAfterMs })
  return new ProviderError(SOURCE, kind === 'fatal' ? 'unauthorized' : 'unavailable', reason)
}

/** Undefined for what nobody knows, and for a row without a price or without its instant. */
function readableQuote(row: Wire, receivedAt: number, options: FullQuotesOptions): Quote | undefined {
  try {
    return quoteIn(row, receivedAt, options)
  } catch (error) {
    if (error instanceof FieldError) return undefined
    throw error
  }
}

function quoteIn(row: Wire, receivedAt: number, { keys, feed, placeOf }: FullQuotesOptions): Quote | undefined {
  const symbol = keys.symbolOf(textIn(row, 'instrument_token'))
  if (symbol === undefined) return undefined
  const price = positive('last_price', numberIn(row, 'last_price'))
  if (price === undefined) return undefined
  const at = tradedAt(row)
  possibleInstant('last_trade_time', { ms: at, ns: 0 }, receivedAt)
  const previousClose = previousCloseIn(row, price)
  const change = previousClose === undefined ? undefined : price - previousClose
  const day = [row.live_ohlc, row.ohlc].find(isWire) ?? {}
  const { kind, mic, exchange } = identityOfSymbol(symbol)
  const { session } = placeOf(symbol, receivedAt)
  const isClosed = session === undefined
  return withoutAbsent<Quote>({
    symbol,
    kind,
    price,
    change,
    changePercent: change === undefined ? undefined : (change / previousClose!) * 100,
    previousClose,
    open: optional(day, 'open'),
    dayHigh: optional(day, 'high'),
    dayLow: optional(day, 'low'),
    volume: kind === 'index' ? undefined : optional(row, 'volume'),
    ...bookIn(row),
    currency: CURRENCY,
    mic,
    exchange,
    marketState: isClosed || session === 'overnight' ? 'closed' : session,
    derivative: kind === 'option' || kind === 'future' ? figuresIn(row, receivedAt) : undefined,
    asOf: isoOf(at),
    provenance: {
      source: SOURCE,
      feed,
      receivedAt: isoOf(receivedAt),
      state: isClosed ? 'closed' : 'live',
      attempts: [],
      notes: [NOTE]
    }
  })
}

/** Epoch milliseconds, as text in older answers. */
function tradedAt(row: Wire): number {
  const told = row.last_trade_time ?? row.ltt
  const ms = typeof told === 'string' && /^\d+$/.test(told) ? Number(told) : told
  if (typeof ms === 'number' && Number.isFinite(ms) && ms > 0) return ms
  throw new FieldError('last_trade_time', 'is no instant')
}

/** The close of `ohlc` is that of the day before in session and the day's own after it: the change says which. */
function previousCloseIn(row: Wire, price: number): number | undefined {
  const told = optional(row, 'cp')
  if (told !== undefined) return told
  const change = optionalNumberIn(row, 'net_change')
  return change === undefined ? undefined : positive('net_change', Number((price - change).toPrecision(12)))
}

function bookIn({ depth }: Wire): Pick<Quote, 'bid' | 'bidSize' | 'ask' | 'askSize'> {
  const best = (side: unknown): Wire => (Array.isArray(side) && isWire(side[0]) ? side[0] : {})
  const { buy, sell } = isWire(depth) ? depth : {}
  const [bid, ask] = [optional(best(buy), 'price'), optional(best(sell), 'price')]
  return {
    bid,
    bidSize: bid === undefined ? undefined : optional(best(buy), 'quantity'),
    ask,
    askSize: ask === undefined ? undefined : optional(best(sell), 'quantity')
  }
}

function figuresIn(row: Wire, receivedAt: number): DerivativeFigures | undefined {
  const openInterest = optional(row, 'oi')
  return openInterest === undefined ? undefined : figuresToldAt({ openInterest }, isoOf(receivedAt))
}

/** What is not known is told as 0. */
const optional = (wire: Wire, field: string): number | undefined => positive(field, optionalNumberIn(wire, field) ?? 0)

function positive(field: string, value: number): number | undefined {
  if (value < 0) throw new FieldError(field, `is ${value}`)
  return value === 0 ? undefined : value
}
