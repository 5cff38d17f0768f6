import { withoutAbsent } from '../../market/absent.ts'
import type { Bar } from '../../market/bar.ts'
import type { Bbo } from '../../market/bbo.ts'
import type { Halt } from '../../market/halt.ts'
import { parseInstantNs } from '../../market/instant-ns.ts'
import type { Quote } from '../../market/quote.ts'
import type { StoredBbo } from '../../market/stored-bbo.ts'
import type { StoredTick } from '../../market/stored-tick.ts'
import { MINUTE_MS } from '../../market/time.ts'
import type { Trade } from '../../market/trade.ts'
import type { Latest, LatestTrade } from '../latest.ts'
import { midnightOf } from '../new-york.ts'
import type { Snapshot } from '../snapshot.ts'
import { exchangeIdsOf, saleConditionIdsOf, tapeNumberOf } from '../../streams/massive/codes.ts'

/** Of ordinary quotes. */
const REGULAR_QUOTE = 1
/** Indicators of a price band that tell of a halt, and of its end. */
const HALTED = 17
const RESUMED = 18

const millisOf = (asOf: string): number => parseInstantNs(asOf)!.ms

/** Nanoseconds since 1970, which no double holds. */
export function nanosOf(asOf: string): bigint {
  const { ms, ns } = parseInstantNs(asOf)!
  return BigInt(ms) * 1_000_000n + BigInt(ns)
}

/** The size in whole shares, and exactly where parts of a share were traded. */
function sizesOf(size: number): { whole: number; exact: string | undefined } {
  return { whole: Math.floor(size), exact: Number.isInteger(size) ? undefined : String(size) }
}

const listed = (ids: number[]): number[] | undefined => (ids.length > 0 ? ids : undefined)

/** https://massive.com/docs/websocket/stocks/trades. What is not known is missing. */
export function tradeMessage(ticker: string, trade: Trade) {
  const { price, size, venue, conditions = [], tape, tradeId, asOf, sequence } = trade
  const { whole, exact } = sizesOf(size)
  const ids = venue === undefined ? undefined : exchangeIdsOf(venue)
  return withoutAbsent({
    ev: 'T',
    sym: ticker,
    x: ids?.x,
    i: tradeId,
    z: tapeNumberOf(tape),
    p: price,
    s: whole,
    ds: exact,
    c: listed(saleConditionIdsOf(tape, conditions)),
    t: millisOf(asOf),
    q: sequence,
    trfi: ids?.trfi
  })
}

/** https://massive.com/docs/rest/stocks/trades-quotes/trades */
export function tradeRow(tick: Partial<StoredTick> & Pick<StoredTick, 'asOf'>) {
  const { price, size, venue, conditions = [], tape, tradeId, asOf, sequence, kind } = tick
  const sizes = size === undefined ? undefined : sizesOf(size)
  const ids = venue === undefined ? undefined : exchangeIdsOf(venue)
  return withoutAbsent({
    conditions: listed(saleConditionIdsOf(tape, conditions)),
    correction: kind === 'correction' ? 1 : undefined,
    exchange: ids?.x,
    id: tradeId,
    participant_timestamp: nanosOf(asOf),
    price,
    sequence_number: sequence,
    sip_timestamp: nanosOf(asOf),
    size: sizes?.whole,
    decimal_size: sizes?.exact,
    tape: tapeNumberOf(tape),
    trf_id: ids?.trfi
  })
}

/** https://massive.com/docs/rest/stocks/trades-quotes/last-trade */
export function lastTradeRow(ticker: string, tick: LatestTrade) {
  const row = tradeRow(tick)
  return withoutAbsent({
    T: ticker,
    c: row.conditions,
    i: row.id,
    p: row.price,
    q: row.sequence_number,
    r: row.trf_id,
    s: row.size,
    ds: row.decimal_size,
    t: row.sip_timestamp,
    x: row.exchange,
    y: row.participant_timestamp,
    z: row.tape
  })
}

const indicatorsIn = (conditions: readonly string[]): number[] =>
  conditions.flatMap((condition) => (condition.startsWith('#') ? Number(condition.slice(1)) : []))

/** https://massive.com/docs/websocket/stocks/quotes */
export function quoteMessage(ticker: string, bbo: Bbo) {
  const { bid, bidSize, bidVenue, ask, askSize, askVenue, conditions = [], tape, asOf, sequence } = bbo
  return withoutAbsent({
    ev: 'Q',
    sym: ticker,
    bx: bidVenue === undefined ? undefined : exchangeIdsOf(bidVenue)?.x,
    bp: bid,
    bs: bidSize,
    ax: askVenue === undefined ? undefined : exchangeIdsOf(askVenue)?.x,
    ap: ask,
    as: askSize,
    c: REGULAR_QUOTE,
    i: listed(indicatorsIn(conditions)),
    t: millisOf(asOf),
    q: sequence,
    z: tapeNumberOf(tape)
  })
}

/** https://massive.com/docs/rest/stocks/trades-quotes/quotes */
export function quoteRow({ bid, bidSize, bidVenue, ask, askSize, askVenue, ...told }: StoredBbo) {
  const { conditions = [], tape, asOf, sequence } = told
  return withoutAbsent({
    ask_exchange: askVenue === undefined ? undefined : exchangeIdsOf(askVenue)?.x,
    ask_price: ask,
    ask_size: askSize,
    bid_exchange: bidVenue === undefined ? undefined : exchangeIdsOf(bidVenue)?.x,
    bid_price: bid,
    bid_size: bidSize,
    conditions: [REGULAR_QUOTE],
    indicators: listed(indicatorsIn(conditions)),
    participant_timestamp: nanosOf(asOf),
    sequence_number: sequence,
    sip_timestamp: nanosOf(asOf),
    tape: tapeNumberOf(tape)
  })
}

/** https://massive.com/docs/websocket/stocks/aggregates-per-minute. The day's figures and averages are not known here. */
export function minuteMessage(ticker: string, { start, open, high, low, close, volume }: Bar) {
  const s = Date.parse(start)
  const volumes = volume === undefined ? undefined : sizesOf(volume)
  const bar = { o: open, c: close, h: high, l: low, s, e: s + MINUTE_MS }
  return withoutAbsent({ ev: 'AM', sym: ticker, v: volumes?.whole, dv: volumes?.exact, ...bar })
}

/** https://massive.com/docs/websocket/stocks/luld: the ticker is `T`. Undefined where neither a band nor a halt is told. */
export function bandMessage(ticker: string, { status, limitUp, limitDown, tape, asOf, sequence }: Halt) {
  const indicator = status === 'halted' ? HALTED : status === 'trading' ? RESUMED : undefined
  if (limitUp === undefined && limitDown === undefined && indicator === undefined) return undefined
  return withoutAbsent({
    ev: 'LULD',
    T: ticker,
    h: limitUp,
    l: limitDown,
    i: indicator === undefined ? undefined : [indicator],
    z: tapeNumberOf(tape),
    t: nanosOf(asOf),
    q: sequence
  })
}

/** https://massive.com/docs/rest/stocks/aggregates/custom-bars */
export function barRow({ start, open, high, low, close, volume }: Bar) {
  return withoutAbsent({ v: volume, o: open, c: close, h: high, l: low, t: startOf(start) })
}

/** Epoch milliseconds; a day begins at its midnight in New York. */
export function startOf(start: string): number {
  if (start.length > 'YYYY-MM-DD'.length) return Date.parse(start)
  return midnightOf(start)
}

/** https://massive.com/docs/rest/stocks/trades-quotes/last-quote. At which exchanges its sides stand a quote does not say. */
export const lastQuoteRow = (ticker: string, { bid, bidSize, ask, askSize, asOf }: Quote) =>
  withoutAbsent({ T: ticker, p: bid, s: bidSize, P: ask, S: askSize, t: nanosOf(asOf), y: nanosOf(asOf) })

/** https://massive.com/docs/rest/stocks/snapshots/single-ticker-snapshot */
export function snapshotRow(ticker: string, { quote: held }: Latest, snapshot: Snapshot) {
  const { trade, quote, minute, day, dayBefore, change } = snapshot
  const figures = (bar: Bar | undefined) => {
    const { t: _start, ...row } = bar ? barRow(bar) : {}
    return bar && row
  }
  const { T: _ticker, ...lastTrade } = trade ? lastTradeRow(ticker, trade) : {}
  const { T: _same, y: _instant, ...lastQuote } = quote ? lastQuoteRow(ticker, quote) : {}
  return withoutAbsent({
    ticker,
    day: figures(day),
    lastTrade: trade && lastTrade,
    lastQuote: quote && lastQuote,
    min: minute && barRow(minute),
    prevDay: figures(dayBefore),
    todaysChange: change?.change,
    todaysChangePerc: change?.changePercent,
    updated: held && nanosOf(held.asOf)
  })
}
