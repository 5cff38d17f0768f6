import { BUILT_INTERVALS } from '../bars/intervals.ts'
import { doublesOf } from '../bars/saved-series.ts'
import { sourceOfTrades, startText } from '../bars/series-names.ts'
import { unwrittenBars } from '../bars/unwritten-bars.ts'
import type { ArchivedInstrument } from '../market/archive.ts'
import { isIntraday, type Interval } from '../market/bar.ts'
import type { HoursOf } from '../market/market-hours.ts'
import type { Feed, Provenance, ValueState } from '../market/provenance.ts'
import type { SessionPhase } from '../market/session.ts'
import type {
  LatestBar,
  LatestBars,
  StoredBar,
  StoredBarKind,
  StoredBarRequest,
  StoredBars
} from '../market/stored-bar.ts'
import { isoOf, MINUTE_MS } from '../market/time.ts'
import { inSlices, mapping } from '../slices.ts'
import type { WrittenShard } from './stream-cursor.ts'

/** What streams brought is not taken for live for longer, where nothing more came. */
const LIVE_MS = 15 * MINUTE_MS

type HeldSeries = {
  readonly id: number
  readonly instrumentId: number
  readonly source: string
  readonly feed: Feed
  readonly currency?: string
  readonly timeZone?: string
  readonly provenance: Provenance
  /** Epoch milliseconds. */
  readonly receivedAt: number
}
type HeldBar = Omit<StoredBar, 'session' | 'complete'>
type HeldState = {
  readonly instrumentId: number
  readonly source: string
  readonly feed: Feed
  readonly state: Uint8Array
}
type Written = WrittenShard & { readonly committedAt: string }

/** Reads of one instant. */
export type BarReads = {
  series(
    instrumentId: number,
    kind: StoredBarKind,
    span: Pick<StoredBarRequest, 'from' | 'to' | 'asOf'>
  ): Promise<(HeldSeries & { readonly bars?: number; readonly newest?: number })[]>
  bars(
    seriesId: number,
    query: Omit<StoredBarRequest, keyof StoredBarKind> & { interval: Interval }
  ): Promise<HeldBar[]>
  latest(
    kind: StoredBarKind,
    after: string,
    limit: number
  ): Promise<(HeldSeries & { readonly symbol: string; readonly bar: HeldBar })[]>
  states(instrumentIds: readonly number[]): Promise<HeldState[]>
  cursors(): Promise<Written[]>
}

export type StoredBarOptions = {
  readonly inSnapshot: <T>(work: (reads: BarReads) => Promise<T>) => Promise<T>
  readonly cursorOf: (written: readonly WrittenShard[]) => Promise<string | undefined>
  readonly hoursOf: HoursOf
}

/** A bar of trades that are written, as it is now; without figures where all of them were taken back. */
type Unwritten = { readonly start: string; readonly startMs: number; readonly bar: HeldBar | undefined }
type Candidate = {
  readonly series: Omit<HeldSeries, 'id' | 'instrumentId'> & { readonly id?: number }
  readonly bars: number
  readonly newest: number
  readonly unwritten: readonly Unwritten[]
}

/**
 * Bars as they are stored, together with what is not: of running bars all trades are counted that are written, so that what
 * the log holds behind the cursor is all that they lack.
 */
export function createStoredBars({ inSnapshot, cursorOf, hoursOf }: StoredBarOptions) {
  return {
    async page({ id, currentSymbol }: ArchivedInstrument, request: StoredBarRequest): Promise<StoredBars> {
      const { limit, countedFrom, asOf } = request
      const { chosen, held, written } = await inSnapshot(async (reads) => {
        const isNow = asOf === undefined
        const [series, states, cursors] = await Promise.all([
          reads.series(id, request, request),
          isNow ? reads.states([id]) : [],
          isNow ? reads.cursors() : undefined
        ])
        const best = bestOf(candidatesOf(series, states, request, cursors), countedFrom)
        const query = { ...request, limit: limit + 1 }
        const bars = best?.series.id === undefined ? [] : await reads.bars(best.series.id, query)
        return { chosen: best, held: bars, written: cursors }
      })
      const merged = withUnwritten(held, chosen?.unwritten ?? [])
      const bars = countedFrom === 'oldest' ? merged.slice(0, limit) : merged.slice(-limit)
      const cursor = written && (await cursorOf(written))
      const sessionOf = sessionsOf(currentSymbol, request.interval, hoursOf)
      return {
        bars: await inSlices(mapping(bars, (bar) => storedBar(bar, sessionOf))),
        ...(chosen && { series: sharedOf(chosen.series, currentSymbol, hoursOf) }),
        hasMore: held.length > limit || merged.length > limit,
        ...(cursor !== undefined && { cursor })
      }
    },

    async latest(kind: StoredBarKind, after: string, limit: number): Promise<LatestBars> {
      const { rows, states, written } = await inSnapshot(async (reads) => {
        const [newest, cursors] = await Promise.all([reads.latest(kind, after, limit + 1), reads.cursors()])
        const ids = newest.map(({ instrumentId }) => instrumentId)
        return { rows: newest, states: await reads.states([...new Set(ids)]), written: cursors }
      })
      const unwritten = Map.groupBy(states, ({ instrumentId }) => instrumentId)
      const bySymbol = [...Map.groupBy(rows, ({ symbol }) => symbol)]
      const newestOf = ([symbol, series]: (typeof bySymbol)[number]): LatestBar => {
        const candidates = series.map((each) => ({
          ...each,
          bar: newestBar(each, unwrittenOf(unwritten.get(each.instrumentId) ?? [], kind, written))
        }))
        const { bar, source, feed, currency } = candidates.reduce((best, other) =>
          isNewer(other, best) ? other : best
        )
        const sessionOf = sessionsOf(symbol, kind.interval, hoursOf)
        return { symbol, source, feed, ...(currency !== undefined && { currency }), ...storedBar(bar, sessionOf) }
      }
      const cursor = await cursorOf(written)
      return {
        bars: await inSlices(mapping(bySymbol.slice(0, limit), newestOf)),
        hasMore: bySymbol.length > limit,
        ...(cursor !== undefined && { cursor })
      }
    }
  }
}

type Named = Pick<HeldSeries, 'source' | 'feed' | 'receivedAt'> & { readonly bar: HeldBar }

const isNewer = (a: Named, b: Named) =>
  a.bar.start > b.bar.start || (a.bar.start === b.bar.start && a.receivedAt > b.receivedAt)

function newestBar({ source, feed, bar }: Named, unwritten: ReadonlyMap<string, readonly Unwritten[]>): HeldBar {
  return withUnwritten([bar], unwritten.get(keyOf({ source, feed })) ?? []).at(-1) ?? bar
}

const keyOf = ({ source, feed }: Pick<HeldSeries, 'source' | 'feed'>) => `${source} ${feed}`

/** By series, the bars of an instrument that changed since they were written. */
function unwrittenOf(
  states: readonly HeldState[],
  { interval, adjusted }: StoredBarKind,
  written: readonly Written[]
): Map<string, Unwritten[]> {
  const isBuilt = adjusted === 'none' && BUILT_INTERVALS.some((each) => each === interval)
  const receivedAt = written.map(({ committedAt }) => committedAt).reduce((a, b) => (a > b ? a : b), '')
  return new Map(
    (isBuilt ? states : []).map(({ source, feed, state }) => {
      const changes = unwrittenBars(doublesOf(state)).filter((change) => change.interval === interval)
      const unwritten = changes.map((change): Unwritten => {
        const start = startText(change)
        if (change.state === 'withdrawn') return { start, startMs: Date.parse(start), bar: undefined }
        const { series: _, interval: _interval, ...told } = change
        return { start, startMs: Date.parse(start), bar: { ...told, start, receivedAt } }
      })
      return [keyOf({ source: sourceOfTrades(source), feed }), unwritten]
    })
  )
}

function candidatesOf(
  held: Awaited<ReturnType<BarReads['series']>>,
  states: readonly HeldState[],
  request: StoredBarRequest,
  written: readonly Written[] = []
): Candidate[] {
  const unwritten = unwrittenOf(states, request, written)
  const isWithin = ({ startMs }: Unwritten) => request.from <= startMs && startMs < request.to
  const of = (series: Candidate['series'], bars: number, newest: number): Candidate => {
    const own = (unwritten.get(keyOf(series)) ?? []).filter(isWithin)
    return {
      series,
      bars: bars + own.filter(({ bar, startMs }) => bar && startMs > newest).length,
      newest: Math.max(newest, ...own.map(({ startMs }) => startMs)),
      unwritten: own
    }
  }
  const known = held.map((series) => of(series, series.bars ?? 0, series.newest ?? -Infinity))
  // A series begins with the first bar that is written; trades of it may be written before.
  const fresh = states
    .map(({ source, feed }) => ({ source: sourceOfTrades(source), feed }))
    .filter((key) => !held.some((series) => keyOf(series) === keyOf(key)) && isOfKind(key, request))
    .map(({ source, feed }) => {
      const receivedAt = written[0]?.committedAt ?? isoOf(0)
      const provenance: Provenance = { source, feed, receivedAt, state: 'live', attempts: [] }
      return of({ source, feed, provenance, receivedAt: Date.parse(receivedAt) }, 0, -Infinity)
    })
  return [...known, ...fresh].filter(({ newest }) => newest > -Infinity)
}

const isOfKind = (key: Pick<HeldSeries, 'source' | 'feed'>, { source = key.source, feed = key.feed }: StoredBarKind) =>
  key.source === source && key.feed === feed

/** Series are never spliced: the newest bars are those of the series that has the newest, a range the one that has most of it. */
function bestOf(candidates: readonly Candidate[], countedFrom: StoredBarRequest['countedFrom']): Candidate | undefined {
  const rank = ({ bars, newest, series }: Candidate) =>
    countedFrom === 'newest' ? [newest, bars, series.receivedAt] : [bars, newest, series.receivedAt]
  return candidates.toSorted((a, b) => compareRanks(rank(b), rank(a)))[0]
}

function compareRanks(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((value, index) => value !== b[index])
  return at === -1 ? 0 : a[at]! - b[at]!
}

/** Oldest first. */
function withUnwritten(held: readonly HeldBar[], unwritten: readonly Unwritten[]): HeldBar[] {
  const bars = new Map(held.map((bar) => [bar.start, bar]))
  for (const { start, bar } of unwritten) {
    if (bar) bars.set(start, bar)
    else bars.delete(start)
  }
  return [...bars.values()].sort((a, b) => (a.start < b.start ? -1 : 1))
}

type SessionOf = (start: string) => StoredBar['session']

const SESSIONS: Readonly<Partial<Record<SessionPhase, NonNullable<StoredBar['session']>>>> = {
  overnight: 'overnight',
  pre: 'pre',
  continuous: 'regular',
  closing_auction: 'regular',
  post: 'post'
}

/** In which session bars begin; those of a day and longer are of regular sessions. */
function sessionsOf(symbol: string, interval: Interval, hoursOf: HoursOf): SessionOf {
  if (!isIntraday(interval)) return () => 'regular'
  const hours = hoursOf(symbol)
  return (start) => hours && SESSIONS[hours.status(Date.parse(start)).phase]
}

function storedBar(bar: HeldBar, sessionOf: SessionOf): StoredBar {
  const session = sessionOf(bar.start)
  const { start, open, high, low, close, volume, state, revision, reason, receivedAt } = bar
  return {
    start,
    open,
    high,
    low,
    close,
    ...(volume !== undefined && { volume }),
    ...(state === 'provisional' && { complete: false as const }),
    state,
    revision,
    ...(reason !== undefined && { reason }),
    ...(session && { session }),
    receivedAt
  }
}

function sharedOf(
  { currency, timeZone, provenance, source, feed, receivedAt }: Candidate['series'],
  symbol: string,
  hoursOf: HoursOf
): StoredBars['series'] {
  const state = stateNow(provenance.state, receivedAt, symbol, hoursOf)
  return {
    ...(currency !== undefined && { currency }),
    ...(timeZone !== undefined && { timeZone }),
    provenance: { ...provenance, source, feed, receivedAt: isoOf(receivedAt), state }
  }
}

/** What was live when it came is not for ever. */
function stateNow(told: ValueState, receivedAt: number, symbol: string, hoursOf: HoursOf): ValueState {
  const now = Date.now()
  if ((told !== 'live' && told !== 'delayed') || now - receivedAt < LIVE_MS) return told
  return hoursOf(symbol)?.status(now).phase === 'closed' ? 'closed' : 'stale'
}
