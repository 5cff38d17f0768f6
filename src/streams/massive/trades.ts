import { Type, type Static } from 'typebox'
import { cryptoPair } from '../../market/symbol.ts'
import type { TradeCancelled, TradeReport } from '../../market/event.ts'
import type { Trade, TradeCancel } from '../../market/trade.ts'
import { conditionsOf, isCancel, OTC_VENUE, venueOf } from './codes.ts'
import { WireInstant } from './instant.ts'
import { tickOf, type Context, type Tick } from './tick.ts'
import { WireCodes, WireCount, WireDecimal } from './wire.ts'

/** A trade of a share or a contract; where OPRA takes one back, its cancellation. */
export function readTrade(wire: WireTrade, symbol: string, context: Context): TradeReport | TradeCancelled {
  const tick = tickOf(symbol, wire, context)
  const { market } = context
  const { p: price, s, ds, x, c = [], trfi } = wire
  const venue = venueOf(market, x, trfi)
  // The whole number is 0 for a part of a share, and 1 for one and a half.
  const size = ds === undefined ? s : Number(ds)
  if (market === 'options' && isCancel(c)) return cancelled(tick, { venue, price, size })
  if (market === 'stocks' && x === OTC_VENUE) {
    tick.tape = 'O'
    if (tick.feed === 'consolidated') tick.feed = 'otc'
  }
  return reported({ ...tick, price, size, currency: 'USD', venue }, conditionsOf(market, tick.tape, c), wire.i)
}

/** A trade of a coin. */
export function readCoinTrade(wire: WireCoinTrade, symbol: string, context: Context): TradeReport {
  const tick = tickOf(symbol, wire, context)
  const { p: price, s: size, x, c = [] } = wire
  const currency = cryptoPair(symbol)!.quoted
  const venue = venueOf('crypto', x)
  return reported({ ...tick, price, size, currency, venue }, conditionsOf('crypto', undefined, c), wire.i)
}

function reported(trade: Trade, conditions: readonly string[], id: Static<typeof WireId> | undefined): TradeReport {
  if (conditions.length > 0) trade.conditions = [...conditions]
  if (id !== undefined) trade.tradeId = String(id)
  return { type: 'trade', data: { symbol: trade.symbol, trade, timestamp: trade.asOf } }
}

/** Trades of options have no ids: which one is meant is known by what is told of it. */
function cancelled(tick: Tick, told: Pick<TradeCancel['replaces'], 'venue' | 'price' | 'size'>): TradeCancelled {
  const cancel: TradeCancel = { ...tick, replaces: { tradeDate: tick.tradeDate, ...told }, reason: 'cancel' }
  return { type: 'trade_cancel', data: { symbol: tick.symbol, timestamp: tick.asOf, cancel } }
}

/** Ids were numbers until 2020, and are numbers as texts since; those of coins still are numbers. */
const WireId = Type.Union([Type.String({ minLength: 1 }), WireCount, Type.BigInt({ minimum: 0n })])

/** https://massive.com/docs/websocket/stocks/trades, https://massive.com/docs/websocket/options/trades */
export const WireTrade = Type.Object({
  sym: Type.String(),
  p: Type.Number(),
  s: Type.Number({ minimum: 0 }),
  ds: Type.Optional(WireDecimal), // parts of shares, since 2026
  x: WireCount,
  i: Type.Optional(WireId), // options have none
  z: Type.Optional(WireCount),
  c: Type.Optional(WireCodes), // absent from an ordinary trade
  t: WireInstant, // when the tape had it
  pt: Type.Optional(WireInstant), // when it happened
  q: Type.Optional(WireCount), // not yet in 2020
  trfi: Type.Optional(WireCount),
  trft: Type.Optional(WireInstant)
})
type WireTrade = Static<typeof WireTrade>

/** https://massive.com/docs/websocket/crypto/trades */
export const WireCoinTrade = Type.Object({
  pair: Type.String(),
  p: Type.Number(),
  s: Type.Number({ minimum: 0 }),
  x: WireCount,
  i: Type.Optional(WireId),
  c: Type.Optional(WireCodes),
  t: WireInstant,
  r: Type.Optional(WireInstant) // when Massive had it
})
type WireCoinTrade = Static<typeof WireCoinTrade>
