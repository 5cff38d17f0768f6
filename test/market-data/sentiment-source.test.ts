import { expect, test } from 'vitest'
import { ApiError } from '../../src/errors.ts'
import { loadSentiment, TooLittleKnown, type SentimentInputs } from '../../src/market-data/sentiment-source.ts'
import { aQuote } from '../gateway/market.ts'

const NOW = Date.parse('2026-11-27T17:00:00Z')
const nobody = () => Promise.reject(new ApiError('MARKET_DATA_UNAVAILABLE', 503, 'nobody could be asked'))
const none: SentimentInputs = {
  indices: nobody,
  sectors: nobody,
  bars: nobody,
  options: nobody,
  news: nobody,
  knownQuotes: async () => []
}

test('a sentiment of which too little is known comes without a score, with what is known', async () => {
  const shares = Array.from({ length: 26 }, (_, index) =>
    aQuote(`A${String.fromCharCode(65 + index)}`, {
      asOf: new Date(NOW).toISOString(),
      changePercent: 1,
      yearHigh: 200,
      yearLow: 50
    })
  )
  const refused = await loadSentiment({ ...none, knownQuotes: async () => shares }, 'interactive', NOW).catch(
    (error: unknown) => error
  )
  expect(refused).toBeInstanceOf(TooLittleKnown)
  const { sentiment } = refused as TooLittleKnown
  expect(sentiment).toMatchObject({
    knownWeight: 0.3,
    note: 'Too little is known: 30 % of the weights have data, 50 % are needed'
  })
  expect(sentiment!.components.map(({ name }) => name)).toEqual(['breadth', 'highs-lows'])
  expect(sentiment!.missing).toHaveLength(4)
  expect(sentiment).not.toHaveProperty('score')
  expect(sentiment).not.toHaveProperty('label')
})

test('a market of which nothing is known has no sentiment at all', async () => {
  await expect(loadSentiment(none, 'interactive', NOW)).rejects.toMatchObject({ statusCode: 503, sentiment: undefined })
})
