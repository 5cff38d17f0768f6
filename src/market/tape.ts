import type { TradeCancelled, TradeCorrected, TradeReport } from './event.ts'
import type { InstantNs } from './instant-ns.ts'
import type { Instrument } from './instrument.ts'

/** What a tape told at an instant. */
export type TapeEvent = {
  readonly asOf: InstantNs
  readonly event: TradeReport | TradeCorrected | TradeCancelled
}

/** An instrument under the symbol that it was asked for by. */
export type TapeInstrument = Pick<Instrument, 'id' | 'symbol' | 'currency'>

/** A place in the order of an instrument's trades: behind the one with these. */
export type TapePlace = { readonly asOf: InstantNs; readonly sequence: number; readonly key: string }

/** Before every trade of an instant (epoch milliseconds). */
export const tapePlaceAt = (ms: number): TapePlace => ({ asOf: { ms, ns: 0 }, sequence: -1, key: '' })

/** `next`: where the page after it begins; undefined where nothing comes after it. */
export type TapePage = { readonly events: readonly TapeEvent[]; readonly next: TapePlace | undefined }

/** The trades that were written down, as they were reported. */
export type TapeStore = {
  /** By the symbol that an instrument had at an instant (epoch milliseconds); one of which nothing is known is missing. */
  find(symbols: readonly string[], at: number): Promise<Map<string, TapeInstrument>>
  /**
   * In the order in which they happened, from a place on and before an instant (epoch milliseconds): at most `limit` trades,
   * and each correction and cancellation at the instant when it came.
   */
  page(instrument: TapeInstrument, after: TapePlace, untilMs: number, limit: number): Promise<TapePage>
}
