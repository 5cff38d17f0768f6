import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { computeIndicator, resolveParameters } from '../../src/ladder/technical-indicators.ts'
import type { Bar, BarSeries } from '../../src/market/bar.ts'
import { IndicatorName } from '../../src/market/indicator.ts'
import { provenanceOf } from '../gateway/market.ts'

const DAY_MS = 86_400_000

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
  computeIndicator(name, resolveParameters(name, {}), seriesOf(bars))
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
      expect([name, points, provenance.notes]).toEqual([name, [], ['the price did not move in the range']])
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
