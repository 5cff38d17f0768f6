import type { ValueState } from '../market/provenance.ts'

/** What a record tells. Later versions may have more kinds: those are passed over. */
export const RecordKind = {
  quote: 1,
  trade: 2,
  bar: 3,
  channel: 4,
  tradeCorrection: 5,
  tradeCancel: 6,
  bbo: 7,
  halt: 8
} as const
export type RecordKind = (typeof RecordKind)[keyof typeof RecordKind]

/** Stands in an entry for the kind of a narrow trade: whoever reads no narrow records passes it over. */
export const NARROW_TRADE = 9
export const MAX_KIND = NARROW_TRADE
/** No kind. */
export const NONE = 0

/**
 * The numbers of each kind, as clients of the binary protocol get them (little-endian doubles, NaN where absent):
 * quote: asOf, price, volume, bid, ask; trade: asOf, price, size; bar: start, open, high, low, close, volume.
 */
export const NUMBERS_OF_KIND: Readonly<Record<RecordKind, number>> = { 1: 5, 2: 3, 3: 6, 4: 0, 5: 0, 6: 0, 7: 0, 8: 0 }

/** A quote's state as clients of the binary protocol get it. */
export const STATE_CODES: Readonly<Record<ValueState, number>> = {
  live: 1,
  delayed: 2,
  closed: 3,
  stale: 4,
  suspect: 5
}

/**
 * How every record of version 2 begins, little-endian; what follows is its kind's (record-trade.ts and the others), or, where
 * bit 0 of the flags is set, what record-json.ts says:
 *
 *     0  u32  kind in the low 8 bits, length of the whole record above
 *     4  u16  its topic's row in the entry's table
 *     6  u8   flags
 *     7  u8   of a quote: whether to trust it, by STATE_CODES; else the kind's
 */
export const RECORD_HEAD_BYTES = 8
export const ROW_AT = 4
export const FLAGS_AT = 6
export const STATE_AT = 7
export const IS_JSON = 1
export const KIND_BITS = 8
export const KIND_MASK = 0xff
/** Readers hold records whole, for every client that is behind. */
export const MAX_RECORD_BYTES = 4 * 1024 * 1024
