import { NO_DAY, timeOfTrade, type BarTrade } from '../../src/bars/bar-trade.ts'
import { compareInstantNs } from '../../src/market/instant-ns.ts'
import { COUNTS, movesInSession, MOVES_LAST, MOVES_RANGE } from '../../src/market/trade-conditions.ts'
import type { Figures } from '../../src/bars/bar-change.ts'
import { BUILT_INTERVALS, startOf, type BuiltInterval } from '../../src/bars/intervals.ts'

export type PlainBar = Figures & { readonly interval: BuiltInterval; readonly start: number }

/** Bars by a plain look at all trades of a series; sizes have three decimals at most. */
export function plainBars(all: Iterable<BarTrade>): PlainBar[] {
  const trades = [...all]
  return BUILT_INTERVALS.flatMap((interval, level) =>
    [...Map.groupBy(trades, (trade) => startOf(level, timeOfTrade(trade)))].flatMap(([start, within]) => {
      const bar = start === NO_DAY ? undefined : plainBar(within)
      return bar ? [{ interval, start, ...bar }] : []
    })
  )
}

function plainBar(trades: readonly BarTrade[]): Figures | undefined {
  const last = trades
    .filter((trade) => movesInSession(trade) & MOVES_LAST)
    .toSorted((a, b) => compareInstantNs(a.asOf, b.asOf) || a.sequence - b.sequence || a.price - b.price)
  const range = trades.filter((trade) => movesInSession(trade) & MOVES_RANGE).map(({ price }) => price)
  const thousandths = trades
    .filter((trade) => movesInSession(trade) & COUNTS)
    .reduce((sum, { size }) => sum + BigInt(Math.round(size * 1000)), 0n)
  if (last.length === 0) return undefined
  return {
    open: last[0]!.price,
    high: Math.max(...range),
    low: Math.min(...range),
    close: last.at(-1)!.price,
    volume: Number(thousandths) / 1000
  }
}
