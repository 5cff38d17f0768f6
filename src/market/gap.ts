import { Type, type Static } from 'typebox'

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
