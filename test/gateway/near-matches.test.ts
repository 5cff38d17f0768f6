import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { nearMatches } from '../../src/gateway/near-matches.ts'

const known = [
  'AAPL',
  'AAP',
  'BRK.A',
  'BRK.B',
  'OCDO.L',
  'MSFT',
  '^GSPC',
  'BTC-USD',
  'NSE:RELIANCE',
  'T',
  'TSLA',
  'GOOGL'
]

test.each([
  ['APPL', 'AAPL'],
  ['AALP', 'AAPL'],
  ['BRKB', 'BRK.B'],
  ['BRK_B', 'BRK.B'],
  ['OCDO', 'OCDO.L'],
  ['MSFT.US', 'MSFT'],
  ['GSPC', '^GSPC'],
  ['BTCUSD', 'BTC-USD'],
  ['RELIANCE', 'NSE:RELIANCE'],
  ['TLSA', 'TSLA'],
  ['GOOGLE', 'GOOGL']
])('somebody who wrote %s is offered %s first', (written, meant) => {
  expect(nearMatches(written, known)[0]).toBe(meant)
})

test('offers nothing where nothing is near', () => {
  expect(nearMatches('XQZWV', known)).toEqual([])
})

test('offers at most five, never the symbol itself, and nothing twice', () => {
  const symbols = fc.string({ unit: fc.constantFrom('A', 'B', '.', '-'), minLength: 1, maxLength: 5 })
  fc.assert(
    fc.property(symbols, fc.uniqueArray(symbols), (symbol, universe) => {
      const offered = nearMatches(symbol, universe)
      expect(offered.length).toBeLessThanOrEqual(5)
      expect(offered).not.toContain(symbol)
      expect(new Set(offered).size).toBe(offered.length)
    })
  )
})
