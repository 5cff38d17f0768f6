import { ATR, BollingerBands, EMA, MACD, OBV, RSI, SMA, StochasticOscillator, VWAP } from 'trading-signals'
import { InvalidField } from '../errors.ts'
import { isIntraday, type Bar, type BarSeries, type Interval } from '../market/bar.ts'
import {
  DEVIATIONS,
  MAX_INDICATOR_LENGTH,
  type IndicatorConventions,
  type IndicatorName,
  type IndicatorParameters
} from '../market/indicator.ts'
import { dateIn } from '../market/zoned-time.ts'

/** What an average without an end may still owe to the bars before its warm-up, as a share of the price. */
const UNSETTLED_SHARE = 1e-9

export type ParameterName = keyof IndicatorParameters
type Values = Record<string, number>
/** Takes bar after bar; undefined until enough came, and for a bar that lacks what the indicator needs. */
type Computation = (bar: Bar) => Values | undefined
type CountedFrom = NonNullable<IndicatorConventions['countedFrom']>

export type Definition<Name extends ParameterName = ParameterName> = {
  /** What is taken when nothing is asked for, in the order in which a short form names them. */
  readonly defaults: Readonly<Record<Name, number>>
  /** The smallest length that means something, where that is not 1. */
  readonly shortest?: number
  readonly conventions: Omit<IndicatorConventions, 'countedFrom' | 'warmUpBars'>
  /** Bars until the first point. */
  readonly barsNeeded: (parameters: Record<Name, number>) => number
  /** Bars before a bar on which its value rests beyond `barsNeeded`, for averages without an end. */
  readonly barsToSettle?: (parameters: Record<Name, number>) => number
  /** Where a running sum begins anew. */
  readonly countedFrom?: (interval: Interval) => CountedFrom
  /** `series` says what the bars are; a computation serves one pass over them. */
  readonly start: (parameters: Record<Name, number>, series: BarSeries) => Computation
}

/** Bars until the newest `weight` of an exponential average leaves the rest no more than the unsettled share. */
const settled = (weight: number): number => Math.ceil(Math.log(UNSETTLED_SHARE) / Math.log1p(-weight))
const exponential = (length: number): number => settled(2 / (length + 1))
const wilder = (length: number): number => settled(1 / length)

const define = <Name extends ParameterName>(definition: Definition<Name>) => definition as unknown as Definition

/**
 * How each indicator is computed. Averages of `ema` and `macd` start from the first close of the series, those of `rsi`
 * and `atr` are Wilder's and start from the plain mean of their first length: either way they settle as bars come in.
 */
export const INDICATORS: Readonly<Record<IndicatorName, Definition>> = {
  sma: define<'length'>({
    defaults: { length: 20 },
    conventions: { input: 'close', smoothing: 'simple' },
    barsNeeded: ({ length }) => length,
    start({ length }) {
      const sma = new SMA(length)
      return ({ close }) => named('sma', sma.add(close))
    }
  }),
  ema: define<'length'>({
    defaults: { length: 20 },
    conventions: { input: 'close', smoothing: 'exponential' },
    barsToSettle: ({ length }) => exponential(length),
    barsNeeded: ({ length }) => length,
    start({ length }) {
      const ema = new EMA(length)
      // It answers from the first close on; what it says before it has seen its length is no average of it.
      return ({ close }) => named('ema', ema.add(close), ema.isStable)
    }
  }),
  rsi: define<'length'>({
    defaults: { length: 14 },
    shortest: 2,
    conventions: { input: 'close', smoothing: 'wilder' },
    barsToSettle: ({ length }) => wilder(length),
    barsNeeded: ({ length }) => length + 1,
    start({ length }) {
      const rsi = new RSI(length)
      let first: number | undefined
      let hasMoved = false
      // A price that never moved has neither strength nor weakness; the library calls it all strength.
      return ({ close }) => {
        hasMoved ||= close !== (first ??= close)
        return named('rsi', rsi.add(close), hasMoved)
      }
    }
  }),
  macd: define<'fast' | 'slow' | 'signal'>({
    defaults: { fast: 12, slow: 26, signal: 9 },
    conventions: { input: 'close', smoothing: 'exponential' },
    barsToSettle: ({ slow, signal }) => exponential(slow) + exponential(signal),
    barsNeeded: ({ slow, signal }) => slow + signal - 1,
    start({ fast, slow, signal }) {
      const average = new EMA(signal)
      const macd = new MACD(new EMA(fast), new EMA(slow), average)
      return ({ close }) => {
        const result = macd.add(close)
        return result && average.isStable ? { ...result } : undefined
      }
    }
  }),
  bollinger: define<'length' | 'deviations'>({
    defaults: { length: 20, deviations: 2 },
    shortest: 2,
    conventions: { input: 'close', smoothing: 'simple', deviation: 'population' },
    barsNeeded: ({ length }) => length,
    start({ length, deviations }) {
      const bands = new BollingerBands(length, deviations)
      return ({ close }) => {
        const result = bands.add(close)
        return result ? { ...result } : undefined
      }
    }
  }),
  atr: define<'length'>({
    defaults: { length: 14 },
    conventions: { input: 'high, low, close', smoothing: 'wilder' },
    barsToSettle: ({ length }) => wilder(length),
    barsNeeded: ({ length }) => length,
    start({ length }) {
      const atr = new ATR(length)
      return (bar) => named('atr', atr.add(bar))
    }
  }),
  stochastic: define<'length' | 'smoothing' | 'signal'>({
    defaults: { length: 14, smoothing: 3, signal: 3 },
    conventions: { input: 'high, low, close', smoothing: 'simple' },
    barsNeeded: ({ length, smoothing, signal }) => length + smoothing + signal - 2,
    start({ length, smoothing, signal }) {
      const stochastic = new StochasticOscillator({ kPeriod: length, kSlowingPeriod: smoothing, dPeriod: signal })
      const window: Bar[] = []
      let barsSinceFlat = Infinity
      // In a window without a range there is no place within it; the library says the bottom, and smooths that along.
      return (bar) => {
        if (window.push(bar) > length) window.shift()
        const isFlat = window.every(({ high, low }) => high === low && high === bar.high)
        barsSinceFlat = isFlat && window.length === length ? 0 : barsSinceFlat + 1
        const result = stochastic.add(bar)
        const isDefined = result && barsSinceFlat >= smoothing + signal - 1
        return isDefined ? { k: result.stochK, d: result.stochD } : undefined
      }
    }
  }),
  obv: define<never>({
    defaults: {},
    conventions: { input: 'close, volume' },
    barsNeeded: () => 2,
    countedFrom: (interval) => (isIntraday(interval) ? 'session' : 'history'),
    start(_, series) {
      const begins = startOfCount(INDICATORS.obv, series)
      let obv = new OBV(2)
      return ({ volume, ...bar }) => {
        if (begins(bar)) obv = new OBV(2)
        return volume === undefined ? undefined : named('obv', obv.add({ ...bar, volume }))
      }
    }
  }),
  vwap: define<never>({
    defaults: {},
    conventions: { input: 'typical price, volume' },
    barsNeeded: () => 1,
    countedFrom: (interval) => (isIntraday(interval) ? 'session' : interval === '1d' ? 'month' : 'year'),
    start(_, series) {
      const begins = startOfCount(INDICATORS.vwap, series)
      let vwap = new VWAP()
      return ({ volume, ...bar }) => {
        if (begins(bar)) vwap = new VWAP()
        return volume === undefined ? undefined : named('vwap', vwap.add({ ...bar, volume }))
      }
    }
  })
}

/** Of each bar in turn whether a new session, month or year begins with it, by the calendar of the exchange. */
function startOfCount(
  { countedFrom }: Definition,
  { interval, timeZone = 'UTC' }: BarSeries
): (bar: Pick<Bar, 'start'>) => boolean {
  const length = { session: 10, month: 7, year: 4, history: 0 }[countedFrom!(interval)]
  let current: string | undefined
  return ({ start }) => {
    const date = isIntraday(interval) ? dateIn(timeZone, Date.parse(start)) : start
    const span = date.slice(0, length)
    const isNew = current !== undefined && span !== current
    current = span
    return isNew
  }
}

/**
 * An indicator's parameters with the defaults filled in. Throws INVALID_REQUEST naming the one that the indicator does
 * not take, or whose value it cannot work with.
 */
export function resolveParameters(name: IndicatorName, given: IndicatorParameters): Record<ParameterName, number> {
  const { defaults, shortest = 1 } = INDICATORS[name]
  const taken = Object.keys(defaults)
  for (const [parameter, value] of Object.entries(given)) {
    if (!taken.includes(parameter)) {
      const takes = taken.length > 0 ? `takes ${taken.join(', ')}` : 'takes no parameters'
      throw new InvalidField(parameter, `is not a parameter of ${name}, which ${takes}`, taken)
    }
    if (parameter === 'deviations') inRange(parameter, value, DEVIATIONS.minimum, DEVIATIONS.maximum)
    else inRange(parameter, value, parameter === 'length' ? shortest : 1, MAX_INDICATOR_LENGTH)
  }
  const parameters = { ...defaults, ...given }
  if (name === 'macd' && parameters.fast >= parameters.slow) {
    throw new InvalidField('fast', `must be less than slow, which is ${parameters.slow}`, {
      maximum: parameters.slow - 1
    })
  }
  return parameters
}

function named(name: string, value: number | null, isDefined = true): Values | undefined {
  return value === null || !isDefined ? undefined : { [name]: value }
}

function inRange(parameter: string, value: number, minimum: number, maximum: number): void {
  if (value >= minimum && value <= maximum) return
  throw new InvalidField(parameter, `must be between ${minimum} and ${maximum}`, { minimum, maximum })
}
