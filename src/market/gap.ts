import { Type, type Static } from 'typebox'
import { Next } from './page.ts'
import { Feed } from './provenance.ts'

/** What becomes of an interval of which data may be missing; `unfillable`: no vendor has it any more. */
export const GapState = Type.Enum(['open', 'filling', 'filled', 'unfillable'])
export type GapState = Static<typeof GapState>

/**
 * Why data may be missing. `outage`: no connection; `mute`: a connection that brings nothing; `down`: this server did not
 * run; `suspended`: its host slept, or its clock jumped; `log_lost`: the event log was lost or trimmed; `joined_late`: the
 * symbol was added within the session; `overflow`: a full buffer; `withheld`: the vendor tells it later.
 */
export const GapReason = Type.Enum([
  'outage',
  'mute',
  'down',
  'suspended',
  'log_lost',
  'joined_late',
  'overflow',
  'withheld'
])
export type GapReason = Static<typeof GapReason>

/** An interval of which data may be missing. */
export const Gap = Type.Object({
  id: Type.Integer(),
  source: Type.String(),
  feed: Feed,
  symbol: Type.Optional(Type.String({ description: 'Canonical; absent where all that the feed carries is concerned' })),
  from: Type.String({ format: 'date-time', description: 'UTC' }),
  until: Type.Optional(Type.String({ format: 'date-time', description: 'UTC; absent while it grows' })),
  reason: GapReason,
  state: GapState,
  stateAt: Type.String({ format: 'date-time', description: 'When the state became what it is, UTC' }),
  detail: Type.Optional(Type.String({ description: 'Why nobody could fill it yet, or at all' }))
})
export type Gap = Static<typeof Gap>

/** Which gaps; what is not given does not matter. */
export type GapFilter = {
  readonly source?: string | undefined
  readonly feed?: Feed | undefined
  readonly state?: GapState | undefined
  readonly reason?: GapReason | undefined
  /** That touch [from, to), epoch milliseconds. */
  readonly from: number
  readonly to: number
}

/** A place in the order of gaps, newest first: by when they began (ISO), and their number. */
export type GapPlace = { readonly from: string; readonly id: number }

export type Gaps = { readonly gaps: readonly Gap[]; readonly hasMore: boolean }

export const GapPage = Type.Object(
  {
    next: Next,
    gaps: Type.Array(Gap, { description: 'Newest first' })
  },
  { $id: 'GapPage' }
)
