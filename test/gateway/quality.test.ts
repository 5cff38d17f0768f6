import { describe, expect, test } from 'vitest'
import { judgeQuote, quoteDivergence } from '../../src/gateway/quality.ts'
import type { Quote } from '../../src/market/quote.ts'
import { aQuote } from './market.ts'

const now = Date.parse('2026-03-02T15:00:00Z')
const good = aQuote('AAPL', {
  price: 101,
  previousClose: 100,
  change: 1,
  changePercent: 1,
  dayLow: 99,
  dayHigh: 102,
  bid: 100.9,
  ask: 101.1,
  currency: 'USD',
  asOf: '2026-03-02T14:59:58Z'
})
const brokenRules = (change: Partial<Quote>, held?: Quote) =>
  judgeQuote({ ...good, ...change }, { now, held }).doubts.map(({ rule, severity }) => `${severity} ${rule}`)

test('lets an ordinary quote through untouched', () => {
  expect(judgeQuote(good, { now, held: good })).toEqual({ value: good, doubts: [] })
})

describe('never serves', () => {
  test.each<[string, string, Partial<Quote>]>([
    ['a price of zero', 'price-not-positive', { price: 0, dayLow: undefined, dayHigh: undefined, change: undefined }],
    ['a price that is no number', 'price-not-positive', { price: Number.NaN }],
    ['a price from tomorrow', 'future-instant', { asOf: '2026-03-03T14:00:00Z' }],
    ['a price without an instant', 'unreadable-instant', { asOf: 'N/A' }],
    [
      'pence for pounds',
      'unit-jump',
      { price: 10_100, dayLow: undefined, dayHigh: undefined, changePercent: undefined }
    ],
    ['pounds for pence', 'unit-jump', { price: 1.01, dayLow: undefined, dayHigh: undefined, changePercent: undefined }],
    ['a low above the high', 'low-above-high', { dayLow: 103 }],
    ['a price far from the whole day', 'contradicts-day-range', { price: 131, change: undefined }],
    ['a fund that gains 1e41 percent', 'absurd-change', { changePercent: 1.29e41 }]
  ])('%s', (_, rule, change) => {
    expect(brokenRules(change)).toContain(`hard ${rule}`)
  })

  test('a value older than the one already had, while an equal one may pass', () => {
    expect(brokenRules({ asOf: '2026-03-02T14:59:57Z', price: 101.2 }, good)).toEqual(['hard older-than-held'])
    expect(brokenRules({ price: 101.2 }, good)).toEqual([])
  })

  test('an old stamp as a step back, where it is the print already had', () => {
    expect(brokenRules({ asOf: '2026-03-02T14:59:50Z' }, good)).toEqual([])
    expect(brokenRules({ asOf: '2026-03-02T14:50:00Z' }, good)).toEqual(['hard older-than-held'])
  })

  test('another currency than before', () => {
    expect(brokenRules({ currency: 'GBP' }, good)).toEqual(['hard currency-changed'])
  })

  test('a hundredth of what was held', () => {
    expect(brokenRules({ previousClose: undefined }, { ...good, price: 10_100 })).toEqual(['hard unit-jump'])
  })
})

describe('doubts', () => {
  test.each<[string, string, Partial<Quote>]>([
    ['a price that halved over night', 'split-like-jump', { price: 50, change: -50, changePercent: -50, dayLow: 49 }],
    ['a price outside the range', 'outside-day-range', { price: 104, change: 4, changePercent: 4 }],
    ['a change of 60 percent', 'unusual-change', { price: 160, change: 60, changePercent: 60, dayHigh: 161 }],
    ['a change that does not add up', 'inconsistent-change', { change: 5 }],
    ['a percentage that does not add up', 'inconsistent-change', { changePercent: 5 }]
  ])('%s', (_, rule, change) => {
    expect(brokenRules(change)).toEqual([`soft ${rule}`])
  })
})

test('a suspect value already had proves nothing against a new one', () => {
  const suspect = { ...good, price: 10_100, provenance: { ...good.provenance, state: 'suspect' as const } }
  expect(brokenRules({ asOf: '2026-03-02T14:59:00Z' }, suspect)).toEqual([])
})

test('a value nobody could renew for a week does not block a redenominated price for ever', () => {
  expect(brokenRules({}, { ...good, price: 10_100, asOf: '2026-02-20T21:00:00Z' })).toEqual([])
})

test('drops a bid above the ask and says so, keeping the price', () => {
  const { value, doubts } = judgeQuote({ ...good, bid: 102, bidSize: 3, askSize: 4 }, { now })
  expect(doubts).toEqual([])
  expect(value).not.toHaveProperty('bid')
  expect(value).not.toHaveProperty('askSize')
  expect(value.provenance.notes).toEqual(['bid 102 above ask 101.1: both dropped'])
})

test('does not compare prices of two currencies', () => {
  expect(quoteDivergence({ ...good, price: 102 }, { ...good, price: 100 })).toBeCloseTo(2)
  expect(quoteDivergence({ ...good, currency: 'GBP' }, good)).toBeUndefined()
})
