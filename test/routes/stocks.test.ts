import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Stock, StockPrice } from '../../src/market/stock.ts'
import type { Profile } from '../../src/market/profile.ts'
import { isoOf } from '../../src/market/time.ts'
import { pageNamed } from '../support/page-named.ts'
import { quoteOf } from '../support/events.ts'
import { openDoor, type Door } from '../support/door.ts'
import { errorOf, startWorld, type Answer, type Api, type ApiWorld } from '../support/api.ts'

type Page = { stocks: Stock[]; next?: string; state: string; readAt: string }

let world: ApiWorld
let api: Api
let token: string
let door: Door

const provenance = (source: string) => ({ ...quoteOf('X', 1).provenance, source })
const profile = (symbol: string, more: Partial<Profile>): Profile => ({
  symbol,
  provenance: provenance('fmp'),
  ...more
})
const HOUR_MS = 3_600_000
const now = Date.now()
const regular = { open: isoOf(now - HOUR_MS), close: isoOf(now + HOUR_MS) }
const hours = {
  source: 'ibkr',
  timeZone: 'America/New_York',
  sessions: [{ date: isoOf(now).slice(0, 10), regular }],
  closed: []
}

beforeAll(async () => {
  world = await startWorld()
  door = await openDoor()
  const through = new URL(world.databaseUrl)
  door.moveTo(Number(through.port))
  through.port = String(door.port)
  through.hostname = '127.0.0.1'
  api = await world.startApi({ DATABASE_URL: through.href, RATE_LIMIT_PER_MINUTE: '100000' })
  token = (await api.login()).token
  const { instruments, quotes, profiles } = api.core.stores
  const listed = { kind: 'equity', currency: 'USD' } as const
  const tickSizes = [
    { from: 0, size: 0.0001 },
    { from: 1, size: 0.01 }
  ]
  const nasdaq = { mic: 'XNAS', exchange: 'NASDAQ' }
  const ids = await instruments.upsert([
    {
      symbol: 'AAPL',
      name: 'Apple Inc.',
      ...listed,
      ...nasdaq,
      tickSizes,
      tradable: true,
      isin: 'US0378331005',
      hours
    },
    { symbol: 'MSFT', name: 'Microsoft', ...listed, ...nasdaq, sector: 'Energy', industry: 'Misfiled' },
    { symbol: 'XOM', name: 'Exxon Mobil', ...listed, mic: 'XNYS', exchange: 'NYSE', sector: 'Energy', industry: 'Oil' },
    { symbol: 'SPY', name: 'SPDR S&P 500', kind: 'etf', currency: 'USD', tradable: false },
    { symbol: 'GONE', name: 'Gone', ...listed, delistedOn: '2026-01-02' },
    { symbol: 'AAPL261218C00200000', kind: 'option', underlying: 'AAPL' },
    { symbol: 'BTC-USD', kind: 'crypto' }
  ])
  await instruments.addAliases([
    { instrumentId: ids.get('AAPL')!, vendor: 'ibkr', alias: '1', from: '2020-01-01' },
    { instrumentId: ids.get('AAPL')!, vendor: 'ibkr', alias: '265598', from: '2024-01-01' }
  ])
  await profiles.upsert([
    profile('AAPL', { sector: 'Information Technology', industry: 'Consumer Electronics', marketCap: 3.5e12 }),
    profile('MSFT', { sector: 'Information Technology', industry: 'Software', marketCap: 3_100_000_000_000.5 })
  ])
  const streamed = { ...provenance('ibkr'), delivery: 'stream' as const }
  await quotes.upsert([
    quoteOf('AAPL', 231.4, { change: 2.5, changePercent: 1.09, bid: 231.39, ask: 231.41, bidSize: 300, askSize: 200 }),
    quoteOf('XOM', 110, { changePercent: -2, marketCap: 4.8e11, provenance: provenance('yahoo') }),
    quoteOf('SPY', 600, { marketCap: 9e11, provenance: streamed })
  ])
})
afterAll(async () => {
  await world.close()
  door.close()
})

function value(answer: Answer): unknown {
  if (answer.status !== 200) throw new Error(`${answer.status} ${answer.body}`)
  return answer.json()
}
const page = async (query = '') => value(await api.get(`/api/v1/stocks${query}`, token)) as Page
const placeAt = (value: number) =>
  pageNamed(
    'stocks',
    { symbol: 'A', value, by: 'lastPriceUpdate' },
    { query: { sort: 'lastPriceUpdate', order: 'asc' } }
  )
const symbols = async (query: string) => (await page(query)).stocks.map(({ symbol }) => symbol)

describe('the list of stocks', () => {
  test('has what is known of each, and says who told the market value: never the stream whose quote carries it', async () => {
    const { stocks, state, next } = await page()
    expect(stocks.map(({ symbol }) => symbol)).toEqual(['AAPL', 'MSFT', 'SPY', 'XOM'])
    expect([state, next]).toEqual(['current', undefined])
    expect(stocks[0]).toMatchObject({
      name: 'Apple Inc.',
      ibkrContractId: 265_598,
      mic: 'XNAS',
      exchange: 'NASDAQ',
      isin: 'US0378331005',
      sector: 'Information Technology',
      industry: 'Consumer Electronics',
      tradable: true,
      minTickSize: 0.01,
      marketCap: 3.5e12,
      marketCapSource: 'fmp',
      currency: 'USD',
      price: 231.4,
      change: 2.5,
      changePercent: 1.09,
      bid: 231.39,
      ask: 231.41,
      bidSize: 300,
      askSize: 200,
      volume: 1000,
      marketStatus: expect.any(String) as string,
      provenance: { source: 'sandbox', feed: 'sandbox', state: 'stale' },
      quality: 'doubtful'
    })
    expect(stocks[1]).toMatchObject({ sector: 'Information Technology', industry: 'Software', quality: 'unpriced' })
    expect(stocks[1]).not.toHaveProperty('price')
    expect(stocks[3]).toMatchObject({ marketCap: 4.8e11, marketCapSource: 'yahoo' })
    expect(stocks[2]).not.toHaveProperty('marketCap')
    expect(stocks[2]).not.toHaveProperty('marketCapSource')
  })

  test.each([
    ['sector=Technology', ['AAPL', 'MSFT']],
    ['sector=energy', ['XOM']],
    ['industry=SOFTWARE', ['MSFT']],
    ['exchange=nasdaq', ['AAPL', 'MSFT']],
    ['exchange=XNYS', ['XOM']],
    ['tradable=true', ['AAPL']],
    ['tradable=false', ['SPY']],
    ['minMarketCap=3100000000000.5', ['AAPL', 'MSFT']],
    ['maxMarketCap=480000000000', ['XOM']],
    ['search=micro', ['MSFT']],
    ['search=us0378331005', ['AAPL']],
    ['ibkrContractId=265598', ['AAPL']],
    ['ibkrContractId=999', []],
    [`updatedSince=${isoOf(now - HOUR_MS)}`, ['AAPL', 'SPY', 'XOM']],
    [`updatedSince=${isoOf(now + HOUR_MS)}`, []]
  ])('by %s', async (query, expected) => {
    expect(await symbols(`?${query}`)).toEqual(expected)
  })

  test.each([
    ['sort=marketCap&order=desc', ['AAPL', 'MSFT', 'XOM', 'SPY']],
    ['sort=marketCap', ['XOM', 'MSFT', 'AAPL', 'SPY']],
    ['sort=changePercent', ['XOM', 'AAPL', 'MSFT', 'SPY']],
    ['sort=price&order=desc', ['SPY', 'AAPL', 'XOM', 'MSFT']],
    ['sort=volume', undefined],
    ['sort=lastPriceUpdate&order=desc', undefined],
    ['sort=symbol&order=desc', ['XOM', 'SPY', 'MSFT', 'AAPL']]
  ])('by %s comes page by page, none twice and none missing, whatever has no value last', async (query, expected) => {
    const whole = await symbols(`?${query}`)
    if (expected) expect(whole).toEqual(expected)
    const paged: string[] = []
    for (let next: string | undefined, turn = 0; turn === 0 || next !== undefined; turn++) {
      const { stocks, next: following } = await page(`?${query}&limit=1${next === undefined ? '' : `&page=${next}`}`)
      paged.push(...stocks.map(({ symbol }) => symbol))
      next = following
      if (turn > 10) throw new Error('the pages have no end')
    }
    expect(paged).toEqual(whole)
  })

  test.each([
    ['sector=Gold', 'sector'],
    ['exchange=Atlantis', 'exchange'],
    ['sort=beauty', 'sort'],
    ['limit=1001', 'limit'],
    ['search=%25%25', 'search'],
    ['minMarketCap=-1', 'minMarketCap'],
    ['updatedSince=2026-02-30', 'updatedSince'],
    ['page=eyJzeW1ib2wiOjF9', 'page'],
    [`sort=lastPriceUpdate&page=${placeAt(9e15)}`, 'page'],
    [`sort=lastPriceUpdate&page=${placeAt(-9e13)}`, 'page'],
    ['colour=red', 'colour']
  ])('says what is wrong with %s', async (query, field) => {
    const answer = await api.get(`/stocks?${query}`, token)
    expect([answer.status, errorOf(answer).details?.['field']]).toEqual([400, field])
  })
})

describe('one stock', () => {
  test('comes with a price of now, its hours as TWS tells them, and is the same under each of its addresses', async () => {
    const stock = value(await api.get('/api/v1/stocks/aapl', token)) as Stock
    expect(stock).toMatchObject({
      symbol: 'AAPL',
      ibkrContractId: 265_598,
      price: 231.4,
      quality: 'good',
      minTickSize: 0.01,
      marketHours: hours,
      provenance: { source: 'yahoo', state: 'live' }
    })
    for (const prefix of ['/stocks', '/api/stocks']) {
      expect(value(await api.get(`${prefix}/AAPL`, token)) as Stock).toMatchObject({ symbol: 'AAPL', price: 231.4 })
    }
    // What the list has of it is as new from then on.
    expect((await page('?search=apple')).stocks[0]).toMatchObject({ quality: 'good', provenance: { source: 'yahoo' } })
  })

  test('that TWS never told has the hours of the calendar', async () => {
    const { marketHours } = value(await api.get('/stocks/MSFT', token)) as Stock
    expect(marketHours).toMatchObject({ source: 'calendar', timeZone: 'America/New_York' })
    expect(marketHours!.sessions.length + marketHours!.closed.length).toBe(7)
    expect(marketHours!.sessions[0]).toHaveProperty('pre.open')
  })

  test('that was never asked for is known as soon as a vendor knows it', async () => {
    expect(value(await api.get('/stocks/BRK-B', token)) as Stock).toMatchObject({
      symbol: 'BRK.B',
      name: 'BRK.B Inc.',
      price: 452.1,
      quality: 'good',
      marketHours: { source: 'calendar' }
    })
  })

  test('has a price with the names of the printed example, which caches keep as long as it is fresh', async () => {
    const answer = await api.get('/stocks/AAPL/price', token)
    const price = value(answer) as StockPrice
    expect(price).toMatchObject({ symbol: 'AAPL', price: 231.4, quality: 'good', provenance: { source: 'yahoo' } })
    expect(price.timestamp).toBe(price.lastPriceUpdate)
    expect(answer.headers).toMatchObject({ 'cache-control': expect.stringMatching(/^private, max-age=\d+$/) })
    const again = await api.get('/stocks/AAPL/price', token, { 'if-none-match': answer.headers['etag']! })
    expect(again.status).toBe(304)
  })

  test.each(['/stocks/AAPLE', '/stocks/AAPLE/price'])(
    'that nobody knows is answered by near ones: %s',
    async (path) => {
      const answer = await api.get(path, token)
      expect(answer.status).toBe(404)
      expect(errorOf(answer)).toMatchObject({ code: 'SYMBOL_NOT_FOUND', details: { suggestions: ['AAPL'] } })
    }
  )

  test('is no coin', async () => {
    const answer = await api.get('/stocks/BTC-USD', token)
    expect([answer.status, errorOf(answer).code]).toEqual([404, 'NOT_A_STOCK'])
  })

  test('is nobody’s business without a key', async () => {
    for (const path of ['/stocks', '/stocks/AAPL', '/stocks/AAPL/price']) expect((await api.get(path)).status).toBe(401)
  })
})

test('while vendors and Postgres are away, what was known is served and says that it is old', async () => {
  await page('?sector=Energy')
  await api.get('/stocks/AAPL', token)
  api.vendor.isDown = true
  door.moveTo(1)
  door.cut()
  await expect.poll(async () => (await page('?sector=Energy')).state).toBe('stale')
  const { stocks } = await page('?sector=Energy')
  expect(stocks).toMatchObject([{ symbol: 'XOM', price: 110, quality: 'doubtful' }])
  expect(value(await api.get('/stocks/AAPL', token)) as Stock).toMatchObject({
    ibkrContractId: 265_598,
    price: 231.4,
    marketHours: { source: 'ibkr' }
  })
  expect((await api.get('/stocks/AAPL/price', token)).status).toBe(200)
  // Never read before: nothing that could be told.
  expect((await api.get('/stocks?sector=Utilities', token)).status).toBe(503)
})
