import { Type, type Static } from 'typebox'
import { Adjustment, Interval, type BarRequest } from './bar.ts'
import { Provenance } from './provenance.ts'

export const IndicatorName = Type.Enum(['sma', 'ema', 'rsi', 'macd', 'bollinger', 'atr', 'stochastic', 'obv', 'vwap'])
export type IndicatorName = Static<typeof IndicatorName>

/** Lengths are counted in bars. Which of them an indicator takes is told by its catalog. */
export const IndicatorParameters = Type.Object({
  period: Type.Optional(Type.Integer({ description: 'sma, ema, rsi, bollinger, atr; %K of stochastic' })),
  fast: Type.Optional(Type.Integer({ description: 'macd: the shorter average' })),
  slow: Type.Optional(Type.Integer({ description: 'macd: the longer average' })),
  signal: Type.Optional(Type.Integer({ description: 'macd: average of the difference; stochastic: %D' })),
  smoothing: Type.Optional(Type.Integer({ description: 'stochastic: average of %K' })),
  deviations: Type.Optional(Type.Number({ description: 'bollinger: width of the bands in standard deviations' }))
})
export type IndicatorParameters = Static<typeof IndicatorParameters>

export const IndicatorPoint = Type.Object({
  start: Type.String({ description: 'Start of its bar, as in the series of bars' }),
  values: Type.Record(Type.String(), Type.Number())
})
export type IndicatorPoint = Static<typeof IndicatorPoint>

/**
 * An indicator over one series of bars, oldest first. Bars for which it is not defined yet, because too few came
 * before, have no point.
 */
export const IndicatorSeries = Type.Object(
  {
    symbol: Type.String(),
    name: IndicatorName,
    parameters: IndicatorParameters,
    interval: Interval,
    adjusted: Adjustment,
    currency: Type.Optional(Type.String()),
    timeZone: Type.Optional(Type.String({ description: 'IANA zone of the exchange' })),
    points: Type.Array(IndicatorPoint),
    barsNeeded: Type.Integer({ description: 'Bars until the first point' }),
    provenance: Provenance
  },
  { $id: 'IndicatorSeries' }
)
export type IndicatorSeries = Static<typeof IndicatorSeries>

/** What to compute, over which bars. */
export type IndicatorRequest = {
  readonly name: IndicatorName
  readonly parameters: IndicatorParameters
  readonly bars: BarRequest
}
