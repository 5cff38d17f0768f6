import { Type, type Static } from 'typebox'
import { InvalidField } from '../../errors.ts'
import type { Adjustment, Interval } from '../../market/bar.ts'
import { compareInstantNs, parseInstantNs, type InstantNs } from '../../market/instant-ns.ts'
import type { Feed } from '../../market/provenance.ts'
import { DAY_MS, LAST_DATE_MS } from '../../market/time.ts'
import { DayOrInstant, instantOf, isDate } from '../../routes/instant.ts'
import { canonicalSymbol } from '../../streams/alpaca/symbols.ts'
import type { Span } from '../history.ts'
import { dateAt, midnightAfter, midnightOf } from '../new-york.ts'

const MAX_ROWS = 10_000
/** Of one request. */
const MAX_SYMBOLS = 100
const MAX_LIST_LENGTH = 4000

const INTERVALS: Readonly<Record<string, Interval>> = {
  '1Min': '1m',
  '1T': '1m',
  '5Min': '5m',
  '5T': '5m',
  '15Min': '15m',
  '15T': '15m',
  '30Min': '30m',
  '30T': '30m',
  '60Min': '1h',
  '1Hour': '1h',
  '1H': '1h',
  '1Day': '1d',
  '1D': '1d',
  '1Week': '1wk',
  '1W': '1wk',
  '1Month': '1mo',
  '1M': '1mo'
}
const ADJUSTMENTS: Readonly<Record<string, Adjustment>> = { raw: 'none', split: 'splits', all: 'all' }
const FEEDS: Readonly<Record<string, Feed>> = {
  iex: 'iex',
  sip: 'consolidated',
  delayed_sip: 'delayed',
  boats: 'boats',
  overnight: 'overnight',
  otc: 'otc'
}

const oneOf = (names: Readonly<Record<string, unknown>>) => Type.Enum(Object.keys(names) as [string, ...string[]])
const FEED = { feed: Type.Optional(oneOf(FEEDS)), currency: Type.Optional(Type.Enum(['USD'])) }
const CLOSED = { additionalProperties: false }
const SYMBOLS = { symbols: Type.String({ minLength: 1, maxLength: MAX_LIST_LENGTH }) }
const PAST = {
  ...FEED,
  start: Type.Optional(DayOrInstant('')),
  end: Type.Optional(DayOrInstant('')),
  limit: Type.Integer({ minimum: 1, maximum: MAX_ROWS, default: 1000 }),
  asof: Type.Optional(Type.String({ maxLength: 10 })),
  page_token: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9_-]{1,2000}$', title: 'token that this server gave' })),
  sort: Type.Enum(['asc', 'desc'], { default: 'asc' })
}
const BARS = { ...PAST, timeframe: oneOf(INTERVALS), adjustment: Type.Optional(oneOf(ADJUSTMENTS)) }

export const SymbolParams = Type.Object({ symbol: Type.String({ maxLength: 64 }) })

/** Of one symbol in the path, and of several in the query. */
export const Query = {
  latest: { one: Type.Object(FEED, CLOSED), many: Type.Object({ ...SYMBOLS, ...FEED }, CLOSED) },
  past: { one: Type.Object(PAST, CLOSED), many: Type.Object({ ...SYMBOLS, ...PAST }, CLOSED) },
  bars: { one: Type.Object(BARS, CLOSED), many: Type.Object({ ...SYMBOLS, ...BARS }, CLOSED) }
}
export type PastQuery = Static<typeof Query.past.one>
export type BarsQuery = Static<typeof Query.bars.one>
export type LatestQuery = Static<typeof Query.latest.one>

/** Symbols as the vendor spells them, each once, in their order. Throws INVALID_REQUEST. */
export function symbolsIn(list: string): string[] {
  const spellings = new Set(list.split(',').map((each) => each.trim()))
  const symbols = [...spellings].map((spelling) => symbolIn(spelling)).toSorted()
  if (symbols.length > MAX_SYMBOLS) throw new InvalidField('symbols', `are more than ${MAX_SYMBOLS}`)
  return symbols
}

export function symbolIn(spelling: string): string {
  const symbol = canonicalSymbol(spelling, 'stocks')
  if (symbol === undefined) throw new InvalidField('symbol', spelling.slice(0, 32))
  return symbol
}

/** What is asked for, [from, to): since today's midnight in New York unless told. An end is included, as far as time has come. */
export function spanOf({ start, end }: Pick<PastQuery, 'start' | 'end'>, now: number) {
  const latest = instant(now + DAY_MS)
  const to = end === undefined ? instant(now + 1) : isDate(end) ? instant(midnightAfter(end)) : behind(instantIn(end))
  const today = midnightOf(dateAt(Math.min(now, to.ms - 1)))
  const from = start === undefined ? instant(today) : isDate(start) ? instant(midnightOf(start)) : instantIn(start)
  if (compareInstantNs(to, from) <= 0) throw new InvalidField('end', 'should not be before start')
  return { from, to: compareInstantNs(to, latest) < 0 ? to : latest }
}

/** The same in milliseconds, for what starts at none between two. */
export const spanInMs = ({ from, to }: ReturnType<typeof spanOf>): Span => ({
  from: from.ms + (from.ns > 0 ? 1 : 0),
  to: to.ms + (to.ns > 0 ? 1 : 0)
})

const instant = (ms: number): InstantNs => ({ ms, ns: 0 })

/** West of Greenwich the last date ends in a year of five digits. */
function instantIn(text: string): InstantNs {
  const read = parseInstantNs(text) ?? instant(instantOf(text))
  return read.ms < LAST_DATE_MS ? read : instant(LAST_DATE_MS)
}

const behind = ({ ms, ns }: InstantNs): InstantNs => (ns === 999_999 ? instant(ms + 1) : { ms, ns: ns + 1 })

export const intervalOf = ({ timeframe }: Pick<BarsQuery, 'timeframe'>): Interval => INTERVALS[timeframe]!
export const adjustmentOf = ({ adjustment = 'raw' }: Pick<BarsQuery, 'adjustment'>): Adjustment =>
  ADJUSTMENTS[adjustment]!
/** Undefined where any will do. */
export const feedOf = ({ feed }: LatestQuery): Feed | undefined => (feed === undefined ? undefined : FEEDS[feed])
