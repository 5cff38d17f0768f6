import { expect, test } from 'vitest'
import { storesUnderTest } from './stores-under-test.ts'
import { provenance, quote } from './values.ts'

const under = storesUnderTest()

test('what an instrument is, is known from quotes, profiles and lists of movers, each telling what the others do not', async () => {
  const { stores } = under
  await stores.quotes.upsert([
    quote({ symbol: 'AAA', name: 'Quoted', exchange: 'AMEX' }),
    quote({ symbol: 'BBB', kind: 'etf' })
  ])
  await stores.profiles.upsert([
    { symbol: 'AAA', name: 'Profiled', mic: 'ARCX', exchange: 'NYSE Arca', country: 'US', provenance: provenance() },
    { symbol: 'CCC', sector: 'Energy', provenance: provenance() }
  ])
  const movers = [
    { symbol: 'BBB', name: 'Moved', mic: 'XNAS', exchange: 'NASDAQ' },
    { symbol: 'DDD', kind: 'equity' }
  ]
  const at = provenance().receivedAt
  await stores.marketHistory.addSnapshots([{ kind: 'movers:losers', at, source: 'yahoo', value: { movers } }])
  await stores.marketHistory.addSnapshots([{ kind: 'indices', at, source: 'yahoo', value: {} }])

  const found = await stores.identities.find(['AAA', 'BBB', 'CCC', 'DDD', 'EEE'])
  expect(found.get('AAA')).toMatchObject({ name: 'Quoted', mic: 'ARCX', exchange: 'NYSE Arca', country: 'US' })
  expect(found.get('BBB')).toMatchObject({ name: 'Moved', kind: 'etf', mic: 'XNAS', exchange: 'NASDAQ' })
  expect(found.get('CCC')).toEqual({ sector: 'Energy' })
  expect(found.get('DDD')).toEqual({ kind: 'equity' })
  expect(found.has('EEE')).toBe(false)
})
