import { Type, type Static } from 'typebox'
import { Halt, TradingStatus } from './halt.ts'
import type { InstantNs } from './instant-ns.ts'
import { Next } from './page.ts'

const told = Type.Omit(Halt, ['symbol', 'session', 'fence', 'status']).properties

/** That trading in an instrument stopped or went on, as it is stored. Bands that came without a status are not. */
export const StoredHalt = Type.Object({ status: TradingStatus, ...told })
export type StoredHalt = Static<typeof StoredHalt>

/** A place in the order of an instrument's halts. */
export type HaltPlace = Pick<StoredHalt, 'sequence' | 'source' | 'feed' | 'status'> & { readonly asOf: InstantNs }

export type HaltRequest = {
  /** Of [from, to). */
  readonly from: InstantNs
  readonly to: InstantNs
  readonly limit: number
  readonly after?: HaltPlace | undefined
}

/** Oldest first. */
export type StoredHalts = {
  readonly halts: readonly StoredHalt[]
  /** The place of the last one, where there are more. */
  readonly last?: HaltPlace
}

export const HaltPage = Type.Object(
  {
    symbol: Type.String({ description: 'Canonical' }),
    next: Next,
    halts: Type.Array(StoredHalt, { description: 'Oldest first' })
  },
  { $id: 'HaltPage' }
)
