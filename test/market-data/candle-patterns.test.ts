import { readFile } from 'node:fs/promises'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { findPatterns } from '../../src/market-data/candle-patterns.ts'
import type { Bar, BarSeries } from '../../src/market/bar.ts'
import { CandlePatternName, type CandlePattern } from '../../src/market/candle-pattern.ts'
import { DAY_MS } from '../../src/market/time.ts'
import { provenanceOf } from '../gateway/market.ts'
import { finished } from '../support/finished.ts'
import { runsOf } from '../support/depth.ts'

type Prices = [open: number, high: number, low: number, close: number]

const ALL = { from: 0, to: Infinity }
const DAY_ONE = Date.UTC(2026, 0, 1)
const dayOf = (index: number) => new Date(DAY_ONE + index * DAY_MS).toISOString().slice(0, 10)
const DIRECTIONS = { bullish: 'bearish', bearish: 'bullish', neutral: 'neutral' } as const

function seriesOf(prices: readonly Prices[], last: Partial<Bar> = {}): BarSeries {
  const bars = prices.map(([open, high, low, close], index) => ({ start: dayOf(index), open, high, low, close }))
  Object.assign(bars.at(-1) ?? {}, last)
  return { symbol: 'AAPL', interval: '1d', adjusted: 'splits', bars, provenance: provenanceOf('yahoo') }
}
const find = (series: BarSeries, range = ALL, names = CandlePatternName.enum) =>
  finished(findPatterns(new Set(names), series, range))

/** Ten bars with bodies of 2 and no pattern, that come from above or from below 100 and end there. */
const FALL = Array.from({ length: 10 }, (_, at): Prices => [120 - 2 * at, 121 - 2 * at, 117 - 2 * at, 118 - 2 * at])
const RISE = FALL.map(([open, high, low, close]): Prices => [200 - open, 200 - low, 200 - high, 200 - close])
const after = (before: readonly Prices[], ...bars: Prices[]) =>
  find(seriesOf([...before, ...bars]))
    .patterns.filter(({ end }) => end === dayOf(9 + bars.length))
    .map(({ name, direction, start }) => [name, direction, bars.length - (Date.parse(start) - DAY_ONE) / DAY_MS + 10])

/** The bars after a fall, and what the last of them completes. */
const BULLISH: [bullish: CandlePatternName, bearish: CandlePatternName, bars: Prices[]][] = [
  ['dragonfly-doji', 'gravestone-doji', [[100, 100.1, 96, 100]]],
  ['marubozu', 'marubozu', [[100, 103.1, 99.9, 103]]],
  ['hammer', 'shooting-star', [[99, 100.1, 96, 100]]],
  ['inverted-hammer', 'hanging-man', [[99, 103, 98.9, 100]]],
  [
    'engulfing',
    'engulfing',
    [
      [101, 102, 99, 100],
      [99.5, 102, 99, 101.5]
    ]
  ],
  [
    'harami',
    'harami',
    [
      [101, 102, 96, 97],
      [98, 100, 97.5, 99]
    ]
  ],
  [
    'piercing-line',
    'dark-cloud-cover',
    [
      [101, 102, 96, 97],
      [95, 100.5, 94, 100]
    ]
  ],
  [
    'morning-star',
    'evening-star',
    [
      [101, 102, 96, 97],
      [95.5, 96, 94, 95],
      [96, 101, 95.5, 100]
    ]
  ],
  [
    'three-white-soldiers',
    'three-black-crows',
    [
      [98, 101.3, 97.5, 101],
      [100, 103.3, 99.5, 103],
      [102, 105.3, 101, 105]
    ]
  ]
]

describe('as books draw them', () => {
  test.each(BULLISH)('%s after a fall, %s as its mirror after a rise', (bullish, bearish, bars) => {
    const mirrors = bars.map(([open, high, low, close]): Prices => [200 - open, 200 - low, 200 - high, 200 - close])
    expect(after(FALL, ...bars)).toContainEqual([bullish, 'bullish', bars.length])
    expect(after(RISE, ...mirrors)).toContainEqual([bearish, 'bearish', bars.length])
  })

  test('a doji has no direction', () => {
    expect(after(FALL, [100, 102, 98, 100.1])).toEqual([['doji', 'neutral', 1]])
  })

  test.each<[what: string, before: readonly Prices[], bars: Prices[]]>([
    ['a hammer that the trend before it does not ask for', FALL.toReversed(), [[99, 100.1, 96, 100]]],
    [
      'a body covered after a rise',
      RISE,
      [
        [101, 102, 99, 100],
        [99.5, 102, 99, 101.5]
      ]
    ],
    [
      'a large body within a larger one',
      FALL,
      [
        [103, 104, 93, 94],
        [95, 101, 94.5, 100]
      ]
    ],
    [
      'a star that overlaps the body before it',
      FALL,
      [
        [101, 102, 96, 97],
        [97.5, 98, 96, 96.5],
        [97, 101, 96.5, 100]
      ]
    ],
    [
      'soldiers of whom one falls short',
      FALL,
      [
        [98, 101, 97, 101],
        [100, 104, 99, 103],
        [102, 105, 101, 102.5]
      ]
    ],
    ['a price that does not move', FALL, [[100, 100, 100, 100]]]
  ])('no pattern is seen in %s', (_, before, bars) => {
    const directed = after(before, ...bars).filter(([, direction]) => direction === 'bullish')
    expect(directed.filter(([name]) => !String(name).endsWith('hanging-man'))).toEqual([])
  })
})

test('a bar that still runs may take its pattern back, and says so', () => {
  const patternsOf = (complete?: false) =>
    find(seriesOf([...FALL, [99, 100.1, 96, 100]], complete === false ? { complete } : {})).patterns
  expect(patternsOf(false)).toEqual([
    { name: 'hammer', direction: 'bullish', start: dayOf(10), end: dayOf(10), complete: false }
  ])
  expect(patternsOf()[0]).not.toHaveProperty('complete')
})

test('a history that is too short for any says so', () => {
  expect(find(seriesOf(FALL))).toMatchObject({
    patterns: [],
    provenance: { notes: [expect.stringMatching(/10 bars before/)] }
  })
  expect(find(seriesOf([])).patterns).toEqual([])
})

const tick = fc.integer({ min: -20, max: 20 })
const history = fc.array(
  fc
    .tuple(tick, tick, fc.nat({ max: 6 }), fc.nat({ max: 6 }))
    .map(([open, close, above, below]): Prices => [
      open,
      Math.max(open, close) + above,
      Math.min(open, close) - below,
      close
    ]),
  { maxLength: 40 }
)

test('what is seen of a range does not depend on where it begins, and what is mirrored is seen mirrored', () => {
  const toldOf = ({ name, direction, start, end }: CandlePattern) => `${name} ${direction} ${start} ${end}`
  const mirrorOf = new Map(
    BULLISH.flatMap(([a, b]): [string, string][] => [
      [a, b],
      [b, a]
    ])
  )
  const mirrored = ({ name, direction, ...place }: CandlePattern): CandlePattern => ({
    ...place,
    name: (mirrorOf.get(name) ?? name) as CandlePatternName,
    direction: DIRECTIONS[direction]
  })
  fc.assert(
    fc.property(history, fc.nat({ max: 40 }), (prices, at) => {
      const whole = find(seriesOf(prices)).patterns
      const from = DAY_ONE + at * DAY_MS
      const later = whole.filter(({ end }) => Date.parse(end) >= from)
      expect(find(seriesOf(prices), { from, to: Infinity }).patterns).toEqual(later)
      const opposite = prices.map(([open, high, low, close]): Prices => [-open, -low, -high, -close])
      expect(find(seriesOf(opposite)).patterns.map(toldOf).toSorted()).toEqual(
        whole.map(mirrored).map(toldOf).toSorted()
      )
    }),
    { numRuns: runsOf(60) }
  )
})

test('the guide has a row for every pattern', async () => {
  const guide = await readFile('docs/patterns.md', 'utf8')
  expect([...guide.matchAll(/^\| `([a-z-]+)` /gm)].map(([, name]) => name!).toSorted()).toEqual(
    CandlePatternName.enum.toSorted()
  )
})
