import { Type } from 'typebox'
import { ApiError } from '../../errors.ts'
import type { Interval } from '../../market/bar.ts'
import { compareInstantNs, parseInstantNs, type InstantNs } from '../../market/instant-ns.ts'
import { DAY_MS } from '../../market/time.ts'
import { isDate } from '../../routes/instant.ts'
import { symbolOf } from '../../streams/massive/symbols.ts'
import type { Span } from '../history.ts'
import { midnightAfter, midnightOf } from '../new-york.ts'

const MAX_ROWS = 50_000
/** Of one snapshot. */
const MAX_TICKERS = 100

/** Lengths of bars by the vendor's multiplier and timespan. */
const INTERVALS: Readonly<Record<string, Interval>> = {
  '1 minute': '1m',
  '5 minute': '5m',
  '15 minute': '15m',
  '30 minute': '30m',
  '60 minute': '1h',
  '1 hour': '1h',
  '1 day': '1d',
  '1 week': '1wk',
  '1 month': '1mo'
}

const Switch = Type.Enum(['true', 'false'], { default: 'true' })
const Ticker = Type.String({ maxLength: 64 })
const When = Type.Optional(Type.String({ maxLength: 40 }))
const Cursor = Type.Optional(Type.String({ pattern: '^[A-Za-z0-9_-]{1,2000}$', title: 'cursor that this server gave' }))
const TickerList = Type.String({ maxLength: 4000 })
/** What is not known is passed over, as the vendor does. */
export const Query = {
  bars: Type.Object({
    adjusted: Switch,
    sort: Type.Enum(['asc', 'desc'], { default: 'asc' }),
    limit: Type.Integer({ minimum: 1, maximum: MAX_ROWS, default: 5000 }),
    cursor: Cursor
  }),
  previous: Type.Object({ adjusted: Switch }),
  ticks: Type.Object({
    timestamp: When,
    'timestamp.gte': When,
    'timestamp.gt': When,
    'timestamp.lte': When,
    'timestamp.lt': When,
    order: Type.Enum(['asc', 'desc'], { default: 'desc' }),
    sort: Type.Enum(['timestamp'], { default: 'timestamp' }),
    limit: Type.Integer({ minimum: 1, maximum: MAX_ROWS, default: 1000 }),
    cursor: Cursor
  }),
  /** Lists come in one piece or in several. */
  tickers: Type.Object({ tickers: Type.Optional(Type.Union([TickerList, Type.Array(TickerList)])) }),
  none: Type.Object({})
}
export const Params = {
  ticker: Type.Object({ ticker: Ticker }),
  range: Type.Object({
    ticker: Ticker,
    multiplier: Type.String({ maxLength: 10 }),
    timespan: Type.String({ maxLength: 20 }),
    from: Type.String({ maxLength: 40 }),
    to: Type.String({ maxLength: 40 })
  })
}

const wrong = (message: string) => new ApiError('INVALID_REQUEST', 400, message, { details: { field: '', message } })

/** The symbol of a ticker as the vendor spells it; undefined for what is none: of that there simply is nothing. */
export const symbolIn = (ticker: string): string | undefined => symbolOf('stocks', ticker)

/** Throws INVALID_REQUEST for lengths that are not kept here. */
export function intervalOf({ multiplier, timespan }: { multiplier: string; timespan: string }): Interval {
  const interval = INTERVALS[`${multiplier} ${timespan}`]
  if (interval !== undefined) return interval
  throw wrong(
    `Aggregates of ${multiplier} ${timespan} are not served here; there are ${Object.keys(INTERVALS).join(', ')}`
  )
}

/** Dates of New York, both included, or epoch milliseconds. Throws INVALID_REQUEST. */
export function spanOf({ from, to }: { from: string; to: string }): Span {
  const span = { from: millisIn('from', from, midnightOf), to: millisIn('to', to, midnightAfter, 1) }
  if (span.to <= span.from) throw wrong("The parameter 'to' cannot be a time that occurs before 'from'")
  return span
}

function millisIn(name: string, text: string, ofDate: (date: string) => number, more = 0): number {
  if (isDate(text)) return ofDate(text)
  if (/^\d{9,14}$/.test(text)) return Number(text) + more
  throw wrong(`Could not parse the time parameter: '${name}'. Use YYYY-MM-DD or Unix MS Timestamps`)
}

type Bounds = Partial<Record<'timestamp' | 'timestamp.gte' | 'timestamp.gt' | 'timestamp.lte' | 'timestamp.lt', string>>

/** [from, to) of nanoseconds since 1970, or of dates. Throws INVALID_REQUEST. */
export function instantsOf(bounds: Bounds, now: number): { from: InstantNs; to: InstantNs } {
  const { timestamp } = bounds
  const begin = timestamp ?? bounds['timestamp.gte']
  const end = timestamp ?? bounds['timestamp.lte']
  const after = bounds['timestamp.gt']
  const before = bounds['timestamp.lt']
  const from = later(begin && spanAt('timestamp.gte', begin).from, after && spanAt('timestamp.gt', after).to)
  const to = earlier(end && spanAt('timestamp.lte', end).to, before && spanAt('timestamp.lt', before).from)
  const latest = { ms: now + DAY_MS, ns: 0 }
  const span = { from: from ?? { ms: 0, ns: 0 }, to: to && compareInstantNs(to, latest) < 0 ? to : latest }
  return compareInstantNs(span.from, span.to) < 0 ? span : { from: span.to, to: span.to }
}

/** What one instant, or one date, spans. */
function spanAt(name: string, text: string): { from: InstantNs; to: InstantNs } {
  if (isDate(text)) return { from: { ms: midnightOf(text), ns: 0 }, to: { ms: midnightAfter(text), ns: 0 } }
  const from = /^\d{17,19}$/.test(text) ? ofNanos(BigInt(text)) : parseInstantNs(text)
  if (!from) throw wrong(`Could not parse the time parameter: '${name}'. Use YYYY-MM-DD or Unix NS Timestamps`)
  return { from, to: from.ns === 999_999 ? { ms: from.ms + 1, ns: 0 } : { ms: from.ms, ns: from.ns + 1 } }
}

const ofNanos = (nanos: bigint): InstantNs => ({ ms: Number(nanos / 1_000_000n), ns: Number(nanos % 1_000_000n) })

type Maybe = InstantNs | '' | undefined
const later = (a: Maybe, b: Maybe) => extreme(a, b, 1)
const earlier = (a: Maybe, b: Maybe) => extreme(a, b, -1)

function extreme(a: Maybe, b: Maybe, sign: 1 | -1): InstantNs | undefined {
  if (!a || !b) return a || b || undefined
  return compareInstantNs(a, b) * sign >= 0 ? a : b
}

/** Throws INVALID_REQUEST for more, and for none: here there is no list of all. */
export function tickersIn(list: string | string[] = []): string[] {
  const names = [list].flat().flatMap((part) => part.split(','))
  const tickers = [...new Set(names.map((each) => each.trim()))].filter((each) => each !== '')
  if (tickers.length === 0)
    throw wrong('The parameter tickers must name what is asked for: there is no snapshot of all here')
  if (tickers.length > MAX_TICKERS) throw wrong(`The parameter tickers must not name more than ${MAX_TICKERS}`)
  return tickers
}
