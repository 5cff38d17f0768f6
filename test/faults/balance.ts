import type { Database } from '../../db/client.ts'
import type { Exchange } from '../../src/sandbox/exchange.ts'
import { Tape } from '../../src/sandbox/streams/tape.ts'
import { ALWAYS_OPEN } from '../../src/market/calendars.ts'
import { SessionClock } from '../../src/market/session-clock.ts'
import { isoOf } from '../../src/market/time.ts'
import type { Trade } from '../../src/market/trade.ts'
import { placeReader } from '../../src/streams/tick-place.ts'
import { hashOf } from '../workers/standing-trades.ts'

/** Of a trade what must be the same wherever it is, and when it was. */
export type Line = { readonly series: string; readonly text: string; readonly ms: number }

/** Epoch ms; the end is not in it. */
export type Span = { readonly from: number; readonly until: number }

/** The vendor's own trades, those of all ticks. */
export function linesOfTape(exchange: Exchange, tickMs: number, symbols: readonly string[], span: Span): Line[] {
  const tape = new Tape(exchange, tickMs)
  const placeOf = placeReader(new SessionClock(ALWAYS_OPEN).hoursOf)
  const lines: Line[] = []
  for (const symbol of symbols) {
    const instrument = exchange.find(symbol)!
    for (let at = Math.ceil(span.from / tickMs) * tickMs; at < span.until; at += tickMs) {
      const { id, price, size, ms } = tape.trade(instrument, at)!
      lines.push(
        lineOf({ symbol, tradeDate: placeOf(symbol, ms).tradeDate, venue: 'IEXG', tradeId: id, price, size }, ms)
      )
    }
  }
  return lines
}

export const linesOfTrades = (trades: Iterable<Trade>): Line[] =>
  Array.from(trades, (trade) =>
    lineOf({ ...trade, venue: trade.venue!, tradeId: trade.tradeId! }, Date.parse(trade.asOf))
  )

/** The trades that Postgres holds, as they were told; instants to the nanosecond. */
export async function storedTrades({ sql }: Database): Promise<Trade[]> {
  return sql<Trade[]>`
    select symbol, trade_date::text as "tradeDate", venue, trade_id as "tradeId", price::float8, size::float8, tape, conditions,
      session, feed, ticks.source, sequence::float8, fence::float8,
      to_char(as_of at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US') || lpad(ns::text, 3, '0') || 'Z' as "asOf",
      to_char(received_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "receivedAt"
    from ticks join instruments on instruments.id = instrument_id where ticks.kind = 'trade'`
}

/** Count and hash by symbol and day of what is in the span and in none of the gaps. */
export function balanceOf(lines: readonly Line[], span: Span, gaps: readonly Span[]): Record<string, string> {
  return Object.fromEntries(
    [...Map.groupBy(countedOf(lines, span, gaps), ({ series }) => series)]
      .map(([series, all]) => [series, `${all.length} ${hashOf(all.map(({ text }) => text))}`] as const)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
  )
}

/** What the tape has and the other side lacks, for people, who see no difference in hashes. */
export function missingIn(side: readonly Line[], tape: readonly Line[], span: Span, gaps: readonly Span[]): string[] {
  const held = new Set(side.map(({ text }) => text))
  return countedOf(tape, span, gaps).flatMap(({ text, ms }) => (held.has(text) ? [] : [`${isoOf(ms)} ${text}`]))
}

const countedOf = (lines: readonly Line[], { from, until }: Span, gaps: readonly Span[]): Line[] =>
  lines.filter(({ ms }) => ms >= from && ms < until && !gaps.some((gap) => gap.from <= ms && ms <= gap.until))

type Told = Pick<Trade, 'symbol' | 'tradeDate' | 'price' | 'size'> & {
  readonly venue: string
  readonly tradeId: string | number
}

const lineOf = ({ symbol, tradeDate, venue, tradeId, price, size }: Told, ms: number): Line => ({
  series: `${symbol} ${tradeDate}`,
  text: `${symbol} ${tradeDate} ${venue} ${tradeId} ${price} ${size}`,
  ms
})
