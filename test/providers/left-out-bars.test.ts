import { describe, expect, test } from 'vitest'
import { judgeBars } from '../../src/gateway/bar-quality.ts'
import type { Adjustment, BarRequest, Interval } from '../../src/market/bar.ts'
import { alphaVantage } from '../../src/providers/alpha-vantage/alpha-vantage.ts'
import { fmp } from '../../src/providers/fmp/fmp.ts'
import { tiingo } from '../../src/providers/tiingo/tiingo.ts'
import { connect, NOW } from './answers.ts'
import { json, signal } from './vendor-server.ts'
import { finished } from '../support/finished.ts'
import { shippedHours } from '../support/hours.ts'

const LEFT_OUT = '1 bars without a full set of prices left out'
const july = (interval: Interval, adjusted: Adjustment, first = 1): BarRequest => ({
  symbol: 'ACME',
  interval,
  adjusted,
  from: Date.UTC(2026, 6, first),
  to: NOW
})
const prices = (price: number) => ({ open: price, high: price, low: price, close: price })

describe('Alpha Vantage', () => {
  const row = (price: number | string, more: object = {}) => ({
    '1. open': String(price),
    '2. high': String(price),
    '3. low': String(price),
    '4. close': String(price),
    '5. volume': '1000',
    ...more
  })
  const adjusted = (price: number, close: number, coefficient = 1) => ({
    ...row(price),
    '5. adjusted close': String(close),
    '6. volume': '1000',
    '8. split coefficient': String(coefficient)
  })
  const asked = async (series: Record<string, unknown>, request: BarRequest) => {
    const provider = await connect(alphaVantage, json({ 'Meta Data': { '2. Symbol': 'ACME' }, 'Time Series': series }))
    return provider.bars(request, signal)
  }

  test('leaves out a month with a price of 0, and says so', async () => {
    const months = { '2026-07-28': row(12), '2026-06-30': row(11, { '3. low': '0.0000' }), '2026-05-29': row(10) }
    const { bars, provenance } = await asked(months, { ...july('1mo', 'none'), from: Date.UTC(2026, 4, 1) })
    expect(bars.map(({ start }) => start)).toEqual(['2026-05-01', '2026-07-01'])
    expect(provenance.notes).toEqual([LEFT_OUT])
  })

  test('does not count what lies outside of the range as left out', async () => {
    const { provenance } = await asked({ '2026-07-28': row(12), '2026-05-29': row(0) }, july('1mo', 'none'))
    expect(provenance.notes).toBeUndefined()
  })

  test.each([7, 28])(
    'leaves out an adjusted close that no reverse split accounts for (asked from July %d)',
    async (first) => {
      const days = { '2026-07-28': adjusted(30, 245_397), '2026-07-27': adjusted(29.9, 29.9) }
      const { bars, provenance } = await asked(
        { ...days, '2026-07-24': adjusted(29, 29) },
        july('1d', 'all', first)
      ).catch((error: { kind: string }) => ({ bars: [], provenance: { notes: [error.kind] } }))
      expect(bars.map(({ start }) => start)).toEqual(first === 28 ? [] : ['2026-07-24', '2026-07-27'])
      expect(provenance.notes).toEqual([
        first === 28 ? 'bad_payload' : '1 bars left out: they have no adjusted close, or one that cannot be'
      ])
    }
  )

  test('follows a reverse split, whose earlier adjusted closes are above the closes', async () => {
    const { bars } = await asked(
      { '2026-07-28': adjusted(30, 30, 0.1), '2026-07-27': adjusted(3, 30) },
      july('1d', 'all')
    )
    expect(bars).toEqual([
      { start: '2026-07-27', ...prices(30), volume: 100 },
      { start: '2026-07-28', ...prices(30), volume: 1000 }
    ])
  })

  test.each([
    ['a split', 300, 100, 3],
    ['a reverse split', 3, 30, 0.1]
  ])('is doubted where its adjusted closes do not follow %s of its own rows', async (_, before, after, coefficient) => {
    const days = { '2026-07-28': adjusted(after, after, coefficient), '2026-07-27': adjusted(before, before) }
    const series = await asked(days, july('1d', 'all'))
    expect(finished(judgeBars(series, NOW, shippedHours)).doubts.map(({ rule }) => rule)).toContain(
      'split-not-followed'
    )
  })

  test('adjusts without binary noise', async () => {
    const { bars } = await asked(
      { '2026-07-28': adjusted(2.99, 2.99), '2026-07-27': adjusted(29.9, 2.99) },
      july('1d', 'all')
    )
    expect(bars.map(({ open }) => open)).toEqual([2.99, 2.99])
  })

  test('lists no split of 1 for 1', async () => {
    const data = [
      { effective_date: '2026-07-02', split_factor: '1.0000' },
      { effective_date: '2026-07-01', split_factor: '2.0000' }
    ]
    const provider = await connect(alphaVantage, json({ symbol: 'ACME', data }))
    expect((await provider.splits('ACME', signal)).splits).toEqual([{ exDate: '2026-07-01', ratio: 2 }])
  })
})

describe('FMP', () => {
  test.each([
    ['1d', 'splits', { date: '2026-07-27', ...prices(10), low: 0 }, { date: '2026-07-28', ...prices(11) }],
    [
      '1d',
      'all',
      { date: '2026-07-27', adjOpen: null },
      { date: '2026-07-28', adjOpen: 1, adjHigh: 1, adjLow: 1, adjClose: 1 }
    ],
    [
      '5m',
      'splits',
      { date: '2026-07-28 09:30:00', ...prices(10), open: null },
      { date: '2026-07-28 09:35:00', ...prices(11) }
    ]
  ] as const)('leaves out a %s bar (%s) that lacks a price, and says so', async (interval, adjusted, bad, good) => {
    const provider = await connect(fmp, json([good, bad]))
    const { bars, provenance } = await provider.bars!(july(interval, adjusted), signal)
    expect(bars).toHaveLength(1)
    expect(provenance.notes).toEqual([LEFT_OUT])
  })

  test('is a bad payload where no bar has prices', async () => {
    const provider = await connect(fmp, json([{ date: '2026-07-28', label: 'July 28' }]))
    await expect(provider.bars!(july('1d', 'none'), signal)).rejects.toMatchObject({ kind: 'bad_payload' })
  })

  test('lists no split of 1 for 1', async () => {
    const split = (date: string, numerator: number) => ({ date, numerator, denominator: 2 })
    const provider = await connect(
      fmp,
      json([split('2026-07-02', 2), split('2026-07-01', 6), split('2026-06-30', 2.0000000002)])
    )
    expect((await provider.splits!('ACME', signal)).splits).toEqual([{ exDate: '2026-07-01', ratio: 3 }])
  })
})

describe('Tiingo', () => {
  const day = (date: number, more: object = {}) => ({
    date: new Date(Date.UTC(2026, 6, date)).toISOString(),
    ...prices(10),
    adjOpen: 10,
    adjHigh: 10,
    adjLow: 10,
    adjClose: 10,
    volume: 100,
    adjVolume: 100,
    divCash: 0,
    splitFactor: 1,
    ...more
  })
  const asked = async (rows: object[], request: BarRequest) =>
    (await connect(tiingo, json(rows))).bars!(request, signal)

  test.each(['none', 'splits', 'all'] as const)(
    'leaves out a day of zeros (%s), uses its split, and says so',
    async (adjusted) => {
      const zeros = { open: 0, high: 0, low: 0, volume: 0, splitFactor: 2 }
      const { bars, provenance } = await asked([day(24), day(27, zeros), day(28)], july('1d', adjusted))
      expect(bars.map(({ start, close }) => [start, close])).toEqual([
        ['2026-07-24', adjusted === 'splits' ? 5 : 10],
        ['2026-07-28', 10]
      ])
      expect(provenance.notes).toEqual([LEFT_OUT])
    }
  )

  test('knows no volume of a week in which that of a day is not known', async () => {
    const { bars } = await asked([day(20, { volume: null }), day(21), day(27), day(28)], july('1wk', 'splits'))
    expect(bars.map(({ start, volume }) => [start, volume])).toEqual([
      ['2026-07-20', undefined],
      ['2026-07-27', 200]
    ])
  })

  test('makes a week of the days that it has prices of', async () => {
    const { bars, provenance } = await asked([day(20), day(21, { close: null }), day(22)], july('1wk', 'splits'))
    expect(bars).toEqual([{ start: '2026-07-20', ...prices(10) }])
    expect(provenance.notes).toEqual([LEFT_OUT])
  })

  test('is a bad payload where no row has the columns that adjust', async () => {
    const bare = [day(27, { splitFactor: undefined }), day(28, { splitFactor: undefined })]
    await expect(asked(bare, july('1d', 'splits'))).rejects.toMatchObject({ kind: 'bad_payload' })
  })
})
