import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  selectDerivatives,
  type SelectableContract,
  type SelectionRequest
} from '../../src/demand/derivative-selection.ts'
import { runsOf } from '../support/depth.ts'

const NOW = Date.parse('2026-10-12T05:00:00Z')
const STRIKES = Array.from({ length: 41 }, (_, place) => 24_000 + place * 50)

/** Options of each expiry at each strike, and a future of each expiry that is a month's last one. */
function listed(underlying: string, expiries: readonly string[], strikes = STRIKES, scale = 1): SelectableContract[] {
  return expiries.flatMap((expiry) => {
    const common = { underlying, expiry, lastTradingAt: Date.parse(`${expiry}T10:10:00Z`) }
    const future = { ...common, symbol: `${underlying} ${expiry} F` }
    const options = strikes.flatMap((strike) =>
      ['C', 'P'].map((letter) => ({
        ...common,
        symbol: `${underlying} ${expiry} ${letter}${strike * scale}`,
        strike: strike * scale
      }))
    )
    return expiry.endsWith('-27') || expiry.endsWith('-24') ? [future, ...options] : options
  })
}

const NIFTY = listed('NIFTY', ['2026-10-13', '2026-10-20', '2026-10-27', '2026-11-24'])
const BANK = listed('BANK', ['2026-10-27', '2026-11-24'], STRIKES, 2)
const request = (more: Partial<SelectionRequest> = {}): SelectionRequest => ({
  rules: [
    { underlying: 'NIFTY', series: 'weekly', strikes: 1 },
    { underlying: 'BANK', series: 'monthly', strikes: 2 }
  ],
  contracts: [...NIFTY, ...BANK],
  spots: new Map([
    ['NIFTY', 25_010],
    ['BANK', 50_010]
  ]),
  centres: new Map(),
  recentreSteps: 2,
  most: 2000,
  now: NOW,
  ...more
})

describe('what is streamed of derivatives', () => {
  test('is the underlyings, the nearest futures, then options from the money outward, in turns', () => {
    expect(selectDerivatives(request()).symbols).toEqual([
      'NIFTY',
      'BANK',
      'NIFTY 2026-10-27 F',
      'BANK 2026-10-27 F',
      'NIFTY 2026-10-13 C25000',
      'NIFTY 2026-10-13 P25000',
      'BANK 2026-10-27 C50000',
      'BANK 2026-10-27 P50000',
      'NIFTY 2026-10-13 C24950',
      'NIFTY 2026-10-13 P24950',
      'NIFTY 2026-10-13 C25050',
      'NIFTY 2026-10-13 P25050',
      'BANK 2026-10-27 C49900',
      'BANK 2026-10-27 P49900',
      'BANK 2026-10-27 C50100',
      'BANK 2026-10-27 P50100',
      'BANK 2026-10-27 C49800',
      'BANK 2026-10-27 P49800',
      'BANK 2026-10-27 C50200',
      'BANK 2026-10-27 P50200'
    ])
  })

  test('goes to the next expiry with the last trade of the one before, and to the monthly one where that is wanted', () => {
    const expiryAt = (time: string, series: 'weekly' | 'monthly') => {
      const rules = [{ underlying: 'NIFTY', series, strikes: 0 }]
      const { symbols } = selectDerivatives(request({ rules, now: Date.parse(time) }))
      return symbols.find((symbol) => symbol.includes('C'))?.split(' ')[1]
    }
    expect(expiryAt('2026-10-13T10:09:59Z', 'weekly')).toBe('2026-10-13')
    expect(expiryAt('2026-10-13T10:10:00Z', 'weekly')).toBe('2026-10-20')
    expect(expiryAt('2026-10-21T00:00:00Z', 'weekly')).toBe('2026-10-27')
    expect(expiryAt('2026-10-12T00:00:00Z', 'monthly')).toBe('2026-10-27')
    expect(expiryAt('2026-10-28T00:00:00Z', 'monthly')).toBe('2026-11-24')
  })

  test('does not follow a price that goes to and fro, moves with one that goes away, and stays without a price', () => {
    let centres: ReadonlyMap<string, number> = new Map()
    const centreAt = (spot: number | undefined) => {
      const spots = new Map(spot === undefined ? [] : [['NIFTY', spot]])
      ;({ centres } = selectDerivatives(request({ spots, centres })))
      return centres.get('NIFTY')
    }
    expect(centreAt(undefined)).toBeUndefined()
    expect([25_010, 25_090, 24_910, 25_099].map(centreAt)).toEqual([25_000, 25_000, 25_000, 25_000])
    expect(centreAt(25_100)).toBe(25_100)
    expect([25_010, undefined, 25_001].map(centreAt)).toEqual([25_100, 25_100, 25_100])
    expect(centreAt(25_000)).toBe(25_000)
  })

  test('is never more than is allowed, never twice, never over, and grows at its end alone', () => {
    const given = fc.record({
      most: fc.integer({ min: 0, max: 60 }),
      spot: fc.integer({ min: 20_000, max: 30_000 }),
      strikes: fc.integer({ min: 0, max: 30 }),
      day: fc.integer({ min: 0, max: 60 })
    })
    fc.assert(
      fc.property(given, ({ most, spot, strikes, day }) => {
        const now = NOW + day * 86_400_000
        const rules = request().rules.map((rule) => ({ ...rule, strikes }))
        const spots = new Map([
          ['NIFTY', spot],
          ['BANK', spot * 2]
        ])
        const { symbols } = selectDerivatives(request({ most, rules, spots, now }))
        const all = selectDerivatives(request({ rules, spots, now })).symbols
        expect(symbols).toEqual(all.slice(0, most))
        expect(new Set(all).size).toBe(all.length)
        const ends = new Map([...NIFTY, ...BANK].map(({ symbol, lastTradingAt }) => [symbol, lastTradingAt!]))
        for (const symbol of all) expect(ends.get(symbol) ?? Infinity).toBeGreaterThan(now)
        expect(all.length).toBeLessThanOrEqual(4 + 2 * (2 + 4 * strikes))
      }),
      { numRuns: runsOf(40) }
    )
  })
})
