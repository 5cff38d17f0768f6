import type { Feed } from '../src/market/provenance.ts'
import type { CopyTransaction } from './copy.ts'
import { upsertRows } from './rows.ts'
import { barStates } from './schema/streams.ts'

/** A series of bars that are made here: those of an instrument's trades of one feed of a source. */
export type BarStateKey = { readonly instrumentId: number; readonly source: string; readonly feed: Feed }

/** What a series is made on from; the state is the maker's own, opaque here. */
export type BarStateRow = BarStateKey & { readonly isOpen: boolean; readonly state: Uint8Array }

/** The states of those series that have one. */
export function barStatesOf(tx: CopyTransaction, keys: readonly BarStateKey[]): Promise<BarStateRow[]> {
  return tx.query<BarStateRow>(
    `select instrument_id as "instrumentId", source, feed, is_open as "isOpen", state
    from unnest($1::integer[], $2::text[], $3::text[]) as wanted (instrument_id, source, feed)
    join bar_states using (instrument_id, source, feed)`,
    (['instrumentId', 'source', 'feed'] as const).map((field) => keys.map((key) => key[field]))
  )
}

/** The series of which bars are not final yet, with their instruments' symbols. */
export function openBarStates(tx: CopyTransaction): Promise<(BarStateKey & { symbol: string })[]> {
  return tx.query<BarStateKey & { symbol: string }>(
    `select instrument_id as "instrumentId", source, feed, symbol
    from bar_states join instruments on instruments.id = instrument_id where is_open`
  )
}

/** The feeds whose trades were ever written. */
export function feedsOfBars(tx: CopyTransaction): Promise<Omit<BarStateKey, 'instrumentId'>[]> {
  return tx.query<Omit<BarStateKey, 'instrumentId'>>('select distinct source, feed from bar_states')
}

export async function saveBarStates(tx: CopyTransaction, rows: readonly BarStateRow[]): Promise<void> {
  await upsertRows(tx, barStates, rows, { key: ['instrumentId', 'source', 'feed'] })
}
