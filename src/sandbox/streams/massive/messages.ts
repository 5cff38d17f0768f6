import type { Instrument } from '../../universe/instrument.ts'
import type { TapeBar, TapeQuote, TapeTrade } from '../tape.ts'

const ROUND_LOT = 100
/** Ids of the conditions of trades outside of regular hours, of odd lots, and of trades that are told out of sequence. */
const FORM_T = 12
const ODD_LOT = 37
const OUT_OF_SEQUENCE = 33
const REGULAR_QUOTE = 1

/** Exchange ids and tapes of where a share is listed. */
const LISTED: Partial<Readonly<Record<Instrument['venue'], { readonly x: number; readonly z: number }>>> = {
  nasdaq: { x: 12, z: 3 },
  nyse: { x: 10, z: 1 },
  arca: { x: 11, z: 2 }
}
const COINBASE = 1

export type Listing = { readonly x: number; readonly z: number }

/** Undefined for what the vendor has not among its US shares. */
export const listingOf = ({ venue }: Instrument): Listing | undefined => LISTED[venue]

/** Numbers of a ticker's messages, which grow but leave numbers out. */
const sequenceOf = (ms: number, kind: number): number => Math.floor(ms / 10) * 4 + kind

/** The size in whole shares, and exactly where parts of a share traded. */
function sizesOf(size: number): { s: number; ds?: string } {
  return Number.isInteger(size) ? { s: size } : { s: Math.floor(size), ds: String(size) }
}

export function tradeMessage(ticker: string, listing: Listing, trade: TapeTrade): string {
  const { id, price, size, ms, isExtended } = trade
  const c = [...(isExtended ? [FORM_T] : []), ...(size < ROUND_LOT ? [ODD_LOT] : [])]
  return JSON.stringify({
    ev: 'T',
    sym: ticker,
    x: listing.x,
    i: String(id),
    z: listing.z,
    p: price,
    ...sizesOf(size),
    ...(c.length > 0 && { c }),
    t: ms,
    pt: ms,
    q: sequenceOf(ms, 0)
  })
}

/** A trade as REST tells it; without a listing, of a coin. */
export function pastTradeRow(listing: Listing | undefined, trade: TapeTrade): string {
  const { id, price, size, ms, isExtended } = trade
  const instant = `${ms}000000`
  if (!listing) {
    const row = { conditions: [2], exchange: COINBASE, id: String(id), price, size }
    return `${JSON.stringify(row).slice(0, -1)},"participant_timestamp":${instant}}`
  }
  const conditions = [...(isExtended ? [FORM_T] : []), ...(size < ROUND_LOT ? [ODD_LOT] : [])]
  const { s, ds } = sizesOf(size)
  const row = {
    ...(conditions.length > 0 && { conditions }),
    exchange: listing.x,
    id: String(id),
    price,
    sequence_number: sequenceOf(ms, 0),
    size: s,
    ...(ds !== undefined && { decimal_size: ds }),
    tape: listing.z
  }
  return `${JSON.stringify(row).slice(0, -1)},"participant_timestamp":${instant},"sip_timestamp":${instant}}`
}

/** A quote as REST tells it. */
export function pastQuoteRow({ x, z }: Listing, quote: TapeQuote): string {
  const { bid, ask, bidSize, askSize, ms } = quote
  const instant = `${ms}000000`
  const sides = {
    ask_exchange: x,
    ask_price: ask,
    ask_size: askSize,
    bid_exchange: x,
    bid_price: bid,
    bid_size: bidSize
  }
  const row = { ...sides, conditions: [REGULAR_QUOTE], sequence_number: sequenceOf(ms, 2), tape: z }
  return `${JSON.stringify(row).slice(0, -1)},"participant_timestamp":${instant},"sip_timestamp":${instant}}`
}

/** A trade that comes so much later than it happened, beside the one that is told in time. */
export function lateTradeMessage(ticker: string, listing: Listing, trade: TapeTrade, lateMs: number): string {
  const { id, price, ms } = trade
  const late = { x: listing.x, i: String(id + 1_000_000), z: listing.z, p: price, s: 100, c: [OUT_OF_SEQUENCE] }
  return JSON.stringify({ ev: 'T', sym: ticker, ...late, t: ms - lateMs, pt: ms - lateMs, q: sequenceOf(ms, 1) })
}

export function quoteMessage(ticker: string, { x, z }: Listing, quote: TapeQuote): string {
  const { bid, ask, bidSize, askSize, ms } = quote
  const sides = { bx: x, bp: bid, bs: bidSize, ax: x, ap: ask, as: askSize }
  return JSON.stringify({ ev: 'Q', sym: ticker, ...sides, c: REGULAR_QUOTE, t: ms, pt: ms, q: sequenceOf(ms, 2), z })
}

/** A second (`A`) or a minute (`AM`); `day` is the running one. */
export function barMessage(kind: 'A' | 'AM', ticker: string, bar: TapeBar, lengthMs: number, day: TapeBar): string {
  const { start, open, high, low, close, volume } = bar
  const average = (open + high + low + close) / 4
  return JSON.stringify({
    ev: kind,
    sym: ticker,
    v: Math.floor(volume),
    dv: volume.toFixed(1),
    av: Math.floor(day.volume),
    dav: day.volume.toFixed(6),
    op: day.open,
    vw: average,
    o: open,
    c: close,
    h: high,
    l: low,
    a: average,
    z: 50,
    s: start,
    e: start + lengthMs
  })
}

/** A price band, or a halt or resumption by its indicator, with an instant in nanoseconds, which no number here holds. */
export function bandMessage(
  ticker: string,
  z: number,
  band: { readonly h: number; readonly l: number },
  indicator: number,
  at: { readonly ms: number; readonly ns: number }
): string {
  const rest = JSON.stringify({ ev: 'LULD', T: ticker, ...band, i: [indicator], z, q: sequenceOf(at.ms, 3) })
  return `${rest.slice(0, -1)},"t":${at.ms}${String(at.ns).padStart(6, '0')}}`
}

export function coinTradeMessage(pair: string, { id, price, size, ms }: TapeTrade): string {
  return JSON.stringify({ ev: 'XT', pair, p: price, t: ms, s: size, c: [2], i: id, x: COINBASE, r: ms + 20 })
}

export function coinQuoteMessage(pair: string, { bid, ask, bidSize, askSize, ms }: TapeQuote): string {
  const sides = { bp: bid, bs: bidSize, ap: ask, as: askSize }
  return JSON.stringify({ ev: 'XQ', pair, ...sides, t: ms, x: COINBASE, r: ms + 20 })
}

/** A second (`XAS`) or a minute (`XA`). */
export function coinBarMessage(kind: 'XAS' | 'XA', pair: string, bar: TapeBar, lengthMs: number): string {
  const { start: s, open: o, high: h, low: l, close: c, volume: v } = bar
  return JSON.stringify({ ev: kind, pair, v, vw: (o + h + l + c) / 4, z: 1, o, c, h, l, s, e: s + lengthMs })
}
