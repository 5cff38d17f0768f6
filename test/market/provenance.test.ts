import { expect, test } from 'vitest'
import { combinedProvenance, type Provenance } from '../../src/market/provenance.ts'

test('a value that is made of values of several sources names each of them once', () => {
  const of = (source: string): Provenance => ({
    source,
    feed: 'delayed',
    receivedAt: '2026-11-30T15:00:00.000Z',
    state: 'live',
    attempts: []
  })
  const news = combinedProvenance([of('fmp'), of('alpha-vantage')])
  expect(combinedProvenance([of('yahoo'), news, of('alpha-vantage')]).source).toBe('yahoo, fmp, alpha-vantage')
})
