import type { Bbo } from '../../market/bbo.ts'
import type { BboUpdate, TradeCancelled, TradeCorrected, TradeReport } from '../../market/event.ts'
import { cryptoPair } from '../../market/symbol.ts'
import type { Trade, TradeReference } from '../../market/trade.ts'
import { codesIn, FieldError, idIn, numberIn, optionalNumberIn, optionalTextIn, type Wire } from '../fields.ts'
import type { Moment } from '../moment.ts'
import { venueOfParticipant } from '../us-venues.ts'
import { SOURCE, type Context } from './context.ts'

/** Before, the sizes of quotes were round lots, which have not the same number of shares for all symbols. */
const SIZES_ARE_SHARES_SINCE_MS = Date.UTC(2025, 10, 3)

type Stamp = Pick<
  Trade,
  'symbol' | 'asOf' | 'tradeDate' | 'session' | 'tape' | 'source' | 'feed' | 'receivedAt' | 'fence' | 'sequence'
>

export function momentOf(wire: Wire, { moments, arrival }: Context): Moment {
  return moments.read(wire, 't', arrival.receivedAt)
}

/** The fields with what every tick of ours says of itself. The vendor numbers nothing, so ticks are numbered as they arrive. */
export function stamped<Fields extends object>(
  fields: Fields,
  wire: Wire,
  symbol: string,
  context: Context,
  { text: asOf, ms }: Moment = momentOf(wire, context)
): Fields & Stamp {
  const { arrival, receivedAt, feed, placeOf } = context
  const { tradeDate, session } = placeOf(symbol, ms)
  const tape = codeIn(wire, 'z')
  const { fence } = arrival
  const sequence = arrival.nextSequence()
  const tick: Fields & Stamp = { ...fields, symbol, asOf, tradeDate, source: SOURCE, feed, receivedAt, fence, sequence }
  if (session !== undefined) tick.session = session
  if (tape !== undefined) tick.tape = tape
  return tick
}

type Execution = Pick<Trade, 'price' | 'size' | 'conditions' | 'tradeId' | 'venue' | 'currency'>

export function tradeOf(wire: Wire, symbol: string, context: Context): TradeReport {
  const execution = executionIn(wire, symbol, context, TRADE_FIELDS)
  const trade = stamped(execution, wire, symbol, context)
  return { type: 'trade', data: { symbol, trade, timestamp: trade.asOf } }
}

/** `o…` is the trade as it was told before, `c…` as it is right. */
export function correctionOf(wire: Wire, symbol: string, context: Context): TradeCorrected {
  const right = stamped(executionIn(wire, symbol, context, CORRECTED_FIELDS), wire, symbol, context)
  const correction = { ...right, replaces: referenceTo(wire, right, ORIGINAL_FIELDS, right.venue) }
  return { type: 'trade_correction', data: { symbol, correction, timestamp: correction.asOf } }
}

const CANCEL_REASONS: Readonly<Record<string, string>> = { C: 'cancel', E: 'error' }

export function cancelOf(wire: Wire, symbol: string, context: Context): TradeCancelled {
  const action = optionalTextIn(wire, 'a')
  const venue = venueIn(wire, 'x', context)
  const stamp = stamped({}, wire, symbol, context)
  const reason = action === undefined ? undefined : (CANCEL_REASONS[action] ?? action)
  const cancel = {
    ...stamp,
    replaces: referenceTo(wire, stamp, TRADE_FIELDS, venue),
    ...(reason !== undefined && { reason })
  }
  return { type: 'trade_cancel', data: { symbol, cancel, timestamp: cancel.asOf } }
}

type FieldNames = { readonly id: string; readonly price: string; readonly size: string; readonly conditions: string }

const TRADE_FIELDS: FieldNames = { id: 'i', price: 'p', size: 's', conditions: 'c' }
const ORIGINAL_FIELDS: FieldNames = { id: 'oi', price: 'op', size: 'os', conditions: 'oc' }
const CORRECTED_FIELDS: FieldNames = { id: 'ci', price: 'cp', size: 'cs', conditions: 'cc' }

function executionIn(wire: Wire, symbol: string, context: Context, names: FieldNames): Execution {
  const execution: Execution = {
    price: numberIn(wire, names.price),
    size: numberIn(wire, names.size),
    currency: currencyOf(symbol, context)
  }
  const conditions = codesIn(wire, names.conditions)
  const venue = venueIn(wire, 'x', context)
  if (conditions !== undefined) execution.conditions = conditions
  if (venue !== undefined) execution.venue = venue
  // Trades of options have no id.
  if (wire[names.id] !== undefined) execution.tradeId = idIn(wire, names.id)
  return execution
}

function referenceTo(
  wire: Wire,
  { tradeDate, tape }: Stamp,
  names: FieldNames,
  venue: string | undefined
): TradeReference {
  const [price, size] = [optionalNumberIn(wire, names.price), optionalNumberIn(wire, names.size)]
  return {
    tradeDate,
    tradeId: idIn(wire, names.id),
    ...(venue !== undefined && { venue }),
    ...(tape !== undefined && { tape }),
    ...(price !== undefined && { price }),
    ...(size !== undefined && { size })
  }
}

/** A price of 0 is a side without orders. */
export function bboOf(wire: Wire, symbol: string, context: Context): BboUpdate {
  const moment = momentOf(wire, context)
  const hasShares = context.market !== 'stocks' || moment.ms >= SIZES_ARE_SHARES_SINCE_MS
  const sides: Partial<Bbo> = { currency: currencyOf(symbol, context) }
  const [bid, ask] = [numberIn(wire, 'bp'), numberIn(wire, 'ap')]
  const [bidSize, askSize] = [optionalNumberIn(wire, 'bs'), optionalNumberIn(wire, 'as')]
  const [bidVenue, askVenue] = [venueIn(wire, 'bx', context), venueIn(wire, 'ax', context)]
  const conditions = codesIn(wire, 'c')
  if (bid !== 0) {
    sides.bid = bid
    if (hasShares && bidSize !== undefined) sides.bidSize = bidSize
    if (bidVenue !== undefined) sides.bidVenue = bidVenue
  }
  if (ask !== 0) {
    sides.ask = ask
    if (hasShares && askSize !== undefined) sides.askSize = askSize
    if (askVenue !== undefined) sides.askVenue = askVenue
  }
  if (conditions !== undefined) sides.conditions = conditions
  const bbo = stamped(sides, wire, symbol, context, moment)
  return { type: 'bbo', data: { symbol, bbo, timestamp: bbo.asOf } }
}

/** Only coins are priced in anything but dollars. */
const currencyOf = (symbol: string, { market }: Context): string =>
  (market === 'crypto' ? cryptoPair(symbol)?.quoted : undefined) ?? 'USD'

/** The letters of options exchanges are others than those of shares, and stay as they are. */
function venueIn(wire: Wire, field: string, { market }: Context): string | undefined {
  const letter = codeIn(wire, field)
  return letter !== undefined && market === 'stocks' ? venueOfParticipant(letter) : letter
}

const CODE = /^\S{1,12}$/

/** A space, as the tapes pad with, is none. */
function codeIn(wire: Wire, field: string): string | undefined {
  const code = optionalTextIn(wire, field)?.trim()
  if (code === undefined || code === '') return undefined
  if (!CODE.test(code)) throw new FieldError(field, 'is no code')
  return code
}
