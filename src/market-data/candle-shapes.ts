import type { Bar } from '../market/bar.ts'
import type { CandlePattern, CandlePatternName } from '../market/candle-pattern.ts'

/** Prices of a bar; of a mirrored one the negated prices. */
export type Candle = Pick<Bar, 'open' | 'high' | 'low' | 'close'>
/** What came before the first bar of a pattern. */
export type Before = {
  /** Mean distance of open and close. */
  readonly meanBody: number
  /** Which way prices went. */
  readonly trend: 'up' | 'down' | undefined
}

/** Of a bar's range: with a body up to this a bar is a doji, and a shadow up to this is none. */
const NEXT_TO_NOTHING = 0.1
/** A hammer's lower shadow is at least so many times its body. */
const HAMMER_SHADOW = 2
/** Of a soldier's range, above its body. */
const SOLDIER_SHADOW = 0.25

const body = ({ open, close }: Candle): number => Math.abs(close - open)
const range = ({ high, low }: Candle): number => high - low
const top = ({ open, close }: Candle): number => Math.max(open, close)
const bottom = ({ open, close }: Candle): number => Math.min(open, close)
const middle = ({ open, close }: Candle): number => (open + close) / 2
const upperShadow = (candle: Candle): number => candle.high - top(candle)
const lowerShadow = (candle: Candle): number => bottom(candle) - candle.low
const isWhite = ({ open, close }: Candle): boolean => close > open
const isBlack = ({ open, close }: Candle): boolean => close < open
const isTiny = (part: number, candle: Candle): boolean => part <= NEXT_TO_NOTHING * range(candle)
const isLong = (candle: Candle, { meanBody }: Before): boolean => body(candle) > meanBody
/** A bar of one price has no shape. */
const isDoji = (candle: Candle): boolean => range(candle) > 0 && isTiny(body(candle), candle)
const isDragonfly = (candle: Candle): boolean =>
  isDoji(candle) && isTiny(upperShadow(candle), candle) && !isTiny(lowerShadow(candle), candle)

/** Of either colour. */
const isHammer = (candle: Candle): boolean =>
  range(candle) > 0 &&
  !isDoji(candle) &&
  isTiny(upperShadow(candle), candle) &&
  lowerShadow(candle) >= HAMMER_SHADOW * body(candle)

const mirrored = ({ open, high, low, close }: Candle): Candle => ({
  open: -open,
  high: -low,
  low: -high,
  close: -close
})

const isSoldier = (candle: Candle, before: Before): boolean =>
  isWhite(candle) && isLong(candle, before) && upperShadow(candle) <= SOLDIER_SHADOW * range(candle)
/** Higher than the one before it, from within its body. */
const stepsUp = (candle: Candle, previous: Candle): boolean =>
  candle.close > previous.close && candle.open >= previous.open && candle.open <= previous.close

/** The bars of a pattern, oldest first: of a shorter one the last is repeated. */
type Shown = readonly [Candle, Candle, Candle]

type Shape = {
  readonly bars: 1 | 2 | 3
  /** How the pattern is called, and how its mirror is: rising prices for falling ones. */
  readonly bullish: CandlePatternName
  readonly bearish: CandlePatternName
  readonly isThere: (candles: Shown, before: Before) => boolean
}

/** Each of them as it rises; the mirror of a downward trend is an upward one. */
const SHAPES: readonly Shape[] = [
  {
    bars: 1,
    bullish: 'dragonfly-doji',
    bearish: 'gravestone-doji',
    isThere: ([candle]) => isDragonfly(candle)
  },
  {
    bars: 1,
    bullish: 'marubozu',
    bearish: 'marubozu',
    isThere: ([candle], before) =>
      isWhite(candle) &&
      isLong(candle, before) &&
      isTiny(upperShadow(candle), candle) &&
      isTiny(lowerShadow(candle), candle)
  },
  {
    bars: 1,
    bullish: 'hammer',
    bearish: 'shooting-star',
    isThere: ([candle], { trend }) => trend === 'down' && isHammer(candle)
  },
  {
    bars: 1,
    bullish: 'inverted-hammer',
    bearish: 'hanging-man',
    isThere: ([candle], { trend }) => trend === 'down' && isHammer(mirrored(candle))
  },
  {
    bars: 2,
    bullish: 'engulfing',
    bearish: 'engulfing',
    isThere: ([first, second], { trend }) =>
      trend === 'down' &&
      isBlack(first) &&
      isWhite(second) &&
      second.open <= first.close &&
      second.close >= first.open &&
      body(second) > body(first)
  },
  {
    bars: 2,
    bullish: 'harami',
    bearish: 'harami',
    isThere: ([first, second], before) =>
      before.trend === 'down' &&
      isBlack(first) &&
      isLong(first, before) &&
      !isLong(second, before) &&
      top(second) < first.open &&
      bottom(second) > first.close
  },
  {
    bars: 2,
    bullish: 'piercing-line',
    bearish: 'dark-cloud-cover',
    isThere: ([first, second], before) =>
      before.trend === 'down' &&
      isBlack(first) &&
      isLong(first, before) &&
      second.open < first.low &&
      second.close > middle(first) &&
      second.close < first.open
  },
  {
    bars: 3,
    bullish: 'morning-star',
    bearish: 'evening-star',
    isThere: ([first, star, third], before) =>
      before.trend === 'down' &&
      isBlack(first) &&
      isLong(first, before) &&
      !isLong(star, before) &&
      top(star) < first.close &&
      isWhite(third) &&
      third.close > middle(first)
  },
  {
    bars: 3,
    bullish: 'three-white-soldiers',
    bearish: 'three-black-crows',
    isThere: ([first, second, third], before) =>
      [first, second, third].every((candle) => isSoldier(candle, before)) &&
      stepsUp(second, first) &&
      stepsUp(third, second)
  }
]

/** Which pattern so many bars make, after what came before the first of them. */
export type Seen = Pick<CandlePattern, 'name' | 'direction'>

/** Candlestick patterns of one to three bars that make them, oldest first. */
export function shapesOf(candles: readonly [Candle, ...Candle[]], before: Before): Seen[] {
  const [first, second = first, third = second] = candles
  const trend = before.trend && (before.trend === 'up' ? 'down' : 'up')
  const seen = [
    ...shapesAs('bullish', candles.length, [first, second, third], before),
    ...shapesAs('bearish', candles.length, [mirrored(first), mirrored(second), mirrored(third)], { ...before, trend })
  ]
  if (candles.length === 1 && seen.length === 0 && isDoji(first)) return [{ name: 'doji', direction: 'neutral' }]
  return seen
}

const shapesAs = (direction: 'bullish' | 'bearish', bars: number, shown: Shown, before: Before): Seen[] =>
  SHAPES.filter((shape) => shape.bars === bars && shape.isThere(shown, before)).map((shape) => ({
    name: shape[direction],
    direction
  }))
