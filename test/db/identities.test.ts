import { pino } from 'pino'
import { expect, onTestFinished, test } from 'vitest'
import { createRecorder } from '../../db/recorder.ts'
import { storesUnderTest } from './stores-under-test.ts'
import { provenance, quote } from './values.ts'

const under = storesUnderTest()

function recorderUnderTest() {
  const recorder = createRecorder({ stores: under.stores, log: pino({ level: 'silent' }) })
  onTestFinished(() => recorder.close())
  return recorder
}

test('what an instrument is, is known from quotes, profiles and lists of movers, each telling what the others do not', async () => {
  const recorder = recorderUnderTest()
  recorder.profile({ symbol: 'AAA', mic: 'ARCX', exchange: 'NYSE Arca', country: 'US', provenance: provenance() })
  recorder.profile({ symbol: 'CCC', sector: 'Energy', provenance: provenance() })
  await recorder.flush()
  recorder.quote(quote({ symbol: 'AAA', name: 'Quoted', exchange: 'AMEX' }))
  recorder.quote(quote({ symbol: 'BBB', kind: 'etf' }))
  const movers = [
    { symbol: 'BBB', name: 'Moved', mic: 'XNAS', exchange: 'NASDAQ' },
    { symbol: 'DDD', kind: 'equity' }
  ]
  const at = provenance().receivedAt
  recorder.snapshot({ kind: 'movers:losers', at, source: 'yahoo', value: { movers } })
  recorder.snapshot({ kind: 'indices', at, source: 'yahoo', value: {} })
  await recorder.flush()

  const found = await under.stores.identities.find(['AAA', 'BBB', 'CCC', 'DDD', 'EEE'])
  expect(found.get('AAA')).toMatchObject({ name: 'Quoted', mic: 'ARCX', exchange: 'NYSE Arca', country: 'US' })
  expect(found.get('BBB')).toMatchObject({ name: 'Moved', kind: 'etf', mic: 'XNAS', exchange: 'NASDAQ' })
  expect(found.get('CCC')).toEqual({ sector: 'Energy' })
  expect(found.get('DDD')).toEqual({ kind: 'equity' })
  expect(found.has('EEE')).toBe(false)
})

test('a profile without a sector leaves the one that another vendor told', async () => {
  const recorder = recorderUnderTest()
  recorder.profile({ symbol: 'FFF', sector: 'Energy', provenance: provenance() })
  await recorder.flush()
  recorder.profile({ symbol: 'FFF', name: 'Of a poorer vendor', provenance: provenance() })
  await recorder.flush()
  expect((await under.stores.identities.find(['FFF'])).get('FFF')).toMatchObject({ sector: 'Energy' })
})

test('a quote that may be another instrument tells nothing of this one', async () => {
  const recorder = recorderUnderTest()
  recorder.quote(quote({ symbol: 'ZZZ', name: 'Right' }))
  await recorder.flush()
  recorder.quote(quote({ symbol: 'ZZZ', name: 'Wrong', provenance: provenance({ state: 'suspect' }) }))
  await recorder.flush()
  expect((await under.stores.identities.find(['ZZZ'])).get('ZZZ')).toMatchObject({ name: 'Right' })
})
