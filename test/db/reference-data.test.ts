import { expect, test } from 'vitest'
import { createLastGood } from '../../db/stores.ts'
import type { Dividends } from '../../src/market/corporate-action.ts'
import type { News, NewsItem } from '../../src/market/news.ts'
import type { Profile } from '../../src/market/profile.ts'
import { storesUnderTest } from './stores-under-test.ts'
import { provenance, quote } from './values.ts'

const under = storesUnderTest()
const earlier = provenance({ receivedAt: '2024-01-01T00:00:00.000Z' })

test('a profile comes back whole, and an earlier one does not replace it', async () => {
  const profile: Profile = {
    symbol: 'BRK.B',
    name: 'Berkshire Hathaway Inc.',
    kind: 'equity',
    description: 'Line one\nline "two"',
    exchange: 'NYSE',
    currency: 'USD',
    country: 'US',
    sector: 'Financials',
    industry: 'Insurance',
    website: 'https://www.berkshirehathaway.com',
    employees: 396_500,
    marketCap: 876_543_210_987.65,
    beta: -0.1,
    dividendYieldPercent: 0,
    peRatio: 9.2,
    eps: 1e-8,
    sharesOutstanding: 2_162_000_000,
    ipoDate: '1980-03-17',
    cik: '0001067983',
    isin: 'US0846707026',
    cusip: '084670702',
    officers: [{ name: 'Warren E. Buffett', title: 'Chairman' }, { name: 'Ajit Jain' }],
    provenance: provenance()
  }
  await under.stores.profiles.upsert([profile])
  await under.stores.profiles.upsert([{ symbol: 'BRK.B', name: 'Old', provenance: earlier }])
  expect(await under.stores.profiles.find('BRK.B')).toStrictEqual(profile)

  const bare: Profile = { symbol: 'BARE', provenance: provenance() }
  await under.stores.profiles.upsert([bare])
  expect(await under.stores.profiles.find('BARE')).toStrictEqual(bare)
  expect(await under.stores.profiles.find('NEVER')).toBeUndefined()
})

const story = (id: string, publishedAt: string, over: Partial<NewsItem> = {}): NewsItem => ({
  id,
  title: `Story ${id}`,
  url: `https://example.com/${id}`,
  publishedAt,
  symbols: [],
  ...over
})

test('stories come back newest first, once each, under every symbol they were listed for', async () => {
  const first = story('1', '2024-03-01T10:00:00.000Z', {
    publisher: 'Wire',
    summary: 'In short, "this"',
    symbols: ['AAPL', 'BRK.B'],
    sentiment: -0.15
  })
  const second = story('2', '2024-03-02T10:00:00.000Z')
  const list: News = { symbol: 'AAPL', items: [first, second, first], provenance: provenance() }
  await under.stores.news.upsert(list)
  await under.stores.news.upsert({ ...list, symbol: 'MSFT', items: [first] })

  expect(await under.stores.news.latest('AAPL', 10)).toStrictEqual({ ...list, items: [second, first] })
  expect((await under.stores.news.latest('AAPL', 1))?.items).toStrictEqual([second])
  expect((await under.stores.news.latest('MSFT', 10))?.items).toStrictEqual([first])
  expect(await under.stores.news.latest('NEVER', 10)).toBeUndefined()

  // A list of the market may name symbols that a symbol's own does not, and the other way round.
  const ofMarket = { items: [{ ...second, symbols: ['MSFT'] }], provenance: list.provenance }
  await under.stores.news.upsert(ofMarket)
  await under.stores.news.upsert({ ...list, items: [second] })
  expect((await under.stores.news.latest('AAPL', 1))?.items).toStrictEqual(ofMarket.items)
})

test('one story from two providers is not told twice: the provider heard last answers', async () => {
  const fmp = provenance({ source: 'fmp', receivedAt: '2024-03-09T00:00:00.000Z' })
  const published = '2024-03-01T10:00:00.000Z'
  await under.stores.news.upsert({ symbol: 'TWICE', items: [story('y', published)], provenance: provenance() })
  await under.stores.news.upsert({ symbol: 'TWICE', items: [story('f', published)], provenance: fmp })
  expect(await under.stores.news.latest('TWICE', 10)).toMatchObject({ items: [{ id: 'f' }], provenance: fmp })
})

test('splits and dividends come back newest first; a later list replaces the whole of an earlier one', async () => {
  const { corporateActions } = under.stores
  const splits = {
    symbol: 'AAPL',
    splits: [
      { exDate: '2020-08-31', ratio: 4 },
      { exDate: '2014-06-09', ratio: 7 },
      { exDate: '1999-01-01', ratio: 1 / 3 }
    ],
    provenance: provenance()
  }
  const dividends: Dividends = {
    symbol: 'AAPL',
    dividends: [
      { exDate: '2024-02-09', amount: 0.24, currency: 'USD', payDate: '2024-02-15', kind: 'cash' },
      { exDate: '2024-02-09', amount: 0.1 + 0.2, kind: 'capital_gain' },
      { exDate: '1987-05-11', amount: 0.000_536 }
    ],
    amountsAdjusted: 'splits',
    provenance: provenance()
  }
  const wrong = [{ exDate: '2000-01-01', amount: 9 }]
  await corporateActions.replaceDividends({ ...dividends, dividends: wrong, provenance: earlier })
  await corporateActions.replaceSplits(splits)
  await corporateActions.replaceDividends(dividends)
  await corporateActions.replaceDividends({ ...dividends, dividends: wrong, provenance: earlier })

  expect(await corporateActions.find('AAPL')).toStrictEqual({ symbol: 'AAPL', splits, dividends })
})

test('"has never split" is remembered, and differs from "nobody was asked"', async () => {
  const none = { symbol: 'NONE', splits: [], provenance: provenance() }
  await under.stores.corporateActions.replaceSplits(none)
  expect(await under.stores.corporateActions.find('NONE')).toStrictEqual({ symbol: 'NONE', splits: none })
  expect(await under.stores.corporateActions.find('NEVER')).toBeUndefined()
})

test('the last good value of each kind can be asked for when no provider answers', async () => {
  const held = quote({ symbol: 'LAST' })
  await under.stores.quotes.upsert([held])
  const lastGood = createLastGood(under.stores)
  expect(await lastGood.quotes(['LAST', 'NEVER'])).toStrictEqual(new Map([['LAST', held]]))
  expect(await lastGood.news('NEVER', 5)).toBeUndefined()
})

test('stories go when no provider has listed them for long, and the others stay', async () => {
  const { news } = under.stores
  const story = (id: string) => ({
    id,
    title: id,
    url: `https://example.com/${id}`,
    publishedAt: LONG_AGO,
    symbols: []
  })
  const old = provenance({ source: 'fmp', receivedAt: LONG_AGO })
  await news.upsert({ symbol: 'OLDNEWS', items: [story('gone'), story('listed again')], provenance: old })
  await news.upsert({ symbol: 'OLDNEWS', items: [story('listed again')], provenance: provenance({ source: 'fmp' }) })
  expect(await news.deleteBefore(Date.parse(LONG_AGO) + 1)).toBe(1)
  expect((await news.latest('OLDNEWS', 10))?.items.map(({ id }) => id)).toEqual(['listed again'])
})

const LONG_AGO = '2021-01-01T00:00:00.000Z'
