import type { Completeness } from './completeness.ts'
import type { GapFilter, GapPlace, Gaps } from './gap.ts'
import type { Instrument, InstrumentDetails, InstrumentFilter } from './instrument.ts'
import type { StoredStory, StoryPlace } from './news.ts'
import type { StoreStats } from './store-stats.ts'
import type { LatestBars, StoredBarKind, StoredBarRequest, StoredBars } from './stored-bar.ts'
import type { AuditRequest, DifferenceRequest, StoredAudits, StoredDifferences } from './stored-audit.ts'
import type { BboRequest, StoredBbos } from './stored-bbo.ts'
import type { HaltRequest, StoredHalts } from './stored-halt.ts'
import type { LatestTick, StoredTicks, TickRequest } from './stored-tick.ts'

/** An instrument of which something is stored. */
export type ArchivedInstrument = {
  readonly id: number
  /** As it was asked for, canonical. */
  readonly symbol: string
  /** What it is called now. */
  readonly currentSymbol: string
}

/**
 * What is stored of the market: ticks and bars by instrument, and what may be missing. No vendor is asked. Methods reject with
 * what Postgres' driver throws where it is away.
 */
export interface Archive {
  /** The instrument that had a symbol on a day (YYYY-MM-DD), today by default. Rejects with NothingStored for an unknown one. */
  instrument(symbol: string, day?: string): Promise<ArchivedInstrument>
  /** In the order of their symbols, those behind one (''), at most so many. */
  instruments(
    filter: InstrumentFilter,
    page: { readonly limit: number; readonly after: string }
  ): Promise<{ readonly instruments: readonly Instrument[]; readonly hasMore: boolean }>
  /** By canonical symbol, or by what a vendor calls it today. Rejects with NothingStored for an unknown one. */
  instrumentDetails(name: { readonly symbol: string } | { readonly alias: string }): Promise<InstrumentDetails>
  bars(instrument: ArchivedInstrument, request: StoredBarRequest): Promise<StoredBars>
  /** The newest bar of each symbol behind one (''), in the order of symbols, at most so many. */
  latestBars(kind: StoredBarKind, after: string, limit: number): Promise<LatestBars>
  ticks(instrument: ArchivedInstrument, request: TickRequest): Promise<StoredTicks>
  /** The newest trade that stands; undefined where none is stored. */
  latestTick(instrument: ArchivedInstrument): Promise<LatestTick | undefined>
  /** Best bids and offers, of as many days as BBO_DAYS keeps. */
  bbo(instrument: ArchivedInstrument, request: BboRequest): Promise<StoredBbos>
  halts(instrument: ArchivedInstrument, request: HaltRequest): Promise<StoredHalts>
  /** Newest first; those of the instrument and of whole feeds where one is given. */
  gaps(
    filter: GapFilter,
    page: { readonly limit: number; readonly after?: GapPlace | undefined },
    instrument?: ArchivedInstrument
  ): Promise<Gaps>
  /** Of a session's date, the current or the last one by default. Rejects with NothingStored where the hours of the instrument's exchange are not known. */
  completeness(instrument: ArchivedInstrument, date?: string): Promise<Completeness>
  /** What own bars were held against the official ones of vendors: of all instruments, or of one. Newest sessions first. */
  audits(request: AuditRequest, instrument?: ArchivedInstrument): Promise<StoredAudits>
  differences(instrument: ArchivedInstrument, request: DifferenceRequest): Promise<StoredDifferences>
  /** What vendors listed for any symbol, newest first, at most so many. */
  stories(page: {
    readonly limit: number
    readonly after?: StoryPlace | undefined
  }): Promise<{ readonly stories: readonly StoredStory[]; readonly hasMore: boolean }>
  stats(): Promise<StoreStats>
}
