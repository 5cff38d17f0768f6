import { Type, type Static } from 'typebox'
import { Adjustment, Interval, type BarRequest } from './bar.ts'
import { Provenance } from './provenance.ts'

export const IndicatorName = Type.Enum(['sma', 'ema', 'rsi', 'macd', 'bollinger', 'atr', 'stochastic', 'obv', 'vwap'])
export type IndicatorName = Static<typeof IndicatorName>

/** The longest average, in bars. */
export const MAX_INDICATOR_LENGTH = 500
export const DEVIATIONS = { minimum: 0.1, maximum: 10 } as const
const lengths = (description: string) =>
  Type.Optional(Type.Integer({ minimum: 1, maximum: MAX_INDICATOR_LENGTH, description }))

/** Lengths are counted in bars. Which of them an indicator takes is told by its catalog. */
export const IndicatorParameters = Type.Object({
  length: lengths('Bars of sma, ema, rsi, bollinger, atr, and of %K of stochastic'),
  fast: lengths('macd: the shorter average'),
  slow: lengths('macd: the longer average'),
  signal: lengths('macd: average of the difference; stochastic: %D'),
  smoothing: lengths('stochastic: average of %K'),
  deviations: Type.Optional(
    Type.Number({ ...DEVIATIONS, description: 'bollinger: width of the bands in standard deviations' })
  )
})
export type IndicatorParameters = Static<typeof IndicatorParameters>

/** How an indicator is computed where more than one way is in use. */
export const IndicatorConventions = Type.Object({
  input: Type.Enum(['close', 'high, low, close', 'close, volume', 'typical price, volume'], {
    description: 'What of a bar is used; the typical price is the mean of high, low and close'
  }),
  smoothing: Type.Optional(
    Type.Enum(['simple', 'exponential', 'wilder'], {
      description: 'simple: equal weights; exponential: 2/(length+1) for the newest; wilder: 1/length for the newest'
    })
  ),
  deviation: Type.Optional(Type.Enum(['population'], { description: 'Divisor of the standard deviation: length' })),
  countedFrom: Type.Optional(
    Type.Enum(['session', 'month', 'year', 'history'], {
      description: 'Where a running sum begins anew: in the time zone of the exchange; history: the first bar there is'
    })
  ),
  warmUpBars: Type.Integer({
    description:
      'Bars before the range that are taken into account, so that a value does not depend on the range asked. Averages ' +
      'without an end differ by less than a billionth from those over all of history'
  })
})
export type IndicatorConventions = Static<typeof IndicatorConventions>

export const IndicatorPoint = Type.Object({
  start: Type.String({ description: 'Start of its bar, as in the series of bars' }),
  values: Type.Record(Type.String(), Type.Number()),
  complete: Type.Optional(
    Type.Literal(false, { description: 'Its bar was still running, so that the value may change' })
  )
})
export type IndicatorPoint = Static<typeof IndicatorPoint>

const OF_BARS = {
  symbol: Type.String(),
  interval: Interval,
  adjusted: Adjustment,
  currency: Type.Optional(Type.String()),
  timeZone: Type.Optional(Type.String({ description: 'IANA zone of the exchange' }))
}

const Line = Type.Object({
  name: IndicatorName,
  parameters: IndicatorParameters,
  conventions: IndicatorConventions,
  barsNeeded: Type.Integer({ description: 'Bars until the first point of a history' }),
  points: Type.Array(IndicatorPoint)
})
/** Oldest first; made as they are read. */
export interface IndicatorPoints extends Iterable<IndicatorPoint> {
  readonly length: number
}
type WithPoints<Shape> = Omit<Shape, 'points'> & { readonly points: IndicatorPoints }
export type IndicatorLine = WithPoints<Static<typeof Line>>

/** One indicator over the bars of one range, oldest first. A bar for which it is not defined has no point. */
export const IndicatorSeries = Type.Object(
  { ...OF_BARS, ...Line.properties, provenance: Provenance },
  { $id: 'IndicatorSeries' }
)
export type IndicatorSeries = WithPoints<Static<typeof IndicatorSeries>>

/** Several indicators over the same bars, in the order they were asked for. */
export const IndicatorSet = Type.Object(
  { ...OF_BARS, indicators: Type.Array(Line), provenance: Provenance },
  { $id: 'IndicatorSet' }
)
export type IndicatorSet = Omit<Static<typeof IndicatorSet>, 'indicators'> & { readonly indicators: IndicatorLine[] }

export type IndicatorSpec = { readonly name: IndicatorName; readonly parameters: IndicatorParameters }

/** What to compute, and the bars to show it for; those before that it needs are added. */
export type IndicatorRequest = { readonly indicators: readonly IndicatorSpec[]; readonly bars: BarRequest }
