import type { TradingCalendar } from './calendar.ts'
import { between, keyOf, normal, uniform } from './noise.ts'
import type { Instrument } from './universe/instrument.ts'
import { companyOf } from './universe/universe.ts'
import { VENUES } from './venues.ts'

/** On this day every instrument trades at its listed level; before and after, it walks. */
const ANCHOR_DATE = '2026-01-02'
const MARKET_VOLATILITY = 0.009
const SECTOR_VOLATILITY = 0.005
const DRIFT_PER_SESSION = 0.0003
/** Pull towards the trend, so that decades of history keep within a believable range. */
const MARKET_MEMORY = 0.9985
const SECTOR_MEMORY = 0.998
const OWN_MEMORY = 0.997
/** How often a share jumps by itself, as on earnings, and by how many of its usual moves. */
const JUMP_PROBABILITY = 0.012
const JUMP_SCALE = 4

/** One day of trading, in today's (fully split-adjusted) price units, unrounded. */
export type Day = {
  readonly previousClose: number
  readonly open: number
  readonly high: number
  readonly low: number
  readonly close: number
  readonly volume: number
}

/**
 * The daily bars of every instrument: a market, a sector and an own factor, each an autoregressive walk over hashed
 * shocks. A day depends on the seed, the symbol and the session's number only.
 */
export class DailyWalks {
  readonly #seed: number
  readonly #calendarOf: (instrument: Instrument) => TradingCalendar
  readonly #walks = new Map<string, Walk>()
  readonly #models = new Map<string, Model>()

  constructor(seed: number, calendarOf: (instrument: Instrument) => TradingCalendar) {
    this.#seed = seed
    this.#calendarOf = calendarOf
  }

  /** The bar of a session by its number; all of it, whether or not the session is over. */
  day(instrument: Instrument, index: number): Day {
    const { key, deviation, usualVolume } = this.#modelOf(instrument)
    const closeLog = this.#logAt(instrument, index)
    const previousLog = index > 0 ? this.#logAt(instrument, index - 1) : closeLog
    const move = closeLog - previousLog
    // Round-the-clock markets open where they closed.
    const gap = tradesAroundTheClock(instrument) ? 0 : 0.35 * move + 0.2 * deviation * normal(key, index * 4)
    const open = Math.exp(previousLog + gap)
    const close = Math.exp(closeLog)
    const busy = Math.exp(0.25 * normal(key, index * 4 + 3)) * (1 + (0.4 * Math.abs(move)) / deviation)
    return {
      previousClose: Math.exp(previousLog),
      open,
      high: Math.max(open, close) * Math.exp(0.35 * deviation * Math.abs(normal(key, index * 4 + 1))),
      low: Math.min(open, close) * Math.exp(-0.35 * deviation * Math.abs(normal(key, index * 4 + 2))),
      close,
      volume: Math.round(usualVolume * busy)
    }
  }

  /** A hash key for what is particular to an instrument in this market. */
  keyOf(instrument: Instrument): number {
    return this.#modelOf(instrument).key
  }

  /** Standard deviation of the daily log return. */
  dailyDeviation(instrument: Instrument): number {
    return this.#modelOf(instrument).deviation
  }

  #logAt(instrument: Instrument, index: number): number {
    const { base, trend, market, sector, own } = this.#modelOf(instrument)
    return base + trend * index + instrument.beta * market.at(index) + (sector?.at(index) ?? 0) + own.at(index)
  }

  #modelOf(instrument: Instrument): Model {
    let model = this.#models.get(instrument.symbol)
    if (!model) this.#models.set(instrument.symbol, (model = this.#createModel(instrument)))
    return model
  }

  #createModel(instrument: Instrument): Model {
    const { symbol, kind, beta, sector: sectorName, ownVolatility } = instrument
    const { market: marketName } = VENUES[instrument.venue]
    const anchor = this.#calendarOf(instrument).sessionOnOrAfter(ANCHOR_DATE).index
    const market = this.#walk(`market ${marketName}`, MARKET_VOLATILITY, MARKET_MEMORY)
    const sector = sectorName && this.#walk(`sector ${marketName} ${sectorName}`, SECTOR_VOLATILITY, SECTOR_MEMORY)
    const jumps = kind === 'equity' ? JUMP_PROBABILITY : 0
    const own = this.#walk(`own ${companyOf(symbol)}`, ownVolatility, OWN_MEMORY, jumps)
    const trend = kind === 'fx' ? 0 : DRIFT_PER_SESSION * Math.max(0, beta)
    return {
      key: keyOf(this.#seed, symbol),
      base:
        Math.log(instrument.level) -
        trend * anchor -
        beta * market.at(anchor) -
        (sector?.at(anchor) ?? 0) -
        own.at(anchor),
      trend,
      market,
      sector,
      own,
      deviation: Math.hypot(beta * MARKET_VOLATILITY, sector ? SECTOR_VOLATILITY : 0, ownVolatility),
      usualVolume: usualVolume(instrument)
    }
  }

  #walk(name: string, deviation: number, memory: number, jumps = 0): Walk {
    let walk = this.#walks.get(name)
    if (!walk) this.#walks.set(name, (walk = new Walk(keyOf(this.#seed, name), deviation, memory, jumps)))
    return walk
  }
}

type Model = {
  readonly key: number
  /** Logarithm of the price with every walk at zero, at session 0. */
  readonly base: number
  readonly trend: number
  readonly market: Walk
  readonly sector: Walk | undefined
  readonly own: Walk
  readonly deviation: number
  readonly usualVolume: number
}

/** Shares a day; the US dollar value of a day for crypto currencies, as vendors count it; none where nobody counts. */
function usualVolume({ kind, symbol, shares = 0, level }: Instrument): number {
  if (kind === 'index' || kind === 'fx') return 0
  if (kind === 'crypto') return shares * level * 0.03
  const key = keyOf(0, `turnover ${symbol}`)
  return shares * (kind === 'etf' ? between(0.005, 0.06, key, 0) : between(0.002, 0.007, key, 0))
}

export function tradesAroundTheClock({ kind }: Instrument): boolean {
  return kind === 'crypto' || kind === 'fx'
}

/** An autoregressive walk that is worked out once, as far as it is asked for. */
class Walk {
  readonly #key: number
  readonly #deviation: number
  readonly #memory: number
  readonly #jumps: number
  readonly #values: number[] = [0]

  constructor(key: number, deviation: number, memory: number, jumps: number) {
    this.#key = key
    this.#deviation = deviation
    this.#memory = memory
    this.#jumps = jumps
  }

  at(index: number): number {
    for (let next = this.#values.length; next <= index; next++) {
      const scale = uniform(this.#key, -next) < this.#jumps ? JUMP_SCALE : 1
      this.#values.push(this.#memory * this.#values[next - 1]! + this.#deviation * scale * normal(this.#key, next))
    }
    return this.#values[index]!
  }
}
