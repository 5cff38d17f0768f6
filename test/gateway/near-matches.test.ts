import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { editDistance } from '../../src/market/edit-distance.ts'
import { KnownSymbols } from '../../src/gateway/near-matches.ts'

const known = new KnownSymbols([
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
])

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
  expect(known.near(written)[0]).toBe(meant)
})

test('offers nothing where nothing is near', () => {
  expect(known.near('XQZWV')).toEqual([])
})

test('offers at most five, never the symbol itself, and nothing twice', () => {
  const symbols = fc.string({ unit: fc.constantFrom('A', 'B', '.', '-'), minLength: 1, maxLength: 5 })
  fc.assert(
    fc.property(symbols, fc.uniqueArray(symbols), (symbol, universe) => {
      const offered = new KnownSymbols(universe).near(symbol)
      expect(offered.length).toBeLessThanOrEqual(5)
      expect(offered).not.toContain(symbol)
      expect(new Set(offered).size).toBe(offered.length)
    })
  )
})

test('20,000 known symbols hold nobody up', () => {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'
  const nameOf = (index: number) =>
    [17, 13, 7, 3].map((prime, place) => letters[Math.floor((index * prime) / 26 ** place) % 26]).join('')
  const names = Array.from({ length: 20_000 }, (_, index) => nameOf(index))
  const universe = new KnownSymbols(names)
  const typos = Array.from({ length: 20 }, (_, index) => `${nameOf(index * 97)}X`)
  const timed = (work: () => void) => {
    const before = process.threadCpuUsage()
    work()
    const { user, system } = process.threadCpuUsage(before)
    return user + system
  }
  const look = () => typos.forEach((typo) => universe.near(typo))
  const compareAll = () => typos.forEach((typo) => names.forEach((name) => editDistance(typo, name, 2)))
  const rounds = Array.from({ length: 4 }, () => ({ looked: timed(look), compared: timed(compareAll) }))
  const least = (of: (round: (typeof rounds)[number]) => number) => Math.min(...rounds.map(of))
  expect(least(({ looked }) => looked)).toBeLessThan(least(({ compared }) => compared) / 10)
})
