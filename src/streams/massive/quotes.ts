import { Type, type Static } from 'typebox'
import type { Bbo } from '../../market/bbo.ts'
import type { BboUpdate, HaltUpdate } from '../../market/event.ts'
import type { Halt } from '../../market/halt.ts'
import { cryptoPair } from '../../market/symbol.ts'
import { numbered, venueOf } from './codes.ts'
import { WireInstant } from './instant.ts'
import { tickOf, type Context } from './tick.ts'
import { WireCodes, WireCount } from './wire.ts'

/** Conditions of an ordinary quote. */
const REGULAR_QUOTES: ReadonlySet<number> = new Set([0, 1])
/** Indicators of a price band that are told of shares listed at Nasdaq only. */
const HALTED = 17
const RESUMED = 18

/** The national best bid and offer of a share or a contract. Sizes are shares since 2025-11-03, and contracts. */
export function readQuote(wire: WireQuote, symbol: string, context: Context): BboUpdate {
  const tick = tickOf(symbol, wire, context)
  const { market } = context
  const { c, i = [], bx, ax } = wire
  const codes = c === undefined || REGULAR_QUOTES.has(c) ? i : [c, ...i]
  const bbo: Bbo = { ...tick, currency: 'USD' }
  const venue = (id: number | undefined) => (id === undefined ? undefined : venueOf(market, id))
  setSides(bbo, wire, venue(bx), venue(ax))
  if (codes.length > 0) bbo.conditions = codes.map(numbered)
  return updated(bbo)
}

/** The best bid and offer of a coin at one venue. */
export function readCoinQuote(wire: WireCoinQuote, symbol: string, context: Context): BboUpdate {
  const tick = tickOf(symbol, wire, context)
  const venue = venueOf('crypto', wire.x)
  const bbo: Bbo = { ...tick, currency: cryptoPair(symbol)!.quoted }
  setSides(bbo, wire, venue, venue)
  return updated(bbo)
}

/** A price band. It leaves the status, but for the halts and resumptions that are told by it. */
export function readBand(wire: WireBand, symbol: string, context: Context): HaltUpdate {
  const tick = tickOf(symbol, wire, context)
  const { h, l, i = [] } = wire
  const halt: Halt = { ...tick }
  if (i.includes(HALTED)) halt.status = 'halted'
  else if (i.includes(RESUMED)) halt.status = 'trading'
  if (h !== undefined && h > 0) halt.limitUp = h
  if (l !== undefined && l > 0) halt.limitDown = l
  return { type: 'halt', data: { symbol: halt.symbol, timestamp: halt.asOf, halt } }
}

const updated = (bbo: Bbo): BboUpdate => ({ type: 'bbo', data: { symbol: bbo.symbol, timestamp: bbo.asOf, bbo } })

type Sides = Pick<WireCoinQuote, 'bp' | 'bs' | 'ap' | 'as'>

/** A price of 0 is a side without orders. */
function setSides(bbo: Bbo, wire: Sides, bidVenue: string | undefined, askVenue: string | undefined): void {
  const { bp, bs, ap, as } = wire
  if (bp !== undefined && bp > 0) {
    bbo.bid = bp
    if (bs !== undefined) bbo.bidSize = bs
    if (bidVenue !== undefined) bbo.bidVenue = bidVenue
  }
  if (ap !== undefined && ap > 0) {
    bbo.ask = ap
    if (as !== undefined) bbo.askSize = as
    if (askVenue !== undefined) bbo.askVenue = askVenue
  }
}

const Side = Type.Optional(Type.Number({ minimum: 0 }))

/** https://massive.com/docs/websocket/stocks/quotes, https://massive.com/docs/websocket/options/quotes */
export const WireQuote = Type.Object({
  sym: Type.String(),
  bp: Side,
  bs: Side,
  bx: Type.Optional(WireCount),
  ap: Side,
  as: Side,
  ax: Type.Optional(WireCount),
  c: Type.Optional(WireCount), // one condition, where trades have a list
  i: Type.Optional(WireCodes),
  z: Type.Optional(WireCount),
  t: WireInstant,
  pt: Type.Optional(WireInstant),
  q: Type.Optional(WireCount)
})
type WireQuote = Static<typeof WireQuote>

/** https://massive.com/docs/websocket/crypto/quotes */
export const WireCoinQuote = Type.Object({
  pair: Type.String(),
  bp: Side,
  bs: Side,
  ap: Side,
  as: Side,
  x: WireCount,
  t: WireInstant,
  r: Type.Optional(WireInstant)
})
type WireCoinQuote = Static<typeof WireCoinQuote>

/** https://massive.com/docs/websocket/stocks/luld: the ticker is `T`. */
export const WireBand = Type.Object({
  T: Type.String(),
  h: Side,
  l: Side,
  i: Type.Optional(WireCodes),
  z: Type.Optional(WireCount),
  t: WireInstant, // nanoseconds
  q: Type.Optional(WireCount)
})
type WireBand = Static<typeof WireBand>
