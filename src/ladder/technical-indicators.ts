import { ATR, BollingerBands, EMA, MACD, OBV, RSI, SMA, StochasticOscillator, VWAP } from 'trading-signals'
import { InvalidField } from '../errors.ts'
import { isIntraday, type Bar, type BarSeries } from '../market/bar.ts'
import type { IndicatorName, IndicatorParameters, IndicatorPoint, IndicatorSeries } from '../market/indicator.ts'
import { dateIn } from '../market/zoned-time.ts'

const MAX_LENGTH = 500
const MAX_DEVIATIONS = 10

type ParameterName = keyof IndicatorParameters
type Values = Record<string, number>
/** Takes bar after bar; undefined until enough came, and for a bar that lacks what the indicator needs. */
type Computation = (bar: Bar) => Values | undefined

type Definition<Name extends ParameterName = ParameterName> = {
  /** What is taken when nothing is asked for. */
  readonly defaults: Readonly<Record<Name, number>>
  /** The smallest length that means something, where that is not 1. */
  readonly shortest?: number
  /** Bars until the first point. */
  readonly barsNeeded: (parameters: Record<Name, number>) => number
  /** `series` says what the bars are; a computation serves one pass over them. */
  readonly start: (parameters: Record<Name, number>, series: BarSeries) => Computation
}

const define = <Name extends ParameterName>(definition: Definition<Name>) => definition as unknown as Definition

/**
 * How each indicator is computed. Averages of `ema` and `macd` start from the first close of the series, those of `rsi`
 * and `atr` are Wilder's and start from the plain mean of their first period: either way they settle as bars come in.
 */
const INDICATORS: Readonly<Record<IndicatorName, Definition>> = {
  sma: define<'period'>({
    defaults: { period: 20 },
    barsNeeded: ({ period }) => period,
    start({ period }) {
      const sma = new SMA(period)
      return ({ close }) => named('sma', sma.add(close))
    }
  }),
  ema: define<'period'>({
    defaults: { period: 20 },
    barsNeeded: ({ period }) => period,
    start({ period }) {
      const ema = new EMA(period)
      // It answers from the first close on; what it says before it has seen its period is no average of it.
      return ({ close }) => named('ema', ema.add(close), ema.isStable)
    }
  }),
  rsi: define<'period'>({
    defaults: { period: 14 },
    shortest: 2,
    barsNeeded: ({ period }) => period + 1,
    start({ period }) {
      const rsi = new RSI(period)
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
  bollinger: define<'period' | 'deviations'>({
    defaults: { period: 20, deviations: 2 },
    shortest: 2,
    barsNeeded: ({ period }) => period,
    start({ period, deviations }) {
      const bands = new BollingerBands(period, deviations)
      return ({ close }) => {
        const result = bands.add(close)
        return result ? { ...result } : undefined
      }
    }
  }),
  atr: define<'period'>({
    defaults: { period: 14 },
    barsNeeded: ({ period }) => period,
    start({ period }) {
      const atr = new ATR(period)
      return (bar) => named('atr', atr.add(bar))
    }
  }),
  stochastic: define<'period' | 'smoothing' | 'signal'>({
    defaults: { period: 14, smoothing: 3, signal: 3 },
    barsNeeded: ({ period, smoothing, signal }) => period + smoothing + signal - 2,
    start({ period, smoothing, signal }) {
      const stochastic = new StochasticOscillator({ kPeriod: period, kSlowingPeriod: smoothing, dPeriod: signal })
      const window: Bar[] = []
      let barsSinceFlat = Infinity
      // In a window without a range there is no place within it; the library says the bottom, and smooths that along.
      return (bar) => {
        if (window.push(bar) > period) window.shift()
        const isFlat = window.every(({ high, low }) => high === low && high === bar.high)
        barsSinceFlat = isFlat && window.length === period ? 0 : barsSinceFlat + 1
        const result = stochastic.add(bar)
        const isDefined = result && barsSinceFlat >= smoothing + signal - 1
        return isDefined ? { k: result.stochK, d: result.stochD } : undefined
      }
    }
  }),
  obv: define<never>({
    defaults: {},
    barsNeeded: () => 2,
    start() {
      const obv = new OBV(2)
      return ({ volume, ...bar }) => (volume === undefined ? undefined : named('obv', obv.add({ ...bar, volume })))
    }
  }),
  /** Counted anew in each session; from the first bar on where a bar is a day or longer. */
  vwap: define<never>({
    defaults: {},
    barsNeeded: () => 1,
    start(_, { interval, timeZone = 'UTC' }) {
      const sessionOf = isIntraday(interval) ? ({ start }: Bar) => dateIn(timeZone, Date.parse(start)) : () => ''
      let session: string | undefined
      let vwap = new VWAP()
      return ({ volume, ...bar }) => {
        const current = sessionOf(bar)
        if (current !== session) vwap = new VWAP()
        session = current
        return volume === undefined ? undefined : named('vwap', vwap.add({ ...bar, volume }))
      }
    }
  })
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
    if (parameter === 'deviations') inRange(parameter, value, 0.1, MAX_DEVIATIONS)
    else inRange(parameter, value, parameter === 'period' ? shortest : 1, MAX_LENGTH)
  }
  const parameters = { ...defaults, ...given }
  if (name === 'macd' && parameters.fast >= parameters.slow) {
    throw new InvalidField('fast', `must be less than slow, which is ${parameters.slow}`, {
      maximum: parameters.slow - 1
    })
  }
  return parameters
}

/**
 * An indicator over a series of bars. A bar for which it is not defined, as too few came before or the bar has no
 * volume, has no point. `parameters` as `resolveParameters` gives them.
 */
export function computeIndicator(
  name: IndicatorName,
  parameters: Record<ParameterName, number>,
  series: BarSeries
): IndicatorSeries {
  const { start, barsNeeded } = INDICATORS[name]
  const compute = start(parameters, series)
  const points = series.bars.flatMap((bar): IndicatorPoint[] => {
    const values = compute(bar)
    return values ? [{ start: bar.start, values }] : []
  })
  const { symbol, interval, adjusted, currency, timeZone, provenance } = series
  const needed = barsNeeded(parameters)
  const note = points.length > 0 ? undefined : whyEmpty(name, series.bars, needed)
  return {
    symbol,
    name,
    parameters,
    interval,
    adjusted,
    ...(currency !== undefined && { currency }),
    ...(timeZone !== undefined && { timeZone }),
    points,
    barsNeeded: needed,
    provenance: note === undefined ? provenance : { ...provenance, notes: [...(provenance.notes ?? []), note] }
  }
}

function whyEmpty(name: IndicatorName, bars: readonly Bar[], needed: number): string {
  if (bars.length < needed) return `the first point needs ${needed} bars and the range has ${bars.length}`
  return name === 'obv' || name === 'vwap' ? 'no bar of the range has a volume' : 'the price did not move in the range'
}

function named(name: string, value: number | null, isDefined = true): Values | undefined {
  return value === null || !isDefined ? undefined : { [name]: value }
}

function inRange(parameter: string, value: number, minimum: number, maximum: number): void {
  if (value >= minimum && value <= maximum) return
  throw new InvalidField(parameter, `must be between ${minimum} and ${maximum}`, { minimum, maximum })
}
