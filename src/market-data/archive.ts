import { providerOfTrades } from '../bars/series-names.ts'
import { NothingStored } from '../errors.ts'
import type { EventLog } from '../log/log.ts'
import type { Archive } from '../market/archive.ts'
import { completenessOf, partsOf, totalOf, type Completeness } from '../market/completeness.ts'
import type { Gap, GapFilter, GapPlace } from '../market/gap.ts'
import { formatInstantNs, type InstantNs } from '../market/instant-ns.ts'
import type { Instrument } from '../market/instrument.ts'
import { sessionOn } from '../market/session.ts'
import type { SessionClock } from '../market/session-clock.ts'
import type { AuditRequest, DifferenceRequest, StoredAudit, StoredDifference } from '../market/stored-audit.ts'
import type { BboPlace, BboRequest, StoredBbo } from '../market/stored-bbo.ts'
import type { HaltRequest, StoredHalt } from '../market/stored-halt.ts'
import type { StoredTick, TickRequest } from '../market/stored-tick.ts'
import type { StoredBarKind } from '../market/stored-bar.ts'
import { isoOf } from '../market/time.ts'
import { inSlices, mapping } from '../slices.ts'
import { oneMore, pageOf } from './page-cut.ts'
import { createStoredInstruments, type InstrumentReads } from './stored-instruments.ts'
import { createStoredNews, type NewsReads } from './stored-news.ts'
import { createStoredBars, type BarReads } from './stored-bars.ts'
import { statsOf, type StoreSizes, type WrittenPlace } from './store-stats.ts'
import { streamCursor } from './stream-cursor.ts'

/** Of more, the oldest are not counted: a connection that breaks each second of a day has as many. */
const MAX_GAPS_OF_A_DAY = 100_000
/** A symbol that nobody knows is compared with so many. */
const MAX_SIMILAR = 2000

type HeldTick = Omit<StoredTick, 'asOf' | 'correctedAt'> & {
  readonly instrumentId: number
  readonly asOf: InstantNs
  readonly correctedAt?: InstantNs
}
type HeldBbo = Omit<StoredBbo, 'asOf' | 'fence'> & BboPlace & { readonly instrumentId: number }
type HeldHalt = Omit<StoredHalt, 'asOf'> & { readonly instrumentId: number; readonly asOf: InstantNs }
type HeldAudit = StoredAudit & { readonly instrumentId: number }
type HeldDifference = StoredDifference & { readonly instrumentId: number }
type HeldGap = Omit<Gap, 'from' | 'until'> & {
  readonly instrumentId?: number
  readonly fromAt: string
  readonly untilAt?: string
}
/** When the bars of a series start, epoch ms. */
type BarStarts = Pick<Gap, 'source' | 'feed'> & { readonly starts: readonly number[] }

/** What the archive reads of Postgres. */
export type ArchiveStores = InstrumentReads &
  NewsReads & {
    readonly instruments: {
      findAsOf(symbols: readonly string[], day: string): Promise<ReadonlyMap<string, Instrument>>
      startingWith(text: string, limit: number): Promise<string[]>
    }
    readonly barReads: {
      inSnapshot<T>(work: (reads: BarReads) => Promise<T>): Promise<T>
      /** Of each series, those in [from, to), epoch ms: of a series that has none there, an empty list. */
      starts(instrumentId: number, kind: StoredBarKind, span: { from: number; to: number }): Promise<BarStarts[]>
    }
    readonly ticks: {
      latest(instrumentId: number): Promise<HeldTick | undefined>
      range(instrumentId: number, request: TickRequest): Promise<HeldTick[]>
    }
    readonly bbo: { range(instrumentId: number, request: BboRequest): Promise<HeldBbo[]> }
    readonly barAudits: {
      list(request: AuditRequest, instrumentId?: number): Promise<HeldAudit[]>
      differences(instrumentId: number, request: DifferenceRequest): Promise<HeldDifference[]>
    }
    readonly halts: { range(instrumentId: number, request: HaltRequest): Promise<HeldHalt[]> }
    readonly gaps: {
      list(
        filter: GapFilter & { readonly instrumentId?: number | undefined },
        limit: number,
        after?: GapPlace
      ): Promise<HeldGap[]>
    }
    /** How far the event log was written. */
    readonly written: () => Promise<WrittenPlace[]>
    readonly sizes: StoreSizes
  }

export type ArchiveOptions = {
  readonly stores: ArchiveStores
  readonly eventLog: Pick<EventLog, 'shards' | 'epoch' | 'timeOf'>
  readonly clock: SessionClock
  /** Known symbols that an unknown one may have been meant to be, with these among them; best first. */
  readonly near: (symbol: string, stored: readonly string[]) => string[]
}

/** Everything that is stored, over the stores of Postgres. */
export function createArchive({ stores, eventLog, clock, near }: ArchiveOptions): Archive {
  const storedBars = createStoredBars({
    inSnapshot: (work) => stores.barReads.inSnapshot(work),
    cursorOf: (written) => streamCursor(eventLog, written),
    hoursOf: clock.hoursOf
  })

  return {
    async instrument(symbol, day = isoOf(Date.now()).slice(0, 10)) {
      const found = (await stores.instruments.findAsOf([symbol], day)).get(symbol)
      if (found) return { id: found.id, symbol, currentSymbol: found.symbol }
      const similar = await stores.instruments.startingWith(symbol.slice(0, 1), MAX_SIMILAR)
      throw new NothingStored(symbol, 'Nothing is stored of', near(symbol, similar))
    },

    ...createStoredInstruments(stores),
    ...createStoredNews(stores),

    bars: (instrument, request) => storedBars.page(instrument, request),
    latestBars: (kind, after, limit) => storedBars.latest(kind, after, limit),

    async ticks({ id }, request) {
      const { page, last } = pageOf(await stores.ticks.range(id, oneMore(request)), request)
      return { ticks: await inSlices(mapping(page, storedTick)), ...(last && { last }) }
    },

    async latestTick({ id, symbol }) {
      const tick = await stores.ticks.latest(id)
      return tick && { symbol, ...storedTick(tick) }
    },

    async bbo({ id }, request) {
      const { page, last } = pageOf(await stores.bbo.range(id, oneMore(request)), request)
      return { bbo: await inSlices(mapping(page, storedBbo)), ...(last && { last: bboPlace(last) }) }
    },

    async halts({ id }, request) {
      const { page, last } = pageOf(await stores.halts.range(id, oneMore(request)), request)
      return { halts: page.map(storedHalt), ...(last && { last: haltPlace(last) }) }
    },

    async audits(request, instrument) {
      const { page, last } = pageOf(await stores.barAudits.list(oneMore(request), instrument?.id), request)
      return { audits: page.map(ofInstrument), ...(last && { last: auditPlace(last) }) }
    },

    async differences({ id }, request) {
      const { page, last } = pageOf(await stores.barAudits.differences(id, oneMore(request)), request)
      const place = last && { interval: last.interval, start: last.start, id: last.id }
      return { differences: page.map(ofInstrument), ...(place && { last: place }) }
    },

    async gaps(filter, { limit, after }, instrument) {
      const held = await stores.gaps.list({ ...filter, instrumentId: instrument?.id }, limit + 1, after)
      return { gaps: held.slice(0, limit).map(storedGap), hasMore: held.length > limit }
    },

    async completeness(instrument, asked) {
      const hours = clock.hoursOf(instrument.symbol)
      if (!hours) {
        throw new NothingStored(instrument.symbol, 'No calendar is known of the exchange of')
      }
      const { calendar } = hours
      const now = Date.now()
      const current = hours.status(now).session ?? hours.sessionBefore(now)
      const session = asked === undefined ? current : sessionOn(calendar, asked)
      const date = asked ?? current?.date ?? isoOf(now).slice(0, 10)
      const parts = session ? partsOf(session) : []
      const span = { from: parts[0]?.open ?? 0, to: parts.at(-1)?.close ?? 0 }
      const [gaps, minutes] = await Promise.all([
        stores.gaps.list({ ...span, instrumentId: instrument.id }, MAX_GAPS_OF_A_DAY),
        stores.barReads.starts(instrument.id, { interval: '1m', adjusted: 'none' }, span)
      ])
      const { timeZone } = calendar
      return {
        symbol: instrument.symbol,
        date,
        exchange: calendar.exchange,
        timeZone,
        ...feedsOf(parts, gaps.map(storedGap), minutes)
      }
    },

    async stats() {
      const [tables, counts, written] = await Promise.all([
        stores.sizes.tables(['ticks', 'bbo', 'bars', 'daily_bars']),
        stores.sizes.counts(),
        stores.written()
      ])
      return statsOf(tables, counts, written, eventLog)
    }
  }
}

/** Whoever reads it knows the instrument by its symbol. */
function ofInstrument<Held extends { readonly instrumentId: number }>(held: Held): Omit<Held, 'instrumentId'> {
  const { instrumentId: _, ...row } = held
  return row
}

const auditPlace = ({ instrumentId, tradeDate, interval, source, feed, official }: HeldAudit) => ({
  instrumentId,
  tradeDate,
  interval,
  source,
  feed,
  official
})

const bboPlace = ({ asOf, sequence, fence, source, feed }: HeldBbo) => ({ asOf, sequence, fence, source, feed })

const haltPlace = ({ asOf, sequence, source, feed, status }: HeldHalt) => ({ asOf, sequence, source, feed, status })

function storedHalt(held: HeldHalt): StoredHalt {
  return { ...ofInstrument(held), asOf: formatInstantNs(held.asOf) }
}

/** A fence of 0 is none. */
function storedBbo({ fence, ...held }: HeldBbo): StoredBbo {
  return { ...ofInstrument(held), asOf: formatInstantNs(held.asOf), ...(fence > 0 && { fence }) }
}

function storedTick(held: HeldTick): StoredTick {
  const { instrumentId: _, asOf, correctedAt, ...tick } = held
  return {
    ...tick,
    asOf: formatInstantNs(asOf),
    ...(correctedAt && { correctedAt: formatInstantNs(correctedAt) })
  }
}

function storedGap(held: HeldGap): Gap {
  const { id, source, feed, symbol, fromAt, untilAt, reason, state, stateAt, detail } = held
  return {
    id,
    source,
    feed,
    ...(symbol !== undefined && { symbol }),
    from: fromAt,
    ...(untilAt !== undefined && { until: untilAt }),
    reason,
    state,
    stateAt,
    ...(detail !== undefined && { detail })
  }
}

type OfFeed = Pick<Gap, 'source' | 'feed'>
const feedKey = ({ source, feed }: OfFeed) => `${source} ${feed}`

/** Of the feeds that ever brought a trade of the instrument, or of which a gap of its own is known, those of that day. */
function feedsOf(
  parts: ReturnType<typeof partsOf>,
  gaps: readonly Gap[],
  minutes: readonly BarStarts[]
): Pick<Completeness, 'expectedMinutes' | 'feeds'> {
  const now = Date.now()
  const startsOf = new Map(
    minutes.flatMap(({ source, feed, starts }) => {
      const provider = providerOfTrades(source)
      return provider === undefined ? [] : [[feedKey({ source: provider, feed }), { source: provider, feed, starts }]]
    })
  )
  const feeds = new Map<string, OfFeed>(startsOf)
  for (const gap of gaps) if (gap.symbol !== undefined) feeds.set(feedKey(gap), gap)
  const counted = [...feeds].flatMap(([key, { source, feed }]) => {
    const own = gaps.filter((gap) => feedKey(gap) === key)
    const starts = startsOf.get(key)?.starts ?? []
    if (own.length === 0 && starts.length === 0) return []
    const sessions = parts.map((part) => completenessOf(part, own, starts, now))
    return [{ source, feed, ...totalOf(sessions), sessions, gaps: own }]
  })
  const { expectedMinutes } = totalOf(parts.map((part) => completenessOf(part, [], [], now)))
  return { expectedMinutes, feeds: counted }
}
