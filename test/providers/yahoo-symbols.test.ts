import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseSymbol } from '../../src/market/symbol.ts'
import { withoutFloatNoise } from '../../src/providers/yahoo/prices.ts'
import { fromYahooSymbol, toYahooSymbol } from '../../src/providers/yahoo/symbols.ts'

describe('Yahoo symbols', () => {
  test.each([
    ['AAPL', 'AAPL'],
    ['BRK.B', 'BRK-B'],
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
    expect(fromYahooSymbol(spelled)).toBe(canonical)
  })

  const yahooSymbol = fc.stringMatching(/^\^?[A-Z0-9]{1,6}(-[A-Z]{1,3}|\.[A-Z]{1,2}|=[XF])?$/)

  test('no instrument is mistaken for another on the way from Yahoo and back', () => {
    fc.assert(
      fc.property(yahooSymbol, (spelled) => {
        const canonical = fromYahooSymbol(spelled)
        fc.pre(canonical !== undefined)
        const share = /^([A-Z]{1,5})\.([A-Z])$/.exec(spelled)
        // Yahoo has no class share with a dot, so what looks like one is read as the class share it must mean.
        expect(toYahooSymbol(canonical)).toBe(
          share && toYahooSymbol(spelled) !== spelled ? toYahooSymbol(spelled) : spelled
        )
      })
    )
  })

  test('what a user asks for comes back under the name it was asked by', () => {
    const canonical = fc.oneof(yahooSymbol, fc.stringMatching(/^(NSE|BSE):[A-Z0-9&-]{1,12}$/)).map(parseSymbol)
    fc.assert(
      fc.property(canonical, (symbol) => {
        fc.pre(symbol !== undefined && !/\.(NS|BO)$/.test(symbol) && !/^(NSE|BSE):-|^[A-Z]{1,5}-[LFV]$/.test(symbol))
        expect(fromYahooSymbol(toYahooSymbol(symbol))).toBe(symbol)
      })
    )
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
