import { Type, type Static } from 'typebox'
import { Bbo } from './bbo.ts'
import type { InstantNs } from './instant-ns.ts'
import { Next } from './page.ts'
import type { Feed } from './provenance.ts'

const { symbol: _symbol, currency: _currency, ...told } = Bbo.properties

/** A best bid and offer as it is stored. */
export const StoredBbo = Type.Object(told)
export type StoredBbo = Static<typeof StoredBbo>

/** A place in the order of an instrument's best bids and offers. Two feeds may give one instant the same number. */
export type BboPlace = Pick<StoredBbo, 'sequence' | 'source' | 'feed'> & {
  readonly asOf: InstantNs
  /** 0 where the vendor numbers. */
  readonly fence: number
}

export type BboRequest = {
  /** Of [from, to). */
  readonly from: InstantNs
  readonly to: InstantNs
  readonly limit: number
  readonly after?: BboPlace | undefined
  /** Of one feed alone, where one is named. */
  readonly feed?: Feed | undefined
  /** Of these vendors alone, where they are named. */
  readonly sources?: readonly string[] | undefined
  /** In the other order, `after` and the page's last place too; oldest first unless told. */
  readonly newestFirst?: boolean | undefined
}

/** In the order that was asked for. */
export type StoredBbos = {
  readonly bbo: readonly StoredBbo[]
  /** The place of the last one, where there are more. */
  readonly last?: BboPlace
}

export const BboPage = Type.Object(
  { symbol: Type.String({ description: 'Canonical' }), next: Next, bbo: Type.Array(StoredBbo) },
  { $id: 'BboPage' }
)
