import { describe, expect, test } from 'vitest'
import { ApiError } from '../../src/errors.ts'
import type { Bar, BarSeries } from '../../src/market/bar.ts'
import type { IndicatorName, IndicatorParameters } from '../../src/market/indicator.ts'
import { computeIndicators } from '../../src/market-data/indicator-series.ts'
import { resolveParameters } from '../../src/market-data/technical-indicators.ts'
import { onlyLine } from './only-line.ts'

const DAY_MS = 86_400_000
const ALL = { from: 0, to: Infinity }
const dayOf = (index: number) => new Date(Date.UTC(2026, 0, 1) + index * DAY_MS).toISOString().slice(0, 10)
const seriesOf = (bars: readonly Bar[], interval: BarSeries['interval'] = '1d'): BarSeries => ({
  symbol: 'AAPL',
  interval,
  adjusted: 'splits',
  currency: 'USD',
  timeZone: 'America/New_York',
  bars: [...bars],
  provenance: { source: 'yahoo', feed: 'composite', receivedAt: '2026-11-20T15:00:00Z', state: 'live', attempts: [] }
})
const closing = (closes: readonly number[]) =>
  seriesOf(closes.map((close, index) => ({ start: dayOf(index), open: close, high: close, low: close, close })))

/** Sixty days that rise, fall and stand still, the same on every run. */
const BARS = Array.from({ length: 60 }, (_, index): Bar => {
  const close = 100 + 8 * Math.sin(index / 5) + 3 * Math.cos(index * 1.7) + index * 0.1
  const open = close + 1.5 * Math.sin(index * 2.3)
  const high = Math.max(open, close) + 0.5 + (index % 4) * 0.3
  const low = Math.min(open, close) - 0.4 - (index % 3) * 0.4
  return { start: dayOf(index), open, high, low, close, volume: 1000 + ((index * 7919) % 5000) }
})
const closes = BARS.map(({ close }) => close)

const compute = (name: IndicatorName, given: IndicatorParameters = {}, series = seriesOf(BARS)) =>
  onlyLine(computeIndicators([{ name, parameters: resolveParameters(name, given) }], series, ALL))
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
const windowsOf = <T>(values: readonly T[], length: number) =>
  values.slice(length - 1).map((_, index) => values.slice(index, index + length))

/** Each average from its definition, over all that came before: slow, and nothing in common with a running one. */
const exponential = (values: readonly number[], period: number) =>
  values.map((_, end) => {
    const weight = 2 / (period + 1)
    const rest = values
      .slice(1, end + 1)
      .reduce((sum, value, index) => sum + value * weight * (1 - weight) ** (end - 1 - index), 0)
    return values[0]! * (1 - weight) ** end + rest
  })
const wilder = (values: readonly number[], period: number) =>
  values.slice(period - 1).map((_, steps) => {
    const seed = mean(values.slice(0, period)) * (1 - 1 / period) ** steps
    const later = values.slice(period, period + steps)
    return later.reduce((sum, value, index) => sum + (value / period) * (1 - 1 / period) ** (steps - 1 - index), seed)
  })

/** The last points of the series, so many as values are expected, and the first of them at the bar that it must be. */
function expectPoints(name: IndicatorName, given: IndicatorParameters, expected: readonly Record<string, number>[]) {
  const { points, barsNeeded } = compute(name, given)
  expect(points.map(({ start }) => start)).toEqual(BARS.slice(-expected.length).map(({ start }) => start))
  expect(barsNeeded).toBe(BARS.length - expected.length + 1)
  points.forEach(({ values }, index) => {
    expect(Object.keys(values).sort()).toEqual(Object.keys(expected[index]!).sort())
    for (const [line, value] of Object.entries(values)) expect(value).toBeCloseTo(expected[index]![line]!, 8)
  })
}

describe('an indicator is what its definition says, from its first defined bar on', () => {
  test('sma', () =>
    expectPoints(
      'sma',
      { length: 7 },
      windowsOf(closes, 7).map((window) => ({ sma: mean(window) }))
    ))

  test('ema', () =>
    expectPoints(
      'ema',
      { length: 9 },
      exponential(closes, 9)
        .slice(8)
        .map((ema) => ({ ema }))
    ))

  test('rsi by Wilder', () => {
    const steps = closes.slice(1).map((close, index) => close - closes[index]!)
    const gains = wilder(
      steps.map((step) => Math.max(0, step)),
      14
    )
    const losses = wilder(
      steps.map((step) => Math.max(0, -step)),
      14
    )
    expectPoints(
      'rsi',
      {},
      gains.map((gain, index) => ({ rsi: 100 - 100 / (1 + gain / losses[index]!) }))
    )
  })

  test("rsi of Wilder's textbook series", () => {
    const textbook = [
      44.3389, 44.0902, 44.1497, 43.6124, 44.3278, 44.8264, 45.0955, 45.4245, 45.8433, 46.0826, 45.8931, 46.0328,
      45.614, 46.282, 46.282, 46.0028, 46.0328, 46.4116, 46.2222, 45.6439
    ]
    const { points } = compute('rsi', {}, closing(textbook))
    expect(points.map(({ values }) => values['rsi']!.toFixed(2))).toEqual([
      '70.53',
      '66.32',
      '66.55',
      '69.41',
      '66.36',
      '57.97'
    ])
  })

  test('macd', () => {
    const [fast, slow] = [exponential(closes, 5), exponential(closes, 11)]
    const difference = slow.map((average, index) => fast[index]! - average).slice(10)
    const signal = exponential(difference, 4)
    const lines = difference.map((macd, index) => ({ macd, signal: signal[index]!, histogram: macd - signal[index]! }))
    expectPoints('macd', { fast: 5, slow: 11, signal: 4 }, lines.slice(3))
  })

  test('bollinger', () => {
    const bands = windowsOf(closes, 20).map((window) => {
      const middle = mean(window)
      const deviation = Math.sqrt(mean(window.map((close) => (close - middle) ** 2)))
      return { lower: middle - 2.5 * deviation, middle, upper: middle + 2.5 * deviation }
    })
    expectPoints('bollinger', { deviations: 2.5 }, bands)
  })

  test('atr by Wilder', () => {
    const ranges = BARS.map(({ high, low }, index) => {
      const before = BARS[index - 1]?.close
      return before === undefined ? high - low : Math.max(high, before) - Math.min(low, before)
    })
    expectPoints(
      'atr',
      { length: 10 },
      wilder(ranges, 10).map((atr) => ({ atr }))
    )
  })

  test('stochastic', () => {
    const fast = windowsOf(BARS, 14).map((window) => {
      const [low, high] = [Math.min(...window.map((bar) => bar.low)), Math.max(...window.map((bar) => bar.high))]
      return ((window.at(-1)!.close - low) / (high - low)) * 100
    })
    const k = windowsOf(fast, 3).map(mean)
    expectPoints(
      'stochastic',
      {},
      windowsOf(k, 3).map((window) => ({ k: window.at(-1)!, d: mean(window) }))
    )
  })

  test('obv', () => {
    let obv = 0
    const lines = BARS.slice(1).map(({ close, volume }, index) => ({
      obv: (obv += Math.sign(close - closes[index]!) * volume!)
    }))
    expectPoints('obv', {}, lines)
  })

  test('vwap over days, anew each month', () => {
    const lines = BARS.map(({ start }, end) => {
      const seen = BARS.slice(0, end + 1).filter((bar) => bar.start.slice(0, 7) === start.slice(0, 7))
      const traded = seen.reduce((sum, { high, low, close, volume }) => sum + ((high + low + close) / 3) * volume!, 0)
      return { vwap: traded / seen.reduce((sum, { volume }) => sum + volume!, 0) }
    })
    expectPoints('vwap', {}, lines)
  })
})

describe('no point is invented', () => {
  test('vwap begins anew with each session of the exchange, not of UTC', () => {
    const bar = (start: string, price: number) => ({
      start,
      open: price,
      high: price,
      low: price,
      close: price,
      volume: 10
    })
    // 20:00 in New York is already the next day in UTC.
    const intraday = ['2026-11-19T20:30:00Z', '2026-11-20T00:30:00Z', '2026-11-20T14:30:00Z', '2026-11-20T15:00:00Z']
    const { points } = compute(
      'vwap',
      {},
      seriesOf(
        intraday.map((start, index) => bar(start, 100 + 10 * index)),
        '30m'
      )
    )
    expect(points.map(({ values }) => values['vwap'])).toEqual([100, 105, 120, 125])
  })

  test('bars without volume have no obv and no vwap, and the answer says why', () => {
    const series = closing(closes)
    for (const name of ['obv', 'vwap'] as const) {
      const { points, provenance } = compute(name, {}, series)
      expect(points).toEqual([])
      expect(provenance.notes).toEqual([`${name}: no bar of the range has a volume`])
    }
  })

  test('a range that is too short has no points, and the answer says how long it must be', () => {
    const { points, provenance, barsNeeded } = compute('sma', { length: 200 })
    expect([points, barsNeeded]).toEqual([[], 200])
    expect(provenance.notes).toEqual(['sma 200: the first point needs 200 bars and there are 60'])
  })

  test.each(['sma', 'ema', 'rsi', 'macd', 'bollinger', 'atr', 'stochastic', 'obv'] as const)(
    '%s of nothing',
    (name) => {
      expect(compute(name, {}, seriesOf([])).points).toEqual([])
    }
  )
})

test.each<[IndicatorName, IndicatorParameters, string, RegExp]>([
  ['sma', { length: 0 }, 'length', /between 1 and 500/],
  ['rsi', { length: 1 }, 'length', /between 2 and 500/],
  ['sma', { length: 501 }, 'length', /between 1 and 500/],
  ['macd', { length: 20 }, 'length', /not a parameter of macd, which takes fast, slow, signal/],
  ['macd', { fast: 26, slow: 26 }, 'fast', /less than slow/],
  ['macd', { fast: 30 }, 'fast', /less than slow, which is 26/],
  ['bollinger', { deviations: 0 }, 'deviations', /between 0.1 and 10/],
  ['sma', { deviations: 2 }, 'deviations', /not a parameter/],
  ['obv', { length: 5 }, 'length', /takes no parameters/]
])('%s with %o is refused, naming %s', (name, given, field, message) => {
  const refuse = () => resolveParameters(name, given)
  expect(refuse).toThrow(ApiError)
  expect(refuse).toThrow(message)
  expect(refuse).toThrow(new RegExp(`^${field} `))
})
