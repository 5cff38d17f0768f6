import { Type, type Static } from 'typebox'
import { Adjustment, Bar, Interval } from './bar.ts'
import { BarState } from './event.ts'
import { Next } from './page.ts'
import { Feed, Provenance } from './provenance.ts'
import { TickSession } from './tick.ts'

/** A bar as it is stored, with what became of it. */
export const StoredBar = Type.Object({
  ...Bar.properties,
  state: BarState,
  revision: Type.Integer({ minimum: 0, description: 'Counts the corrections of a final bar' }),
  reason: Type.Optional(Type.String({ description: 'Why it was corrected' })),
  session: Type.Optional(TickSession),
  receivedAt: Type.String({ format: 'date-time', description: 'When this state of it came, UTC' })
})
export type StoredBar = Static<typeof StoredBar>

/** Which bars: those of an interval and adjustment; of one source and feed where these are named. */
export type StoredBarKind = {
  readonly interval: Interval
  readonly adjusted: Adjustment
  readonly source?: string | undefined
  readonly feed?: Feed | undefined
}

export type StoredBarRequest = StoredBarKind & {
  /** Of bars that start in [from, to), epoch milliseconds. */
  readonly from: number
  readonly to: number
  readonly limit: number
  /** Which of more bars than `limit`; they come oldest first in either case. */
  readonly countedFrom: 'oldest' | 'newest'
  /** As they stood at an instant, epoch milliseconds. */
  readonly asOf?: number | undefined
}

/** Bars of one series, oldest first. */
export type StoredBars = {
  readonly bars: readonly StoredBar[]
  /** Absent where no series has such bars. */
  readonly series?: {
    readonly currency?: string
    readonly timeZone?: string
    readonly provenance: Provenance
  }
  /** Whether there are more than `limit`. */
  readonly hasMore: boolean
  /** What the log holds behind this is not in the bars, and all before it is; absent with `asOf`. */
  readonly cursor?: string
}

const CURSOR = Type.String({
  description:
    'Subscribed to with this as `since`, trades and bars go on from here: nothing is missing and nothing comes twice'
})

/** What a page of bars of one symbol is as JSON. */
export const StoredBarPage = Type.Object(
  {
    symbol: Type.String({ description: 'Canonical; with `asof` as it was then' }),
    currentSymbol: Type.Optional(Type.String({ description: 'What the instrument is called now, where that differs' })),
    interval: Interval,
    adjusted: Adjustment,
    currency: Type.Optional(Type.String()),
    timeZone: Type.Optional(Type.String({ description: 'IANA zone of the exchange' })),
    provenance: Type.Optional(Provenance),
    cursor: Type.Optional(CURSOR),
    next: Next,
    bars: Type.Array(StoredBar)
  },
  { $id: 'StoredBarPage' }
)
export type StoredBarPage = Static<typeof StoredBarPage>

/** A regular session as far as it is stored. */
const { start: _, ...figures } = StoredBar.properties
export const DailyOhlc = Type.Object(
  {
    symbol: Type.String({ description: 'Canonical' }),
    date: Type.String({ description: "Date of the session (YYYY-MM-DD), in the exchange's zone" }),
    ...figures,
    previousClose: Type.Optional(Type.Number({ description: 'Of `previousDate`, of the same source' })),
    previousDate: Type.Optional(
      Type.String({
        description: 'The last session before `date` that is stored: sessions may be missing between them'
      })
    ),
    currency: Type.Optional(Type.String()),
    provenance: Provenance
  },
  { $id: 'DailyOhlc' }
)

/** The newest bar of a symbol. */
export const LatestBar = Type.Object({
  symbol: Type.String(),
  source: Type.String(),
  feed: Feed,
  currency: Type.Optional(Type.String()),
  ...StoredBar.properties
})
export type LatestBar = Static<typeof LatestBar>

export type LatestBars = { readonly bars: readonly LatestBar[]; readonly hasMore: boolean; readonly cursor?: string }

export const LatestBarPage = Type.Object(
  {
    interval: Interval,
    adjusted: Adjustment,
    cursor: Type.Optional(CURSOR),
    next: Next,
    bars: Type.Array(LatestBar)
  },
  { $id: 'LatestBarPage' }
)
