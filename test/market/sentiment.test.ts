import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Bar } from '../../src/market/bar.ts'
import type { NewsItem } from '../../src/market/news.ts'
import type { Provenance } from '../../src/market/provenance.ts'
import type { Quote } from '../../src/market/quote.ts'
import {
  breadthOf,
  compositeOf,
  highsLowsOf,
  momentumOf,
  newsToneOf,
  NoReading,
  putCallOf,
  SENTIMENT_WEIGHTS,
  volatilityOf,
  type Reading
} from '../../src/market/sentiment-score.ts'
import type { SentimentComponentName } from '../../src/market/sentiment.ts'

const NOW = Date.parse('2026-11-20T15:00:00Z')
const provenance: Provenance = {
  source: 'yahoo',
  feed: 'composite',
  receivedAt: '2026-11-20T14:59:00.000Z',
  state: 'live',
  attempts: []
}
const quote = (symbol: string, price: number, figures: Partial<Quote> = {}): Quote => ({
  symbol,
  price,
  asOf: '2026-11-20T14:58:30.000Z',
  provenance,
  ...figures
})
const flat = (count: number, close: number): Bar[] =>
  Array.from({ length: count }, () => ({ start: '2026-01-01', open: close, high: close, low: close, close }))
const shares = (count: number, figures: (index: number) => Partial<Quote>) =>
  Array.from({ length: count }, (_, index) => quote(`S${index}`, 100, figures(index)))

describe('each component says what its inputs say', () => {
  test.each([
    [110, 100],
    [105, 75],
    [100, 50],
    [90, 0],
    [60, 0]
  ])('an index at %d over a mean of 100 has momentum %d', (price, score) => {
    const reading = momentumOf([{ quote: quote('^GSPC', price), bars: flat(125, 100), provenance }])
    expect(reading.score).toBeCloseTo(score, 9)
    expect(reading.inputs['^GSPC abovePercent']).toBeCloseTo(price - 100, 9)
  })

  test('momentum counts the newest 125 sessions, and only indices that have them', () => {
    const long = { quote: quote('^GSPC', 105), bars: [...flat(100, 5), ...flat(125, 100)], provenance }
    const young = { quote: quote('^RUT', 1), bars: flat(124, 100), provenance }
    expect(momentumOf([long, young]).score).toBeCloseTo(75, 9)
    expect(() => momentumOf([young])).toThrow(NoReading)
  })

  test('volatility is its level, and where a year is known its rank too', () => {
    const year = [...flat(63, 12), ...flat(189, 30)]
    expect(volatilityOf(quote('^VIX', 25), { bars: [], provenance })).toMatchObject({
      score: 50,
      inputs: { level: 25 }
    })
    expect(volatilityOf(quote('^VIX', 25), { bars: year, provenance })).toMatchObject({
      score: 62.5,
      inputs: { level: 25, rankPercent: 25, sessions: 252 }
    })
    expect(volatilityOf(quote('^VIX', 80), { bars: year, provenance }).score).toBe(0)
  })

  test('breadth counts shares that rose and fell, whatever stood still', () => {
    const known = shares(40, (index) => ({ changePercent: index < 26 ? 1 : index < 36 ? -1 : 0 }))
    const reading = breadthOf(known, undefined)
    expect(reading.inputs).toMatchObject({ advancers: 26, decliners: 10, unchanged: 4 })
    expect(reading.score).toBeCloseTo(((26 / 36 - 0.2) / 0.6) * 100, 9)
  })

  test('breadth falls back to sectors where too few shares are known, and says so', () => {
    const few = shares(19, () => ({ changePercent: 1 }))
    const sectors = { changes: [1, 1, -1, 0], asOf: provenance.receivedAt, provenance }
    expect(breadthOf(few, sectors).inputs).toEqual({ of: 'sectors', advancers: 2, decliners: 1, knownListings: 19 })
    expect(() => breadthOf(few, undefined)).toThrow('19 US listings have a known quote, 20 are needed')
  })

  test('new highs and lows count what stands at the end of its year', () => {
    const range = { yearHigh: 110, yearLow: 90 }
    const known = shares(40, (index) => ({
      ...range,
      ...(index < 3 ? { dayHigh: 110 } : index < 4 ? { dayLow: 89 } : {})
    }))
    expect(highsLowsOf(known)).toMatchObject({ score: 75, inputs: { highs: 3, lows: 1, listings: 40 } })
    // One high among forty is no euphoria.
    expect(highsLowsOf(shares(40, (index) => ({ ...range, ...(index < 1 && { dayHigh: 110 }) }))).score).toBe(75)
    expect(highsLowsOf(shares(40, () => range)).score).toBe(50)
  })

  test('puts for calls', () => {
    const contract = (side: 'call' | 'put', volume: number) => ({
      symbol: 'X',
      side,
      strike: 1,
      expiry: '2026-11-20',
      volume
    })
    const read = (puts: number, calls: number) =>
      putCallOf([contract('put', puts), contract('call', calls)], provenance.receivedAt, provenance)
    expect(read(1000, 1000)).toMatchObject({ score: 50, inputs: { ratio: 1, putVolume: 1000, callVolume: 1000 } })
    expect(read(2000, 1000).score).toBe(0)
    expect(read(400, 1000).score).toBe(100)
    expect(() => read(100, 100)).toThrow('200 contracts traded')
    expect(() => read(1000, 0)).toThrow(NoReading)
  })

  test("news counts the vendor's score before ours, newer stories more, and old ones not at all", () => {
    const story = (title: string, hoursAgo: number, sentiment?: number): NewsItem => ({
      id: title,
      title,
      url: `https://example.com/${hoursAgo}`,
      publishedAt: new Date(NOW - hoursAgo * 3_600_000).toISOString(),
      symbols: [],
      ...(sentiment !== undefined && { sentiment })
    })
    const dull = Array.from({ length: 4 }, (_, index) => story('Company to present at a conference', index + 1))
    expect(newsToneOf([...dull, story('Shares plunge', 1, 0.9)], provenance, NOW).score).toBeGreaterThan(60)
    const ours = newsToneOf([...dull, story('Shares plunge after profit warning', 1)], provenance, NOW)
    expect(ours.score).toBeLessThan(45)
    expect(ours.inputs).toMatchObject({ stories: 5, scoredByVendor: 0 })
    const older = newsToneOf([...dull, story('Shares plunge after profit warning', 60)], provenance, NOW)
    expect(older.score).toBeGreaterThan(ours.score)
    expect(() => newsToneOf([...dull, story('Shares plunge', 73)], provenance, NOW)).toThrow('4 stories')
  })
})

const NAMES = Object.keys(SENTIMENT_WEIGHTS) as SentimentComponentName[]
const reading = (score: number, asOf = '2026-11-20T14:58:30.000Z'): Reading => ({ score, inputs: {}, asOf, provenance })
const readings = (make: (name: SentimentComponentName) => Reading | NoReading) =>
  Object.fromEntries(NAMES.map((name) => [name, make(name)])) as Record<SentimentComponentName, Reading | NoReading>

describe('the composite', () => {
  test('weighs all six, and tells each with its weight and age', () => {
    const { sentiment } = compositeOf(
      readings((name) => reading(name === 'momentum' ? 100 : 40)),
      NOW
    )
    expect(sentiment).toMatchObject({ score: 55, label: 'neutral', missing: [], asOf: '2026-11-20T15:00:00.000Z' })
    expect(sentiment!.components.map(({ weight }) => weight).reduce((a, b) => a + b)).toBeCloseTo(1, 12)
    expect(sentiment!.components[0]).toMatchObject({ name: 'momentum', weight: 0.25, ageSeconds: 90, provenance })
  })

  test('gives the weight of what is missing to the others, and says why it is missing', () => {
    const { sentiment } = compositeOf(
      readings((name) => (name === 'put-call' ? new NoReading('nobody has options') : reading(80))),
      NOW
    )
    expect(sentiment!.score).toBe(80)
    expect(sentiment!.missing).toEqual([{ name: 'put-call', nominalWeight: 0.1, reason: 'nobody has options' }])
    expect(sentiment!.components[0]!.weight).toBeCloseTo(0.25 / 0.9, 12)
  })

  test('does not count what is older than the longest weekend', () => {
    const { sentiment } = compositeOf(
      readings((name) =>
        reading(name === 'news-tone' ? 0 : 70, name === 'news-tone' ? '2026-11-10T15:00:00Z' : undefined)
      ),
      NOW
    )
    expect(sentiment).toMatchObject({
      score: 70,
      missing: [{ name: 'news-tone', reason: 'nothing newer than 2026-11-10T15:00:00Z' }]
    })
  })

  test('is not invented from too little', () => {
    const only = (...names: SentimentComponentName[]) =>
      compositeOf(
        readings((name) => (names.includes(name) ? reading(50) : new NoReading('away'))),
        NOW
      )
    for (const few of [only('momentum', 'volatility'), only('put-call', 'highs-lows', 'news-tone')]) {
      expect(few.sentiment).not.toHaveProperty('score')
      expect(few.sentiment).not.toHaveProperty('label')
      expect(few.sentiment!.note).toMatch(/^Too little is known: (45|35) % of the weights have data, 50 % are needed$/)
    }
    expect(only('momentum', 'volatility').missing).toHaveLength(4)
    expect(only('momentum', 'volatility').sentiment!.components).toHaveLength(2)
    expect(only().sentiment).toBeUndefined()
    expect(only('momentum', 'volatility', 'put-call').sentiment).toMatchObject({ label: 'neutral', knownWeight: 0.55 })
  })

  test('is trusted as little as the least trusted of its parts', () => {
    const stale = { ...reading(50), provenance: { ...provenance, source: 'fmp', state: 'stale' as const } }
    const { sentiment } = compositeOf(
      readings((name) => (name === 'volatility' ? stale : reading(50))),
      NOW
    )
    expect(sentiment!.provenance).toMatchObject({ state: 'stale', source: 'yahoo, fmp' })
  })

  test('never leaves its scale, and its weights always add up to one', () => {
    const score = fc.option(fc.double({ min: 0, max: 100, noNaN: true }))
    fc.assert(
      fc.property(fc.array(score, { minLength: 6, maxLength: 6 }), (scores) => {
        const given = readings((name) => {
          const each = scores[NAMES.indexOf(name)]
          return each === null || each === undefined ? new NoReading('away') : reading(each)
        })
        const { sentiment, missing } = compositeOf(given, NOW)
        expect(missing).toHaveLength(scores.filter((each) => each === null).length)
        if (sentiment?.score === undefined) return
        const told = scores.filter((each) => each !== null)
        expect(sentiment.score).toBeGreaterThanOrEqual(Math.min(...told) - 0.01)
        expect(sentiment.score).toBeLessThanOrEqual(Math.max(...told) + 0.01)
        expect(sentiment.components.reduce((sum, { weight }) => sum + weight, 0)).toBeCloseTo(1, 9)
      })
    )
  })
})
