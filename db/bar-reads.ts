import type { TransactionSql } from 'postgres'
import { isIntraday, type Interval } from '../src/market/bar.ts'
import type { Feed, Provenance } from '../src/market/provenance.ts'
import type { StoredBar, StoredBarKind, StoredBarRequest } from '../src/market/stored-bar.ts'
import { isoOf } from '../src/market/time.ts'
import { inSlices, mapping } from '../src/slices.ts'
import { startAt, tableOf } from './bars.ts'
import { inTransaction, type Database } from './client.ts'
import { PERSIST, readCursors } from './log-cursors.ts'
import { present } from './rows.ts'

/** Bars that start in [from, to), epoch ms. */
export type BarSpan = Pick<StoredBarRequest, 'from' | 'to'>
export type BarQuery = Omit<StoredBarRequest, 'adjusted' | 'source' | 'feed'>

/** What the bars of a series share. Instants are epoch ms. */
export type HeldSeries = {
  readonly id: number
  readonly instrumentId: number
  readonly source: string
  readonly feed: Feed
  readonly currency?: string
  readonly timeZone?: string
  readonly provenance: Provenance
  readonly receivedAt: number
}

/** A bar as it was told. */
export type HeldBar = Omit<StoredBar, 'session' | 'complete'>

/** What the bars of an instrument's trades of one feed are made on from; opaque here. */
export type HeldBarState = {
  readonly instrumentId: number
  readonly source: string
  readonly feed: Feed
  readonly state: Uint8Array
}

export type BarReads = ReturnType<typeof barReads>

/** Bars, and how far the log was written, as all of it stood at one instant. */
export function createBarReadStore({ sql }: Pick<Database, 'sql'>) {
  return {
    /** All that is read within is of one instant: what is committed meanwhile is not seen. */
    inSnapshot: <T>(work: (reads: BarReads) => Promise<T>): Promise<T> =>
      inTransaction(sql, (tx) => work(barReads(tx)), 'snapshot'),

    /** When the bars of an instrument's series start in a span, epoch ms; of a series that has none there, an empty list. */
    async starts(
      instrumentId: number,
      { interval, adjusted }: StoredBarKind,
      span: BarSpan
    ): Promise<(Pick<HeldSeries, 'source' | 'feed'> & { readonly starts: number[] })[]> {
      return sql.unsafe(
        `select source, feed, array(
          select ${msOf('start')} from ${tableOf(interval).name}
          where series_id = series.id and ${within(interval, '$4', '$5')} order by start
        ) as starts
        from bar_series as series where instrument_id = $1 and interval = $2 and adjusted = $3`,
        [instrumentId, interval, adjusted, ...boundsOf(interval, span)],
        prepare
      )
    }
  }
}

const prepare = { prepare: true }

function barReads(tx: TransactionSql) {
  return {
    /**
     * The series of an instrument, with how many bars of a span each holds, or held at an instant, and when the newest of these
     * starts (epoch ms). Of a kind that names source and feed there is one series, whose bars are not counted.
     */
    async series(
      instrumentId: number,
      kind: StoredBarKind,
      { from, to, asOf }: BarSpan & Pick<BarQuery, 'asOf'>
    ): Promise<(HeldSeries & { readonly bars?: number; readonly newest?: number })[]> {
      const { interval, adjusted, source = null, feed = null } = kind
      const bars = `from ${barsAt(interval, asOf)} as bar
        where series_id = series.id and ${within(interval, '$6', '$7')} ${heldAt('$8', asOf)}`
      const isOne = source !== null && feed !== null
      const held = isOne
        ? `select null::int as bars, (select ${msOf('start')} ${bars} order by start desc limit 1) as newest`
        : `select count(*)::int as bars, ${msOf('max(start)')} as newest ${bars}`
      const rows = await tx.unsafe(
        `select ${SERIES}, held.bars, held.newest
        from bar_series as series cross join lateral (${held}) as held
        where instrument_id = $1 and ${OF_KIND}`,
        [instrumentId, interval, adjusted, source, feed, ...boundsOf(interval, { from, to }), ...instantOf(asOf)],
        prepare
      )
      return rows.map((row) => present(row) as unknown as HeldSeries & { bars?: number; newest?: number })
    },

    /** Bars of a series. */
    async bars(seriesId: number, { interval, limit, countedFrom, asOf, ...span }: BarQuery): Promise<HeldBar[]> {
      const rows = await tx.unsafe(
        `select ${columnsOf(interval)} from ${barsAt(interval, asOf)} as bar
        where series_id = $1 and ${within(interval, '$2', '$3')} ${heldAt('$5', asOf)}
        order by bar.start ${countedFrom === 'oldest' ? 'asc' : 'desc'} limit $4`,
        [seriesId, ...boundsOf(interval, span), limit, ...instantOf(asOf)],
        prepare
      )
      return inSlices(mapping(rows, heldBar))
    },

    /** Of so many instruments behind a symbol, in the order of their symbols, the newest bar of each of their series. */
    async latest(
      kind: StoredBarKind,
      after: string,
      limit: number
    ): Promise<(HeldSeries & { readonly symbol: string; readonly bar: HeldBar })[]> {
      const { interval, adjusted, source = null, feed = null } = kind
      const rows = await tx.unsafe(
        `select symbol, to_jsonb(series) as series, to_jsonb(bar) as bar from (
          select instruments.id, symbol from instruments
          where symbol > $1 collate "C" and exists (
            select from bar_series where instrument_id = instruments.id and ${OF_KIND}
              and exists (select from ${tableOf(interval).name} where series_id = bar_series.id)
          ) order by symbol collate "C" limit $6
        ) as listed
        join lateral (
          select ${SERIES} from bar_series as series where instrument_id = listed.id and ${OF_KIND}
        ) as series on true
        cross join lateral (
          select ${columnsOf(interval)} from ${tableOf(interval).name} as newest where series_id = series.id
          order by newest.start desc limit 1
        ) as bar
        order by symbol collate "C"`,
        [after, interval, adjusted, source, feed, limit],
        prepare
      )
      return rows.map(({ symbol, series, bar }) => ({
        ...(present(series as object) as unknown as HeldSeries),
        symbol: symbol as string,
        bar: heldBar(bar as object)
      }))
    },

    /** What the bars of instruments' trades are made on from, as it was committed together with the cursors. */
    states: (instrumentIds: readonly number[]): Promise<HeldBarState[]> =>
      tx<HeldBarState[]>`
        select instrument_id as "instrumentId", source, feed, state from bar_states
        where instrument_id = any(${[...instrumentIds]}::integer[])`,

    /** How far the event log was written, by shard: all before is in what is read here, and nothing else is. */
    cursors: () => readCursors(tx, PERSIST)
  }
}

const msOf = (column: string) => `(extract(epoch from ${column}) * 1000)::float8`

const SERIES = `
  series.id::float8 as id, instrument_id as "instrumentId", source, feed, currency, time_zone as "timeZone", provenance,
  ${msOf('series.received_at')} as "receivedAt"`
const OF_KIND =
  'interval = $2 and adjusted = $3 and ($4::text is null or source = $4) and ($5::text is null or feed = $5)'

/**
 * An intraday start comes as epoch ms, as do all instants. A statement with these has to order by the table's `start` by its
 * whole name: `start` alone is the output column, of which there is no index.
 */
const columnsOf = (interval: Interval) => `
  ${isIntraday(interval) ? msOf('start') : 'start::text'} as start, open::float8 as open, high::float8 as high,
  low::float8 as low, close::float8 as close, volume::float8 as volume, state, revision, reason,
  ${msOf('received_at')} as "receivedAt"`

/** What bars say and what they said, each since when and until when. */
const VERSIONS = (interval: Interval) => {
  const figures = 'series_id, open, high, low, close, volume, state, revision, reason, received_at'
  const told = 'coalesce(told_at, received_at) as told_at'
  const start = isIntraday(interval) ? 'start' : 'start::date'
  return `(
    select ${figures}, start, ${told}, 'infinity'::timestamptz as replaced_at from ${tableOf(interval).name}
    union all select ${figures}, ${start} as start, ${told}, replaced_at from bar_revisions
  )`
}

/** Bars as they are, or as they stood at an instant (epoch ms). */
const barsAt = (interval: Interval, asOf: number | undefined) =>
  asOf === undefined ? tableOf(interval).name : VERSIONS(interval)
const heldAt = (parameter: string, asOf: number | undefined) =>
  asOf === undefined
    ? ''
    : `and told_at <= ${parameter}::text::timestamptz and replaced_at > ${parameter}::text::timestamptz`
const instantOf = (asOf: number | undefined) => (asOf === undefined ? [] : [isoOf(asOf)])

const typeOf = (interval: Interval) => (isIntraday(interval) ? 'timestamptz' : 'date')
const within = (interval: Interval, from: string, to: string) =>
  `start >= ${from}::text::${typeOf(interval)} and start < ${to}::text::${typeOf(interval)}`
const boundsOf = (interval: Interval, { from, to }: BarSpan) => [
  startAt(interval, from),
  startAt(interval, to, 'exclusive')
]

function heldBar(row: object): HeldBar {
  const { start, receivedAt, ...figures } = present(row) as HeldBar & { start: string | number; receivedAt: unknown }
  return {
    start: typeof start === 'number' ? isoOf(start) : start,
    ...figures,
    receivedAt: isoOf(receivedAt as unknown as number)
  }
}
