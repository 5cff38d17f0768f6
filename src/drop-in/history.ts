import { Type, type Static } from 'typebox'
import { ApiError, MarketDataUnavailable, NothingStored } from '../errors.ts'
import type { Archive, ArchivedInstrument } from '../market/archive.ts'
import { isIntraday, type Adjustment, type Bar, type Interval } from '../market/bar.ts'
import type { InstantNs } from '../market/instant-ns.ts'
import type { Asker, MarketData } from '../market/market-data.ts'
import { LONGEST_DAYS } from '../market/period.ts'
import { Feed, type Provenance } from '../market/provenance.ts'
import type { BboPlace, StoredBbo } from '../market/stored-bbo.ts'
import type { StoredTick } from '../market/stored-tick.ts'
import { DAY_MS } from '../market/time.ts'
import { DayOrUtc } from '../routes/instant.ts'
import { PlaceInstant, PlaceNumber, PlaceText } from '../routes/page-token.ts'
import { dateAt, firstDateFrom } from './new-york.ts'
import { fromStore } from './store.ts'

/** 403: what is here is of another feed than the one that was asked for. */
export const feedIsMissing = (feed: Feed) =>
  new ApiError('FEED_NOT_AVAILABLE', 403, `There is nothing of the feed ${feed} here`, { details: { feed } })

/** Of [from, to), epoch milliseconds. */
export type Span = { readonly from: number; readonly to: number }

export type BarQuery = Span & {
  readonly symbol: string
  readonly interval: Interval
  readonly adjusted: Adjustment
  readonly limit: number
  readonly newestFirst: boolean
  /** Of this feed alone. */
  readonly feed?: Feed | undefined
  readonly after?: BarBehind | undefined
  /** Days are told by their midnight in UTC; else, as both vendors do, by that in New York. */
  readonly isUtc?: boolean
}

const CLOSED = { additionalProperties: false }
/** The last bar of a page, and the series that it is of: stored here, or as a vendor was asked for it. */
export const BarBehind = Type.Object(
  { start: DayOrUtc, isStored: Type.Boolean(), source: PlaceText, feed: Type.Enum([...Feed.enum]) },
  CLOSED
)
export type BarBehind = Readonly<Static<typeof BarBehind>>

/** The last trade of a page. */
export const TickBehind = Type.Object(
  { asOf: PlaceInstant, sequence: PlaceNumber, key: PlaceText, correctedAt: Type.Optional(PlaceInstant) },
  CLOSED
)
export type TickBehind = Readonly<Static<typeof TickBehind>>

/** The last best bid and offer of a page. */
export const BboBehind = Type.Object(
  {
    asOf: PlaceInstant,
    sequence: PlaceNumber,
    fence: PlaceNumber,
    source: PlaceText,
    feed: Type.Enum([...Feed.enum])
  },
  CLOSED
)

/** Bars of one series in the order asked for. `origin` is absent where there is none. */
export type BarPage = {
  readonly bars: readonly Bar[]
  readonly origin?: Pick<Provenance, 'source' | 'feed'>
  readonly next?: BarBehind | undefined
}
const NO_BARS: BarPage = { bars: [] }

/** Of [from, to). */
export type TradeQuery = Pick<BarQuery, 'symbol' | 'limit' | 'newestFirst' | 'feed'> & {
  readonly from: InstantNs
  readonly to: InstantNs
  readonly after?: TickBehind | undefined
  /** Of these vendors alone. */
  readonly sources?: readonly string[] | undefined
}
export type TradePage = { readonly rows: readonly StoredTick[]; readonly next?: TickBehind | undefined }

export type BboQuery = Omit<TradeQuery, 'after'> & { readonly after?: BboPlace | undefined }
export type BboPage = { readonly rows: readonly StoredBbo[]; readonly next?: BboPlace | undefined }

export type HistoryParts = {
  readonly archive: Archive
  readonly marketData: Pick<MarketData, 'bars' | 'corporateActions'>
}

/** Past bars and trades as the vendors' protocols ask for them, of what is stored and of what vendors answer. */
export function createHistory({ archive, marketData }: HistoryParts) {
  /** Undefined for a symbol of which nothing is stored. */
  async function stored(symbol: string): Promise<ArchivedInstrument | undefined> {
    try {
      return await archive.instrument(symbol)
    } catch (error) {
      if (error instanceof NothingStored) return undefined
      throw error
    }
  }

  async function storedBars(query: BarQuery): Promise<BarPage> {
    const { symbol, interval, adjusted, limit, newestFirst, after } = query
    const instrument = await stored(symbol)
    if (!instrument) return NO_BARS
    const { from, to } = spanOfStarts(query)
    const lengthMs = isIntraday(interval) ? 1 : DAY_MS
    const behind = after && Date.parse(after.start)
    const { bars, series, hasMore } = await archive.bars(instrument, {
      interval,
      adjusted,
      source: after?.source,
      feed: after?.feed ?? query.feed,
      from: behind === undefined || newestFirst ? from : Math.min(to, Math.max(from, behind + lengthMs)),
      to: behind === undefined || !newestFirst ? to : Math.max(from, Math.min(to, behind)),
      limit,
      countedFrom: newestFirst ? 'newest' : 'oldest'
    })
    if (!series || bars.length === 0) return NO_BARS
    return pageOf(newestFirst ? bars.toReversed() : bars, series.provenance, { isStored: true, hasMore })
  }

  async function askedBars(query: BarQuery, asker: Asker): Promise<BarPage> {
    const { symbol, interval, adjusted, limit, newestFirst, after, feed } = query
    const { from, to } = spanOfStarts(query)
    const endOfToday = Math.ceil(Date.now() / DAY_MS) * DAY_MS
    const until = Math.min(Math.ceil(to / DAY_MS) * DAY_MS, endOfToday)
    const longestMs = (LONGEST_DAYS[interval] ?? Infinity) * DAY_MS
    const since = Math.max(Math.floor(from / DAY_MS) * DAY_MS, until - longestMs)
    if (since >= until) return NO_BARS
    const { value } = await marketData.bars({ symbol, interval, adjusted, from: since, to: until }, asker)
    if (feed !== undefined && value.provenance.feed !== feed && value.provenance.feed !== 'sandbox') {
      throw feedIsMissing(feed)
    }
    const isWithin = ({ start }: Bar) => Date.parse(start) >= from && Date.parse(start) < to
    const isBehind = ({ start }: Bar) =>
      after === undefined || (newestFirst ? start < after.start : start > after.start)
    const ordered = value.bars.filter((bar) => isWithin(bar) && isBehind(bar))
    if (newestFirst) ordered.reverse()
    return pageOf(ordered.slice(0, limit), value.provenance, { isStored: false, hasMore: ordered.length > limit })
  }

  /** Where no split came since, prices as they were traded are those as splits have made them: of these more is here. */
  async function adjustmentFor({ symbol, adjusted, from }: BarQuery, asker: Asker): Promise<Adjustment> {
    if (adjusted !== 'splits') return adjusted
    const actions = await marketData.corporateActions(symbol, asker).catch(() => undefined)
    const since = dateAt(from)
    return actions?.value.splits?.splits.every(({ exDate }) => exDate <= since) ? 'none' : 'splits'
  }

  return {
    storedBars,

    /**
     * Of what is stored and what vendors answer, the series that has most of the first page; it stays that one. Where no
     * vendor answers, what is stored. A symbol that nobody knows has no bars.
     */
    async bars(wanted: BarQuery, asker: Asker): Promise<BarPage> {
      const query = { ...wanted, adjusted: await adjustmentFor(wanted, asker) }
      if (query.after) return query.after.isStored ? storedBars(query) : askedBars(query, asker)
      const asked = askedBars(query, asker).catch((error: unknown) => error as Error)
      const [held = NO_BARS, told] = await Promise.all([fromStore(() => storedBars(query)), asked])
      if (!(told instanceof Error)) return hasMore(told, held, query) ? told : held
      if (held.bars.length > 0 || isOfNothing(told)) return held
      throw told
    },

    /** With what became of each. `next` is the place of the last one, where there are more. */
    async trades({ symbol, ...query }: TradeQuery): Promise<TradePage> {
      const instrument = await stored(symbol)
      if (!instrument) return { rows: [] }
      const { ticks: rows, last } = await archive.ticks(instrument, { ...query, all: true })
      if (!last) return { rows }
      const { asOf, sequence, key, correctedAt } = last
      return { rows, next: { asOf, sequence, key, ...(correctedAt && { correctedAt }) } }
    },

    /** Best bids and offers. `next` is the place of the last one, where there are more. */
    async bbo({ symbol, ...query }: BboQuery): Promise<BboPage> {
      const instrument = await stored(symbol)
      if (!instrument) return { rows: [] }
      const { bbo, last } = await archive.bbo(instrument, query)
      return { rows: bbo, next: last }
    }
  }
}

export type History = ReturnType<typeof createHistory>

/** Whether there simply is nothing. Where a vendor that may have it is out of calls, clients are not told that there is none. */
export function isOfNothing(error: unknown): boolean {
  if (error instanceof MarketDataUnavailable && error.isOutOfCalls) return false
  return error instanceof ApiError && error.statusCode === 404
}

function pageOf(
  bars: readonly Bar[],
  origin: Provenance,
  { isStored, hasMore: isMore }: { isStored: boolean; hasMore: boolean }
): BarPage {
  const last = bars.at(-1)
  const { source, feed } = origin
  return { bars, origin, next: isMore && last ? { start: last.start, isStored, source, feed } : undefined }
}

/** Whether one has more bars than the other, or, where both have as many, begins before it. */
function hasMore(page: BarPage, other: BarPage, { newestFirst }: Pick<BarQuery, 'newestFirst'>): boolean {
  if (page.bars.length !== other.bars.length) return page.bars.length > other.bars.length
  const [first, second] = [page.bars[0]?.start ?? '', other.bars[0]?.start ?? '']
  return newestFirst ? first > second : first < second
}

/** The same span in the starts of bars as they are kept: days and longer ones start at dates. */
function spanOfStarts({ interval, from, to, isUtc = false }: Span & Pick<BarQuery, 'interval' | 'isUtc'>): Span {
  if (isIntraday(interval)) return { from, to }
  const firstFrom = isUtc ? (instant: number) => Math.ceil(instant / DAY_MS) * DAY_MS : firstDateFrom
  return { from: firstFrom(from), to: firstFrom(to) }
}
