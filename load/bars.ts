import { BarBuilder } from '../src/bars/bar-builder.ts'
import { INTRADAY_LENGTH_MS } from '../src/market/bar.ts'
import type { Tick } from '../src/market/tick.ts'
import { DAY_MS } from '../src/market/time.ts'
import { eligibilityInSession } from '../src/market/trade-conditions.ts'
import type { Trade } from '../src/market/trade.ts'
import { median } from './processes.ts'
import { SYMBOLS, symbolAt } from './ticks.ts'

const TRADES = 2_000_000
/** Trades of a stream are new, and in the processor's cache: so are few that come again. */
const TRADES_AT_ONCE = 4000
const TRADES_PER_MS = 100
const ROUNDS = 5
const START_MS = Date.parse('2026-11-30T15:00:00Z')
const DATE = '2026-11-30'

/** Makes bars of trades as they come, and says in the end what all daily ones trade. */
type Maker = { add(trades: readonly Tick<Trade>[]): void; volume(): number }
type Way = 'cascade' | 'naive'
const MAKERS: Readonly<Record<Way, () => Maker>> = { cascade: byCascade, naive: byMap }

/**
 * Bars of a minute, five, fifteen, an hour and a day from trades of 2,000 symbols, 100,000 in a second of their time, as the
 * persist process makes them; and by a Map with a key for each symbol, interval and beginning, in turn.
 */
export async function run(): Promise<Record<string, number>> {
  const perSecond: Record<Way, number[]> = { cascade: [], naive: [] }
  for (let round = 0; round <= ROUNDS; round++) {
    const rounds = { cascade: measure('cascade'), naive: measure('naive') }
    if (Math.abs(rounds.cascade.volume / rounds.naive.volume - 1) > 1e-9)
      throw new Error('the ways differ in their volume')
    // The first round is for the program to become warm.
    if (round === 0) continue
    for (const way of ['cascade', 'naive'] as const) perSecond[way].push(rounds[way].perSecond)
  }
  const ratio = median(perSecond.cascade.map((rate, round) => rate / perSecond.naive[round]!))
  console.table(
    Object.entries(perSecond).map(([way, rates]) => ({ way, 'M trades per CPU second': rounded(median(rates) / 1e6) }))
  )
  return { ratio: rounded(ratio), tradesPerSecond: Math.round(median(perSecond.cascade)) }
}

/** Of the processor's time, the making of the trades does not count. */
function measure(way: Way): { perSecond: number; volume: number } {
  const maker = MAKERS[way]()
  let micros = 0
  for (let first = 0; first < TRADES; first += TRADES_AT_ONCE) {
    const trades = Array.from({ length: TRADES_AT_ONCE }, (_, at) => tradeAt(first + at))
    const begun = process.cpuUsage()
    maker.add(trades)
    const { user, system } = process.cpuUsage(begun)
    micros += user + system
  }
  return { perSecond: (TRADES * 1e6) / micros, volume: maker.volume() }
}

function tradeAt(number: number): Tick<Trade> {
  return {
    symbol: symbolAt((number * 7919) % SYMBOLS),
    asOf: { ms: START_MS + Math.floor(number / TRADES_PER_MS), ns: (number % TRADES_PER_MS) * 10_000 },
    sequence: number,
    tradeDate: DATE,
    session: 'regular',
    tape: 'C',
    source: 'alpaca',
    feed: 'consolidated',
    receivedAt: START_MS + Math.floor(number / TRADES_PER_MS),
    price: 100 + ((number * 31) % 1000) / 100,
    size: 1 + (number % 100),
    venue: 'XNAS',
    conditions: number % 3 === 0 ? ['@', 'I'] : ['@'],
    tradeId: String(number)
  }
}

function byCascade(): Maker {
  const builder = new BarBuilder()
  const numbers = new Map<string, number>()
  return {
    add(trades) {
      for (const trade of trades) {
        let series = numbers.get(trade.symbol)
        if (series === undefined) {
          series = builder.addSeries()
          numbers.set(trade.symbol, series)
        }
        builder.add(series, trade)
      }
    },
    volume() {
      const told = builder.flush({ heardUntil: () => Infinity, endOfDay: (_, day) => day * DAY_MS, provisional: false })
      return told.reduce((sum, bar) => sum + (bar.interval === '1d' && bar.state !== 'withdrawn' ? bar.volume : 0), 0)
    }
  }
}

type MapBar = { open: number; high: number; low: number; close: number; volume: number; first: number; last: number }

const LENGTHS_MS = { ...INTRADAY_LENGTH_MS, '1d': DAY_MS }
const INTERVALS = ['1m', '5m', '15m', '1h', '1d'] as const

function byMap(): Maker {
  const bars = new Map<string, MapBar>()
  return {
    add(trades) {
      for (const trade of trades) {
        const { last, range, volume } = eligibilityInSession(trade)
        const { symbol, price, size, asOf, sequence } = trade
        for (const interval of INTERVALS) {
          const key = `${symbol}:${interval}:${Math.floor(asOf.ms / LENGTHS_MS[interval])}`
          let bar = bars.get(key)
          if (!bar) {
            bar = { open: NaN, high: -Infinity, low: Infinity, close: NaN, volume: 0, first: Infinity, last: -Infinity }
            bars.set(key, bar)
          }
          if (range) {
            bar.high = Math.max(bar.high, price)
            bar.low = Math.min(bar.low, price)
          }
          if (last && sequence > bar.last) [bar.close, bar.last] = [price, sequence]
          if (last && sequence < bar.first) [bar.open, bar.first] = [price, sequence]
          if (volume) bar.volume += size
        }
      }
    },
    volume() {
      let sum = 0
      for (const [key, { volume }] of bars) if (key.includes(':1d:')) sum += volume
      return sum
    }
  }
}

const rounded = (value: number) => Math.round(value * 100) / 100
