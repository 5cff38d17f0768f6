import { withoutAbsent } from '../../market/absent.ts'
import type { Bar } from '../../market/bar.ts'
import type { Bbo } from '../../market/bbo.ts'
import type { Halt, TradingStatus } from '../../market/halt.ts'
import type { Quote } from '../../market/quote.ts'
import type { StoredTick } from '../../market/stored-tick.ts'
import type { Trade, TradeCancel, TradeCorrection } from '../../market/trade.ts'
import { midnightOf } from '../new-york.ts'
import type { Snapshot } from '../snapshot.ts'
import { participantOf } from '../../streams/us-venues.ts'
import { WireInstant, wireInstant } from '../wire-instant.ts'
import { wholeNumber } from '../wire-json.ts'

/** Conditions that are letters of a tape; a list without any is told as it is. */
const lettersOf = (conditions: readonly string[] | undefined): string[] =>
  (conditions ?? []).filter((condition) => !condition.startsWith('#'))

type Execution = Partial<Pick<Trade, 'price' | 'size' | 'venue' | 'conditions' | 'tape' | 'tradeId'>> &
  Pick<Trade, 'asOf'>

/** https://docs.alpaca.markets/reference/stocktrades. What is not known is missing. */
export function tradeFields({ price, size, venue, conditions, tape, tradeId, asOf }: Execution) {
  return withoutAbsent({
    i: wholeNumber(tradeId),
    x: venue === undefined ? undefined : participantOf(venue, tape),
    p: price,
    s: size,
    c: lettersOf(conditions),
    z: tape,
    t: wireInstant(asOf)
  })
}

const UPDATES = { cancel: 'canceled', correction: 'incorrect' } as const

/** A stored trade with what became of it; undefined for the report that only takes another back. */
export function storedTradeFields(tick: StoredTick) {
  if (tick.kind === 'cancel') return undefined
  const update = tick.replacedBy ? UPDATES[tick.replacedBy] : tick.kind === 'correction' ? 'corrected' : undefined
  return { ...tradeFields(tick), ...(update && { u: update }) }
}

/** https://docs.alpaca.markets/reference/stockquotes: a price of 0 is a side without orders. */
export function quoteFields({ bid, bidSize, bidVenue, ask, askSize, askVenue, conditions, tape, asOf }: QuotedSides) {
  return withoutAbsent({
    bx: bid === undefined || bidVenue === undefined ? undefined : participantOf(bidVenue, tape),
    bp: bid ?? 0,
    bs: bid === undefined ? 0 : bidSize,
    ax: ask === undefined || askVenue === undefined ? undefined : participantOf(askVenue, tape),
    ap: ask ?? 0,
    as: ask === undefined ? 0 : askSize,
    c: lettersOf(conditions),
    z: tape,
    t: wireInstant(asOf)
  })
}

type QuotedSides = Partial<Bbo> & Pick<Bbo, 'asOf'>

/** https://docs.alpaca.markets/reference/stockbars. How many trades a bar had and their average are not known here. */
export function barFields({ start, open, high, low, close, volume }: Bar) {
  return withoutAbsent({ o: open, h: high, l: low, c: close, v: volume, t: startOf(start) })
}

/** When a bar starts, by the vendor's rule: a day at its midnight. */
export function startOf(start: string): WireInstant {
  if (start.length > 'YYYY-MM-DD'.length) return wireInstant(start)
  return new WireInstant({ ms: midnightOf(start), ns: 0 })
}

/** What the stream tells of a correction. The conditions of the trade as it was told before are not kept. */
export function correctionFields(correction: TradeCorrection) {
  const { replaces, price, size, conditions, tradeId, venue, tape, asOf } = correction
  return withoutAbsent({
    x: venue === undefined ? undefined : participantOf(venue, tape),
    oi: wholeNumber(replaces.tradeId),
    op: replaces.price,
    os: replaces.size,
    ci: wholeNumber(tradeId),
    cp: price,
    cs: size,
    cc: lettersOf(conditions),
    t: wireInstant(asOf),
    z: tape
  })
}

const ACTIONS: Readonly<Record<string, string>> = { cancel: 'C', error: 'E' }

export function cancelFields({ replaces, reason, tape, asOf }: TradeCancel) {
  const { tradeId, venue, price, size } = replaces
  return withoutAbsent({
    i: wholeNumber(tradeId),
    x: venue === undefined ? undefined : participantOf(venue, tape),
    p: price,
    s: size,
    a: ACTIONS[reason ?? ''] ?? reason,
    t: wireInstant(asOf),
    z: tape
  })
}

type Code = { readonly cta: string; readonly utp: string; readonly text: string }
const CODES: Readonly<Record<TradingStatus, Code>> = {
  halted: { cta: '2', utp: 'H', text: 'Trading Halt' },
  trading: { cta: '3', utp: 'T', text: 'Trading Resumption' },
  quoting: { cta: '5', utp: 'Q', text: 'Quotation Resumption' },
  paused: { cta: '2', utp: 'P', text: 'Volatility Trading Pause' }
}

/** Undefined where the status stays as it is. */
export function statusFields({ status, reason, reasonCode, tape, asOf }: Halt) {
  if (status === undefined) return undefined
  const { cta, utp, text } = CODES[status]
  const sc = tape === 'A' || tape === 'B' ? cta : utp
  return withoutAbsent({ sc, sm: text, rc: reasonCode ?? '', rm: reason ?? '', z: tape, t: wireInstant(asOf) })
}

/** Undefined where no band is told. */
export function bandFields({ limitUp, limitDown, tape, asOf }: Halt) {
  if (limitUp === undefined && limitDown === undefined) return undefined
  return withoutAbsent({ u: limitUp ?? 0, d: limitDown ?? 0, z: tape, t: wireInstant(asOf) })
}

/** The sides of a quote. Where their orders stand, and under which conditions, it does not say. */
export const newestQuoteFields = ({ bid, bidSize, ask, askSize, asOf }: Quote) =>
  quoteFields({ bid, bidSize, ask, askSize, asOf })

/** https://docs.alpaca.markets/reference/stocksnapshots */
export const snapshotFields = ({ trade, quote, minute, day, dayBefore }: Snapshot) =>
  withoutAbsent({
    latestTrade: trade && tradeFields(trade),
    latestQuote: quote && newestQuoteFields(quote),
    minuteBar: minute && barFields(minute),
    dailyBar: day && barFields(day),
    prevDailyBar: dayBefore && barFields(dayBefore)
  })
