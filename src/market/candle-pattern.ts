import { Type, type Static } from 'typebox'
import { Adjustment, Interval, type BarRequest } from './bar.ts'
import { Provenance } from './provenance.ts'

export const CandlePatternName = Type.Enum([
  'doji',
  'dragonfly-doji',
  'gravestone-doji',
  'marubozu',
  'hammer',
  'shooting-star',
  'inverted-hammer',
  'hanging-man',
  'engulfing',
  'harami',
  'piercing-line',
  'dark-cloud-cover',
  'morning-star',
  'evening-star',
  'three-white-soldiers',
  'three-black-crows'
])
export type CandlePatternName = Static<typeof CandlePatternName>

/** A candlestick pattern: what one to three bars in a row look like, after the trend before them. */
export const CandlePattern = Type.Object({
  name: CandlePatternName,
  direction: Type.Enum(['bullish', 'bearish', 'neutral'], {
    description: 'What textbooks take it for; it is a shape, and no forecast'
  }),
  start: Type.String({ description: 'Start of its first bar, as in the series of bars' }),
  end: Type.String({ description: 'Start of its last bar, which completes it' }),
  complete: Type.Optional(
    Type.Literal(false, { description: 'Its last bar was still running, so that the pattern may go again' })
  )
})
export type CandlePattern = Static<typeof CandlePattern>

/** The candlestick patterns that end in a range of bars, in the order of their last bars. */
export const CandlePatterns = Type.Object(
  {
    symbol: Type.String(),
    interval: Interval,
    adjusted: Adjustment,
    timeZone: Type.Optional(Type.String({ description: 'IANA zone of the exchange' })),
    patterns: Type.Array(CandlePattern),
    provenance: Provenance
  },
  { $id: 'CandlePatterns' }
)
export type CandlePatterns = Static<typeof CandlePatterns>

/** Which patterns to look for, and the bars to look in; those before that they need are added. */
export type CandlePatternRequest = { readonly names: ReadonlySet<CandlePatternName>; readonly bars: BarRequest }
