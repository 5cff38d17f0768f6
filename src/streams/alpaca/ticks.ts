import { withoutAbsent } from '../../market/absent.ts'
import type { BboUpdate, MarketEvent } from '../../market/event.ts'
import { formatInstantNs, type InstantNs } from '../../market/instant-ns.ts'
import { cryptoPair } from '../../market/symbol.ts'
import type { TradeReference } from '../../market/trade.ts'
import {
  codesIn,
  FieldError,
  idIn,
  instantIn,
  numberIn,
  optionalNumberIn,
  optionalTextIn,
  type Wire
} from '../fields.ts'
import { venueOfParticipant } from '../us-venues.ts'
import { SOURCE, type Context } from './context.ts'

/** Before, the sizes of quotes were round lots, which have not the same number of shares for all symbols. */
const SIZES_ARE_SHARES_SINCE_MS = Date.UTC(2025, 10, 3)

/** What every tick of ours says of itself. The vendor numbers nothing, so ticks are numbered as they arrive. */
export function stampOf(wire: Wire, symbol: string, { arrival, receivedAt, feed, placeOf }: Context) {
  const instant = instantIn(wire, 't', arrival.receivedAt)
  const { tradeDate, session } = placeOf(symbol, instant.ms)
  return {
    symbol,
    asOf: formatInstantNs(instant),
    instant,
    tradeDate,
    session,
    tape: tapeIn(wire),
    source: SOURCE,
    feed,
    receivedAt,
    fence: arrival.fence,
    sequence: arrival.nextSequence()
  }
}

export function tradeOf(wire: Wire, symbol: string, context: Context): MarketEvent {
  const fields = {
    price: numberIn(wire, 'p'),
    size: numberIn(wire, 's'),
    conditions: codesIn(wire, 'c'),
    tradeId: wire.i === undefined ? undefined : idIn(wire, 'i'),
    venue: venueIn(wire, 'x', context)
  }
  const { instant: _, ...stamp } = stampOf(wire, symbol, context)
  const trade = withoutAbsent({ ...stamp, ...fields, currency: currencyOf(symbol) })
  return { type: 'trade', data: { symbol, trade, timestamp: trade.asOf } }
}

/** `o…` is the trade as it was told before, `c…` as it is right. */
export function correctionOf(wire: Wire, symbol: string, context: Context): MarketEvent {
  const fields = {
    price: numberIn(wire, 'cp'),
    size: numberIn(wire, 'cs'),
    conditions: codesIn(wire, 'cc'),
    tradeId: idIn(wire, 'ci'),
    venue: venueIn(wire, 'x', context)
  }
  const original = {
    tradeId: idIn(wire, 'oi'),
    price: optionalNumberIn(wire, 'op'),
    size: optionalNumberIn(wire, 'os')
  }
  const { instant: _, ...stamp } = stampOf(wire, symbol, context)
  const { tradeDate, tape } = stamp
  const replaces = withoutAbsent<TradeReference>({ tradeDate, venue: fields.venue, tape, ...original })
  const correction = withoutAbsent({ ...stamp, ...fields, currency: currencyOf(symbol), replaces })
  return { type: 'trade_correction', data: { symbol, correction, timestamp: correction.asOf } }
}

const CANCEL_REASONS: Readonly<Record<string, string>> = { C: 'cancel', E: 'error' }

export function cancelOf(wire: Wire, symbol: string, context: Context): MarketEvent {
  const cancelled = { tradeId: idIn(wire, 'i'), price: optionalNumberIn(wire, 'p'), size: optionalNumberIn(wire, 's') }
  const venue = venueIn(wire, 'x', context)
  const action = optionalTextIn(wire, 'a')
  const { instant: _, ...stamp } = stampOf(wire, symbol, context)
  const { tradeDate, tape } = stamp
  const replaces = withoutAbsent<TradeReference>({ tradeDate, venue, tape, ...cancelled })
  const reason = action === undefined ? undefined : (CANCEL_REASONS[action] ?? action)
  const cancel = withoutAbsent({ ...stamp, replaces, reason })
  return { type: 'trade_cancel', data: { symbol, cancel, timestamp: cancel.asOf } }
}

/** A price of 0 is a side without orders. */
export function bboOf(wire: Wire, symbol: string, context: Context): BboUpdate {
  const [bid, bidSize, ask, askSize] = [
    numberIn(wire, 'bp'),
    optionalNumberIn(wire, 'bs'),
    numberIn(wire, 'ap'),
    optionalNumberIn(wire, 'as')
  ]
  const conditions = codesIn(wire, 'c')
  const venues = { bidVenue: venueIn(wire, 'bx', context), askVenue: venueIn(wire, 'ax', context) }
  const { instant, ...stamp } = stampOf(wire, symbol, context)
  const hasShares = context.market !== 'stocks' || isInShares(instant)
  const bbo = withoutAbsent({
    ...stamp,
    ...(bid !== 0 && { bid, bidSize: hasShares ? bidSize : undefined, bidVenue: venues.bidVenue }),
    ...(ask !== 0 && { ask, askSize: hasShares ? askSize : undefined, askVenue: venues.askVenue }),
    currency: currencyOf(symbol),
    conditions
  })
  return { type: 'bbo', data: { symbol, bbo, timestamp: bbo.asOf } }
}

const isInShares = ({ ms }: InstantNs) => ms >= SIZES_ARE_SHARES_SINCE_MS

const currencyOf = (symbol: string): string => cryptoPair(symbol)?.quoted ?? 'USD'

const WITHOUT_SPACE = /^\S{1,12}$/

/** The letters of options exchanges are others than those of shares, and stay as they are. */
function venueIn(wire: Wire, field: string, { market }: Context): string | undefined {
  const letter = codeIn(wire, field)
  return letter !== undefined && market === 'stocks' ? venueOfParticipant(letter) : letter
}

const tapeIn = (wire: Wire): string | undefined => codeIn(wire, 'z')

/** A space, as the tapes pad with, is none. */
function codeIn(wire: Wire, field: string): string | undefined {
  const code = optionalTextIn(wire, field)?.trim()
  if (code === undefined || code === '') return undefined
  if (!WITHOUT_SPACE.test(code)) throw new FieldError(field, 'is no code')
  return code
}
