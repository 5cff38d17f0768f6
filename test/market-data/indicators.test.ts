import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { barsWithWarmUp, computeIndicators, resolveIndicators } from '../../src/market-data/indicator-series.ts'
import { resolveParameters } from '../../src/market-data/technical-indicators.ts'
import type { Bar, BarRequest, BarSeries } from '../../src/market/bar.ts'
import { IndicatorName, type IndicatorParameters } from '../../src/market/indicator.ts'
import { periodRange } from '../../src/market/period.ts'
import { provenanceOf } from '../gateway/market.ts'
import { onlyLine } from './only-line.ts'
import { runsOf } from '../support/depth.ts'

const DAY_MS = 86_400_000
const ALL = { from: 0, to: Infinity }

function seriesOf(bars: readonly Omit<Bar, 'start'>[]): BarSeries {
  const startOf = (index: number) => new Date(Date.UTC(2026, 0, 1) + index * DAY_MS).toISOString().slice(0, 10)
  return {
    symbol: 'AAPL',
    interval: '1d',
    adjusted: 'splits',
    bars: bars.map((bar, index) => ({ start: startOf(index), ...bar })),
    provenance: provenanceOf('yahoo')
  }
}
const compute = (name: IndicatorName, bars: readonly Omit<Bar, 'start'>[]) =>
  onlyLine(computeIndicators([{ name, parameters: resolveParameters(name, {}) }], seriesOf(bars), ALL))
const flat = (price: number, count: number) =>
  Array.from({ length: count }, () => ({ open: price, high: price, low: price, close: price, volume: 0 }))

test('no history, however odd or short, gives a point that is no number', () => {
  const price = fc.oneof(fc.constantFrom(1, 1, 1, 5, 1e-9, 1e9), fc.double({ min: 1e-6, max: 1e6, noNaN: true }))
  const bar = fc
    .record({
      prices: fc.array(price, { minLength: 4, maxLength: 4 }),
      volume: fc.option(fc.nat(), { nil: undefined }),
      isFlat: fc.boolean()
    })
    .map(({ prices, volume, isFlat }): Omit<Bar, 'start'> => {
      const [open, close] = isFlat ? [prices[0]!, prices[0]!] : [prices[0]!, prices[1]!]
      const all = isFlat ? [open] : prices
      return { open, close, high: Math.max(...all), low: Math.min(...all), ...(volume !== undefined && { volume }) }
    })
  fc.assert(
    fc.property(fc.constantFrom(...IndicatorName.enum), fc.array(bar, { maxLength: 60 }), (name, bars) => {
      const { points, provenance } = compute(name, bars)
      for (const { values } of points)
        for (const value of Object.values(values)) expect(value).toSatisfy(Number.isFinite)
      if (points.length === 0) expect(provenance.notes).toHaveLength(1)
    })
  )
})

describe('a price that stands still', () => {
  test('is neither overbought nor oversold', () => {
    for (const name of ['rsi', 'stochastic'] as const) {
      const { points, provenance } = compute(name, flat(5, 40))
      expect([name, points]).toEqual([name, []])
      expect(provenance.notes).toEqual([expect.stringMatching(/: the price did not move in the range$/)])
    }
  })

  test('is no bottom for the days that follow it either', () => {
    const rising = Array.from({ length: 30 }, (_, day) => ({
      open: 5 + day,
      high: 6 + day,
      low: 4 + day,
      close: 6 + day
    }))
    const { points } = compute('stochastic', [...flat(5, 20), ...rising])
    expect(points.every(({ values }) => values['k']! > 80)).toBe(true)
    expect(points).toHaveLength(30 - 4)
  })
})

describe('the range that is asked for', () => {
  const NOW = Date.UTC(2026, 10, 30, 15)
  const LAST = Date.UTC(2026, 10, 27)
  /** Weekdays of twenty years, the same on every run. */
  const HISTORY = Array.from({ length: 7300 }, (_, index) => LAST - (7299 - index) * DAY_MS)
    .filter((day) => ![0, 6].includes(new Date(day).getUTCDay()))
    .map((day, index): Bar => {
      const close = 50 + 20 * Math.sin(index / 90) + 5 * Math.cos(index * 1.7) + index * 0.02
      return {
        start: new Date(day).toISOString().slice(0, 10),
        open: close,
        high: close + 1 + (index % 3),
        low: close - 1 - (index % 4),
        close,
        volume: 1000 + ((index * 7919) % 5000)
      }
    })
  const request = (from: number): BarRequest => ({
    symbol: 'AAPL',
    interval: '1d',
    adjusted: 'splits',
    from,
    to: LAST + DAY_MS
  })

  /** The last value as a request for the days from an instant on gets it, from the bars that are loaded for it. */
  function lastValue(name: IndicatorName, parameters: IndicatorParameters, from: number) {
    const indicators = resolveIndicators([{ name, parameters }])
    const loaded = barsWithWarmUp(indicators, request(from), NOW)
    const held = HISTORY.filter(({ start }) => Date.parse(start) >= loaded.from && Date.parse(start) < loaded.to)
    const series = { ...seriesOf([]), bars: held }
    const { points, provenance } = onlyLine(computeIndicators(indicators, series, request(from)))
    expect(provenance.notes).toBeUndefined()
    expect(Date.parse(points[0]!.start)).toBeGreaterThanOrEqual(from)
    return points.at(-1)!
  }

  test.each(IndicatorName.enum)('does not change a value of %s', (name) => {
    const lengths = name === 'obv' || name === 'vwap' || name === 'macd' ? [{}] : [{}, { length: 100 }]
    for (const parameters of lengths) {
      const ofADay = lastValue(name, parameters, LAST)
      for (const days of [3, 30, 365, 3650]) {
        const { start, values } = lastValue(name, parameters, LAST - days * DAY_MS)
        expect(start).toBe(ofADay.start)
        for (const [line, value] of Object.entries(values)) expect(value).toBeCloseTo(ofADay.values[line]!, 5)
      }
    }
  })

  test('costs no other bars than history loads: a year of a short average comes from two years', () => {
    const sma = resolveIndicators([{ name: 'sma', parameters: { length: 20 } }])
    const year = periodRange('1y', NOW)
    expect(barsWithWarmUp(sma, { ...request(year.from), ...year }, NOW)).toMatchObject({ period: '2y' })
    const minutes = { ...request(NOW - 3_600_000), interval: '1m' as const, to: NOW }
    expect(
      barsWithWarmUp(resolveIndicators([{ name: 'ema', parameters: { length: 500 } }]), minutes, NOW)
    ).toMatchObject({
      period: '1mo'
    })
  })

  test('says how far a value is from settled where history begins too late', () => {
    const indicators = resolveIndicators([{ name: 'ema', parameters: { length: 20 } }])
    const series = { ...seriesOf([]), bars: HISTORY.slice(-60) }
    const { points, provenance } = onlyLine(computeIndicators(indicators, series, request(LAST - 20 * DAY_MS)))
    expect(points.length).toBeGreaterThan(10)
    expect(provenance.notes).toEqual([
      expect.stringMatching(/^ema: the first values rest on the \d+ bars before the range/)
    ])
  })
})

describe('numbers by definition', () => {
  const closes = fc.array(fc.double({ min: 1, max: 1000, noNaN: true }), { minLength: 40, maxLength: 80 })
  const barsOf = (prices: readonly number[], scale = 1) =>
    prices.map((price) => ({
      open: price * scale,
      high: price * 1.01 * scale,
      low: price * 0.99 * scale,
      close: price * scale,
      volume: 10
    }))

  test('prices in another unit scale averages and leave strength as it is', () => {
    fc.assert(
      fc.property(closes, fc.constantFrom(0.01, 100), (prices, scale) => {
        for (const name of ['sma', 'ema', 'bollinger', 'macd', 'atr', 'vwap', 'rsi', 'stochastic'] as const) {
          const isShare = name === 'rsi' || name === 'stochastic'
          const [plain, scaled] = [barsOf(prices), barsOf(prices, scale)].map((each) => compute(name, each).points)
          plain!.forEach(({ values }, index) => {
            for (const [line, value] of Object.entries(values)) {
              const expected = isShare ? value : value * scale
              const off = Math.abs(scaled![index]!.values[line]! - expected)
              expect(off).toBeLessThan(1e-6 * Math.max(1, scale) * 1000)
            }
          })
        }
      }),
      { numRuns: runsOf(25) }
    )
  })

  test('strength lies between 0 and 100, and the bands around their middle', () => {
    fc.assert(
      fc.property(closes, (prices) => {
        for (const { values } of compute('rsi', barsOf(prices)).points) {
          expect(values['rsi']! >= 0 && values['rsi']! <= 100).toBe(true)
        }
        for (const { values } of compute('bollinger', barsOf(prices)).points) {
          const { lower, middle, upper } = values as Record<'lower' | 'middle' | 'upper', number>
          expect(upper - middle).toBeCloseTo(middle - lower, 6)
        }
      }),
      { numRuns: runsOf(25) }
    )
  })
})

test('the value of a bar that still runs says so, and no other', () => {
  const bars: Omit<Bar, 'start'>[] = flat(5, 24)
  const { points } = compute('sma', [...bars, { ...bars[0]!, complete: false }])
  expect(points.map(({ complete }) => complete)).toEqual([undefined, undefined, undefined, undefined, undefined, false])
})
