import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseSymbol } from '../../src/market/symbol.ts'
import { withoutFloatNoise } from '../../src/providers/yahoo/prices.ts'
import { toYahooSymbol } from '../../src/providers/yahoo/symbols.ts'

describe('Yahoo symbols', () => {
  test.each([
    ['AAPL', 'AAPL'],
    ['BRK.B', 'BRK-B'],
    ['BAC.PRL', 'BAC-PL'],
    ['ABC.WS', 'ABC-WT'],
    ['ABC.U', 'ABC-UN'],
    ['OCDO.L', 'OCDO.L'],
    ['NSE:RELIANCE', 'RELIANCE.NS'],
    ['NSE:M&M', 'M&M.NS'],
    ['BSE:500325', '500325.BO'],
    ['^GSPC', '^GSPC'],
    ['BTC-USD', 'BTC-USD'],
    ['EURUSD=X', 'EURUSD=X'],
    ['GC=F', 'GC=F'],
    ['7203.T', '7203.T'],
    ['AAPL250117C00150000', 'AAPL250117C00150000']
  ])('%s is %s', (canonical, spelled) => {
    expect(toYahooSymbol(canonical)).toBe(spelled)
    expect(parseSymbol(spelled)).toBe(canonical)
  })
})

test('a price in single precision loses its noise and none of its digits', () => {
  expect(withoutFloatNoise(13.237000465393066)).toBe(13.237)
  expect(withoutFloatNoise(75.0875015258789)).toBe(75.0875)
  expect(withoutFloatNoise(225.2774)).toBe(225.2774)
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 9_999_999 }), fc.integer({ min: 0, max: 6 }), (digits, decimals) => {
      const price = digits / 10 ** decimals
      expect(withoutFloatNoise(Math.fround(price))).toBeCloseTo(price, 12)
    })
  )
})
