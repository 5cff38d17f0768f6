import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CANONICAL, createAliasResolver, holdsOn, type InstrumentAlias } from '../../src/market/instrument.ts'

const instruments = [
  { id: 1, symbol: 'META', name: 'Meta Platforms' },
  { id: 2, symbol: 'FB', name: 'A fund that took the symbol over' },
  { id: 3, symbol: 'NSE:RELIANCE' }
]
const aliases: InstrumentAlias[] = [
  { instrumentId: 1, vendor: CANONICAL, alias: 'FB', until: '2022-06-09' },
  { instrumentId: 1, vendor: CANONICAL, alias: 'META', from: '2022-06-09' },
  { instrumentId: 1, vendor: 'ibkr', alias: '107113386' },
  { instrumentId: 3, vendor: 'upstox', alias: 'NSE_EQ|INE002A01018', from: '2020-01-01' },
  { instrumentId: 3, vendor: 'upstox', alias: 'NSE_EQ|OLD', until: '2020-01-01' }
]
const resolver = createAliasResolver(instruments, aliases)

test.each([
  ['FB', '2022-06-08', 1],
  ['META', '2022-06-08', undefined],
  ['META', '2022-06-09', 1],
  ['FB', '2022-06-09', 2],
  ['NSE:RELIANCE', '1990-01-01', 3],
  ['NONE', '2026-01-01', undefined]
])('%s on %s', (symbol, day, id) => {
  expect(resolver.bySymbol(symbol, day)?.id).toBe(id)
})

test("a vendor's name is an instrument only while it holds, and that vendor's alone", () => {
  expect(resolver.byAlias('upstox', 'NSE_EQ|INE002A01018', '2020-01-01')?.symbol).toBe('NSE:RELIANCE')
  expect(resolver.byAlias('upstox', 'NSE_EQ|INE002A01018', '2019-12-31')).toBeUndefined()
  expect(resolver.byAlias('ibkr', 'NSE_EQ|INE002A01018', '2020-01-01')).toBeUndefined()
  expect(resolver.aliasOf(3, 'upstox', '2019-12-31')).toBe('NSE_EQ|OLD')
  expect(resolver.aliasOf(3, 'upstox', '2026-01-01')).toBe('NSE_EQ|INE002A01018')
  expect(resolver.aliasOf(2, 'upstox', '2026-01-01')).toBeUndefined()
})

test("on each day a name is whoever's it is by its days", () => {
  const days = fc.integer({ min: 0, max: 3000 }).map((day) => new Date(day * 86_400_000).toISOString().slice(0, 10))
  const turns = fc.uniqueArray(days, { minLength: 1, maxLength: 6 }).map((starts) => starts.toSorted())
  fc.assert(
    fc.property(turns, days, (starts, day) => {
      const owners = starts.map((_, index) => ({ id: index + 1, symbol: `S${index}` }))
      const held = starts.map((from, index) => {
        const until = starts[index + 1]
        return { instrumentId: index + 1, vendor: 'v', alias: 'a b', from, ...(until !== undefined && { until }) }
      })
      const found = createAliasResolver(owners, held).byAlias('v', 'a b', day)
      expect(found?.id).toBe(held.find((each) => holdsOn(each, day))?.instrumentId)
      expect(found === undefined).toBe(day < starts[0]!)
    })
  )
})
