import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { judgeQuote, quoteDivergence } from '../../src/gateway/quality.ts'
import type { Quote } from '../../src/market/quote.ts'
import { aQuote } from './market.ts'
import { shippedHours } from '../support/hours.ts'

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
  judgeQuote({ ...good, ...change }, { hoursOf: shippedHours, now, held }).doubts.map(
    ({ rule, severity }) => `${severity} ${rule}`
  )

test('lets an ordinary quote through untouched', () => {
  expect(judgeQuote(good, { hoursOf: shippedHours, now, held: good })).toEqual({ value: good, doubts: [] })
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

describe('never takes for an error', () => {
  const oil = aQuote('CL=F', {
    price: -37.63,
    previousClose: 18.27,
    change: -55.9,
    changePercent: -305.97,
    open: 17.73,
    dayLow: -40.32,
    dayHigh: 17.85,
    currency: 'USD',
    asOf: '2026-03-02T14:59:58Z'
  })

  test('oil that costs less than nothing', () => {
    expect(judgeQuote(oil, { hoursOf: shippedHours, now, held: { ...oil, price: -20 } }).doubts).toMatchObject([
      { rule: 'unusual-change' }
    ])
    expect(
      judgeQuote(oil, { hoursOf: shippedHours, now, held: { ...oil, price: 2 } }).doubts.map(({ severity }) => severity)
    ).not.toContain('hard')
    expect(
      judgeQuote(
        { ...oil, price: -36, previousClose: -37.63, changePercent: undefined, change: 1.63 },
        { hoursOf: shippedHours, now }
      )
    ).toMatchObject({ doubts: [] })
    expect(judgeQuote({ ...oil, price: -60 }, { hoursOf: shippedHours, now }).doubts).toMatchObject([
      { rule: 'contradicts-day-range' }
    ])
  })

  test('a share without a price that is told as zero or less, although futures may have one', () => {
    expect(brokenRules({ price: -1, dayLow: undefined, dayHigh: undefined, change: undefined })).toContain(
      'hard price-not-positive'
    )
    expect(judgeQuote({ ...oil, price: 0 }, { hoursOf: shippedHours, now }).doubts.map(({ rule }) => rule)).toContain(
      'price-not-positive'
    )
  })

  test.each<[string, Partial<Quote>]>([
    ['a penny share that moves by its tick', { price: 0.0002, previousClose: 0.0002, dayLow: 0.0001, dayHigh: 0.0002 }],
    ['an index without volume', { symbol: '^GSPC', price: 6612.4, previousClose: 6600, dayLow: 6590, dayHigh: 6620 }],
    ['a halted share', { marketState: 'halted', price: 101, previousClose: 100, asOf: '2026-03-02T12:00:00Z' }],
    ['a coin on a Sunday', { symbol: 'DOGE-USD', price: 0.1231, previousClose: 0.1207, asOf: '2026-03-01T12:00:00Z' }],
    ['the yen', { symbol: 'JPY=X', price: 151.2, previousClose: 150.9 }]
  ])('%s', (_, parts) => {
    const quote = aQuote('ABCD', { asOf: '2026-03-02T14:59:58Z', ...parts })
    expect(judgeQuote(quote, { hoursOf: shippedHours, now, held: quote }).doubts).toEqual([])
  })
})

describe('a pair of currencies the other way round', () => {
  const pair = (price: number, previousClose?: number) =>
    aQuote('EURUSD=X', { price, previousClose, asOf: '2026-03-02T14:59:58Z' })

  test('is doubted, by what was held and by its own last close', () => {
    expect(judgeQuote(pair(1 / 1.08), { hoursOf: shippedHours, now, held: pair(1.08) }).doubts).toMatchObject([
      { rule: 'inverted-pair' }
    ])
    expect(judgeQuote(pair(1 / 1.08, 1.08), { hoursOf: shippedHours, now }).doubts.map(({ rule }) => rule)).toContain(
      'inverted-pair'
    )
  })

  test('is not seen in a pair whose price is about one', () => {
    expect(judgeQuote(pair(1.02), { hoursOf: shippedHours, now, held: pair(0.99) }).doubts).toEqual([])
  })
})

test('whatever a vendor sends, the verdict is a verdict', () => {
  const figure = fc.option(fc.oneof(fc.double(), fc.double({ min: 0.0001, max: 1e6 })), { nil: undefined })
  const quotes = fc.record(
    {
      price: fc.oneof(fc.double(), fc.double({ min: 0.0001, max: 1e6 })),
      previousClose: figure,
      change: figure,
      changePercent: figure,
      dayLow: figure,
      dayHigh: figure,
      bid: figure,
      ask: figure,
      asOf: fc.constantFrom('2026-03-02T14:59:58Z', '2026-03-02T10:00:00Z', 'N/A', '')
    },
    { requiredKeys: ['price', 'asOf'] }
  )
  fc.assert(
    fc.property(fc.constantFrom('AAPL', 'CL=F', '^IRX', 'EURUSD=X'), quotes, quotes, (symbol, parts, before) => {
      const { doubts, value } = judgeQuote(aQuote(symbol, parts), {
        hoursOf: shippedHours,
        now,
        held: aQuote(symbol, before)
      })
      const isPrice = Number.isFinite(parts.price) && parts.price !== 0 && (parts.price > 0 || /=F$|^\^/.test(symbol))
      if (!isPrice) expect(doubts[0]?.severity).toBe('hard')
      expect(value.price).toBe(parts.price)
      expect(new Set(doubts.map(({ severity }) => severity)).size).toBeLessThan(2)
      if (value.bid !== undefined && value.ask !== undefined) expect(value.bid > value.ask).toBe(false)
    })
  )
})

test('a price far from the one just had is doubted, though it agrees with itself', () => {
  const elsewhere = {
    price: 3100,
    previousClose: 3090,
    change: 10,
    changePercent: undefined,
    dayLow: 3000,
    dayHigh: 3200
  }
  expect(brokenRules(elsewhere, good)).toEqual(['soft unusual-jump'])
})

test('a suspect value already had proves nothing against a new one', () => {
  const suspect = { ...good, price: 10_100, provenance: { ...good.provenance, state: 'suspect' as const } }
  expect(brokenRules({ asOf: '2026-03-02T14:59:00Z' }, suspect)).toEqual([])
})

test('a value nobody could renew for a week does not block a redenominated price for ever', () => {
  expect(brokenRules({}, { ...good, price: 10_100, asOf: '2026-02-20T21:00:00Z' })).toEqual([])
})

test('drops a bid above the ask and says so, keeping the price', () => {
  const { value, doubts } = judgeQuote({ ...good, bid: 102, bidSize: 3, askSize: 4 }, { hoursOf: shippedHours, now })
  expect(doubts).toEqual([])
  expect(value).not.toHaveProperty('bid')
  expect(value).not.toHaveProperty('askSize')
  expect(value.provenance.notes).toEqual(['bid 102 above ask 101.1: both dropped'])
})

test('a rate of one digit may be off by half of itself, and says so', () => {
  const rate = (price: number) =>
    judgeQuote(aQuote('IDREUR=X', { price, asOf: good.asOf }), { hoursOf: shippedHours, now }).doubts.map(
      ({ rule }) => rule
    )
  expect(rate(0.0001)).toEqual(['rounded-rate'])
  expect(rate(0.00006)).toEqual(['rounded-rate'])
  expect(rate(0.000058)).toEqual([])
  expect(rate(0.002)).toEqual([])
})

test('a contract of one month may cost less than nothing, by its kind or its spelling', () => {
  const oil = { price: -37.63, asOf: good.asOf }
  const rules = (quote: Quote) => judgeQuote(quote, { hoursOf: shippedHours, now }).doubts.map(({ rule }) => rule)
  expect(rules(aQuote('CLK20.NYM', oil))).toEqual([])
  expect(rules(aQuote('OILX', { ...oil, kind: 'future' }))).toEqual([])
  expect(rules(aQuote('AAPL', { ...oil, kind: 'equity' }))).toEqual(['price-not-positive'])
})

test('does not compare prices of two currencies', () => {
  expect(quoteDivergence({ ...good, price: 102 }, { ...good, price: 100 })).toBeCloseTo(2)
  expect(quoteDivergence({ ...good, currency: 'GBP' }, good)).toBeUndefined()
})

describe('a poll that is behind the held price', () => {
  test('is no fault of its vendor, whatever the price has done since', () => {
    expect(brokenRules({ asOf: '2026-03-02T14:59:57Z', price: 101.2 }, good)).toEqual([])
    const jumped = { ...good, price: 210, dayHigh: 211, change: undefined, changePercent: undefined }
    expect(brokenRules({ asOf: '2026-03-02T14:44:57Z' }, jumped)).toEqual([])
  })

  test('confirms it where it is the same print, stamped some seconds apart', () => {
    const asOfTold = (asOf: string) =>
      judgeQuote({ ...good, asOf }, { hoursOf: shippedHours, now, held: good }).value.asOf
    expect(asOfTold('2026-03-02T14:59:50Z')).toBe(good.asOf)
    expect(asOfTold('2026-03-02T14:50:00Z')).toBe('2026-03-02T14:50:00Z')
  })
})
