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
import type { StoreStats } from '../market/store-stats.ts'
import type { AuditRequest, DifferenceRequest, StoredAudit, StoredDifference } from '../market/stored-audit.ts'
import type { HaltRequest, StoredHalt } from '../market/stored-halt.ts'
import type { StoredTick, TickRequest } from '../market/stored-tick.ts'
import type { StoredBarKind } from '../market/stored-bar.ts'
import { isoOf } from '../market/time.ts'
import { inSlices, mapping } from '../slices.ts'
import { createStoredInstruments, type InstrumentReads } from './stored-instruments.ts'
import { createStoredBars, type BarReads } from './stored-bars.ts'
import { streamCursor, writtenPlace, type WrittenShard } from './stream-cursor.ts'

/** Of more, the oldest are not counted: a connection that breaks each second of a day has as many. */
const MAX_GAPS_OF_A_DAY = 100_000
/** A symbol that nobody knows is compared with so many. */
const MAX_SIMILAR = 2000

type HeldTick = Omit<StoredTick, 'asOf' | 'correctedAt'> & {
  readonly instrumentId: number
  readonly asOf: InstantNs
  readonly correctedAt?: InstantNs
}
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
type TableSize = { readonly table: string; readonly rows?: number; readonly bytes: number }

/** What the archive reads of Postgres. */
export type ArchiveStores = InstrumentReads & {
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
  readonly written: () => Promise<(WrittenShard & { readonly committedAt: string })[]>
  readonly sizes: {
    tables(names: readonly string[]): Promise<TableSize[]>
    counts(): Promise<{ instruments: number; series: number; gaps: ReadonlyMap<string, number> }>
  }
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

    bars: (instrument, request) => storedBars.page(instrument, request),
    latestBars: (kind, after, limit) => storedBars.latest(kind, after, limit),

    async ticks({ id }, request) {
      const held = await stores.ticks.range(id, { ...request, limit: request.limit + 1 })
      const page = held.slice(0, request.limit)
      const last = held.length > request.limit ? page.at(-1) : undefined
      return { ticks: await inSlices(mapping(page, storedTick)), ...(last && { last }) }
    },

    async latestTick({ id, symbol }) {
      const tick = await stores.ticks.latest(id)
      return tick && { symbol, ...storedTick(tick) }
    },

    async halts({ id }, request) {
      const held = await stores.halts.range(id, { ...request, limit: request.limit + 1 })
      const page = held.slice(0, request.limit)
      const last = held.length > request.limit ? page.at(-1) : undefined
      return { halts: page.map(storedHalt), ...(last && { last: haltPlace(last) }) }
    },

    async audits(request, instrument) {
      const held = await stores.barAudits.list({ ...request, limit: request.limit + 1 }, instrument?.id)
      const page = held.slice(0, request.limit)
      const last = held.length > request.limit ? page.at(-1) : undefined
      return { audits: page.map(ofInstrument), ...(last && { last: auditPlace(last) }) }
    },

    async differences({ id }, request) {
      const held = await stores.barAudits.differences(id, { ...request, limit: request.limit + 1 })
      const page = held.slice(0, request.limit)
      const last = held.length > request.limit ? page.at(-1) : undefined
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
        stores.sizes.tables(['ticks', 'bars', 'daily_bars']),
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

const haltPlace = ({ asOf, sequence, source, feed, status }: HeldHalt) => ({ asOf, sequence, source, feed, status })

function storedHalt(held: HeldHalt): StoredHalt {
  return { ...ofInstrument(held), asOf: formatInstantNs(held.asOf) }
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

function statsOf(
  tables: readonly TableSize[],
  { instruments, series, gaps }: Awaited<ReturnType<ArchiveStores['sizes']['counts']>>,
  written: Awaited<ReturnType<ArchiveStores['written']>>,
  eventLog: Pick<EventLog, 'shards' | 'timeOf'>
): StoreStats {
  const ticks = tables.filter(({ table }) => table.startsWith('ticks'))
  const days = ticks.flatMap(({ table, rows, bytes }) => {
    const [, date] = /^ticks_(\d{4}_\d\d_\d\d)$/.exec(table) ?? []
    return date === undefined ? [] : [{ tradeDate: date.replaceAll('_', '-'), ...estimated([{ rows }]), bytes }]
  })
  const bars = tables.filter((table) => !ticks.includes(table))
  const gapsIn = (state: string) => gaps.get(state) ?? 0
  return {
    ticks: {
      ...sizeOf(ticks),
      days: days.sort((a, b) => (a.tradeDate < b.tradeDate ? 1 : -1))
    },
    bars: { series, ...sizeOf(bars) },
    instruments,
    gaps: {
      open: gapsIn('open'),
      filling: gapsIn('filling'),
      filled: gapsIn('filled'),
      unfillable: gapsIn('unfillable')
    },
    written: written.map(({ committedAt, ...place }) => {
      const until = writtenPlace(eventLog, place)
      const ms = until && eventLog.timeOf(until.at)
      return { shard: place.shard, ...(ms && { until: isoOf(ms) }), at: committedAt }
    })
  }
}

type Counted = { readonly rows?: number | undefined }

/** Of tables that were never looked at nobody knows. */
function estimated(tables: readonly Counted[]): { estimatedRows?: number } {
  const known = tables.flatMap(({ rows }) => rows ?? [])
  return known.length === 0 ? {} : { estimatedRows: Math.round(known.reduce((sum, rows) => sum + rows, 0)) }
}

const sizeOf = (tables: readonly TableSize[]) => ({
  ...estimated(tables),
  bytes: tables.reduce((sum, { bytes }) => sum + bytes, 0)
})
