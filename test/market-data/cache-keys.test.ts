import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { barsKey, newsKey, optionsKey, searchKey } from '../../src/market-data/cache-keys.ts'
import { Adjustment, Interval, type BarRequest } from '../../src/market/bar.ts'
import { parseSymbol } from '../../src/market/symbol.ts'

const DAY_MS = 86_400_000

/** Symbols made of what keys are made of, so that one may look like the key of another. */
const part = fc.constantFrom(
  'A',
  'AAPL',
  ':',
  '.',
  '-',
  '1',
  '10',
  '2026-12-04',
  '1Y',
  '1D',
  'ALL',
  'NONE',
  '..',
  'T',
  'Z'
)
const symbols = fc
  .array(part, { minLength: 1, maxLength: 6 })
  .map((parts) => parts.join(''))
  .filter((text) => parseSymbol(text) === text)
const expiries = fc.option(fc.constantFrom('2026-12-04', '2026-12-11'), { nil: undefined })
const limits = fc.constantFrom(1, 10, 11)
const instants = fc.constantFrom(0, DAY_MS, 20_000 * DAY_MS)
const bars: fc.Arbitrary<BarRequest> = fc.record(
  {
    symbol: symbols,
    interval: fc.constantFrom(...Interval.enum),
    adjusted: fc.constantFrom(...Adjustment.enum),
    from: instants,
    to: instants,
    period: fc.constantFrom('1d', '1y', 'max')
  },
  { requiredKeys: ['symbol', 'interval', 'adjusted', 'from', 'to'] }
)

/** What a request for bars asks for: a period stands in place of its instants. */
const asked = ({ from, to, period, ...rest }: BarRequest) => ({ ...rest, range: period ?? [from, to] })

test('no request is answered with what was kept for another one', () => {
  const pairs = [
    [fc.tuple(symbols, expiries), optionsKey],
    [fc.tuple(symbols, limits), newsKey],
    [
      fc.tuple(
        symbols.map((symbol) => symbol.toLowerCase()),
        limits
      ),
      searchKey
    ]
  ] as const
  for (const [requests, keyOf] of pairs) {
    const key = keyOf as (...request: unknown[]) => string
    fc.assert(
      fc.property(requests, requests, (one, other) => {
        expect(key(...one) === key(...other)).toBe(JSON.stringify(one) === JSON.stringify(other))
      })
    )
  }
  fc.assert(
    fc.property(bars, bars, (one, other) => {
      expect(barsKey(one) === barsKey(other)).toBe(JSON.stringify(asked(one)) === JSON.stringify(asked(other)))
    })
  )
})

test('a symbol that looks like one with an expiry is another one', () => {
  expect(optionsKey('MSFT:2026-12-04', undefined)).not.toBe(optionsKey('MSFT', '2026-12-04'))
})
