import { describe, expect, test } from 'vitest'
import { NOW, quoted } from './answers.ts'
import { json, signal, standIn } from './yahoo-stand-in.ts'

const at = (iso: string) => Date.parse(iso) / 1000

describe('at night', () => {
  const friday = { regularMarketPrice: 100, regularMarketTime: at('2026-07-24T20:00:00Z'), marketState: 'OVERNIGHT' }
  const evening = { postMarketPrice: 100.5, postMarketTime: at('2026-07-24T23:59:00Z') }
  const night = { overnightMarketPrice: 92, overnightMarketTime: NOW / 1000 - 30, overnightMarketChange: -8 }

  test('the price of the night stands beside the close of a market that is closed', async () => {
    expect(await quoted('AAPL', { ...friday, ...evening, ...night })).toMatchObject({
      price: 100,
      marketState: 'closed',
      extendedHours: { session: 'overnight', price: 92, change: -8, asOf: new Date(NOW - 30_000).toISOString() },
      provenance: { state: 'closed' }
    })
  })

  test.each([
    ['the evening, where the night has no price yet', { ...friday, ...evening }, 'post', 100.5],
    [
      'the morning after it',
      { ...friday, ...night, ...evening, preMarketPrice: 93, preMarketTime: NOW / 1000, marketState: 'PRE' },
      'pre',
      93
    ]
  ])('the newest is that of %s', async (_, row, session, price) => {
    expect((await quoted('AAPL', row))?.extendedHours).toMatchObject({ session, price })
  })
})

test.each(['FUTURE', 'future', 'FUTURES', 'Future_'])('a %s may cost less than nothing', async (quoteType) => {
  const row = { quoteType, currency: 'USD', regularMarketPrice: -37.63, regularMarketVolume: 12 }
  expect(await quoted('CLK30.NYM', row)).toMatchObject({ kind: 'future', price: -37.63, volume: 12 })
})

describe('a source that calls itself delayed is', () => {
  test.each<[object, string, string]>([
    [{ quoteSourceName: 'Delayed Quote', exchangeDataDelayedBy: 0, marketState: 'REGULAR' }, 'delayed', 'delayed'],
    [{ quoteSourceName: 'Delayed Quote', exchangeDataDelayedBy: 0, marketState: 'CLOSED' }, 'closed', 'delayed'],
    [{ quoteSourceName: '15 minute delay', exchangeDataDelayedBy: 0, marketState: 'REGULAR' }, 'delayed', 'delayed'],
    [
      { quoteSourceName: 'Nasdaq Real Time Price', exchangeDataDelayedBy: 0, marketState: 'REGULAR' },
      'live',
      'composite'
    ]
  ])('%o: %s', async (row, state, feed) => {
    const quote = await quoted('AAPL', row)
    expect(quote?.provenance).toMatchObject({ state, feed })
    expect(quote?.provenance).not.toHaveProperty('delayedBySeconds')
  })

  test('in movers, and in indices told together', async () => {
    const row = {
      quoteType: 'EQUITY',
      quoteSourceName: 'Delayed Quote',
      exchangeDataDelayedBy: 0,
      marketState: 'REGULAR'
    }
    const prices = { regularMarketPrice: 10, regularMarketChangePercent: 4, regularMarketTime: NOW / 1000 - 60 }
    const rows = ['^GSPC', '^DJI'].map((symbol) => ({ ...row, ...prices, symbol }))
    const { provider } = await standIn({
      '/v1/finance/screener/': json({ finance: { result: [{ quotes: rows }], error: null } }),
      '/v7/finance/quote': json({ quoteResponse: { result: rows, error: null } })
    })
    expect((await provider.movers!('gainers', signal)).provenance.state).toBe('delayed')
    expect((await provider.indices!(signal)).provenance.state).toBe('delayed')
  })
})

test.each(['MONEYMARKET', 'MONEY_MARKET', 'MUTUALFUND'])('%s is a fund', async (quoteType) => {
  expect(await quoted('VMFXX', { quoteType })).toMatchObject({ kind: 'fund' })
})

test('a search that finds nothing is one that another vendor may answer', async () => {
  const { provider } = await standIn({ '/v1/finance/search': json({ count: 0, quotes: [] }) })
  await expect(provider.search!('IE00B53L3W79', 5, signal)).rejects.toMatchObject({ kind: 'not_found' })
})

describe('open interest', () => {
  const chain = async (interests: (number | undefined)[], volume: number) => {
    const calls = interests.map((openInterest, index) => ({
      contractSymbol: `AAPL261218C0000${index}000`,
      strike: index + 1,
      expiration: at('2026-12-18T00:00:00Z'),
      lastPrice: 1,
      volume,
      openInterest
    }))
    const result = [{ expirationDates: [], quote: { symbol: 'AAPL', currency: 'USD' }, options: [{ calls, puts: [] }] }]
    const { provider } = await standIn({ '/v7/finance/options/': json({ optionChain: { result, error: null } }) })
    return (await provider.options!('AAPL', undefined, signal)).contracts.map(({ openInterest }) => openInterest)
  }

  test('is unknown where a whole chain that traded has none', async () => {
    expect(await chain([0, 0, 0], 2500)).toEqual([undefined, undefined, undefined])
  })
  test('is none where others have some, or where nobody traded', async () => {
    expect(await chain([0, 7], 2500)).toEqual([0, 7])
    expect(await chain([0, 0], 0)).toEqual([0, 0])
  })
})
