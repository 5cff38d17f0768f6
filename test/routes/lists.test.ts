import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib'
import { parquetReadObjects } from 'hyparquet'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import type { BarRequest, BarSeries, HistoricalSeries } from '../../src/market/bar.ts'
import type { StoryPage } from '../../src/market/news.ts'
import type { Provenance } from '../../src/market/provenance.ts'
import { ProviderError } from '../../src/providers/provider.ts'
import { errorOf, startWorld, type Api, type ApiWorld } from '../support/api.ts'
import { testRedis } from '../support/services.ts'

const DAY_MS = 86_400_000
const MARKET = '/api/v1/market'
/** Closes by adjustment. */
const CLOSES = { none: 400, splits: 100, all: 90 } as const

let world: ApiWorld
let api: Api
let token: string
/** How many series the vendor was asked for at the same time, and which. */
let underWay = 0
let mostUnderWay = 0
let asked: BarRequest[] = []

beforeAll(async () => {
  world = await startWorld()
  api = await world.startApi({ CORS_ORIGINS: 'https://dashboard.example.com' })
  token = (await api.login()).token
  api.vendor.bars = async (request: BarRequest) => {
    asked.push(request)
    mostUnderWay = Math.max(mostUnderWay, ++underWay)
    await new Promise(setImmediate)
    underWay--
    if (request.symbol.startsWith('NO')) throw new ProviderError('yahoo', 'not_found', 'yahoo does not know it')
    return seriesOf(request)
  }
})
beforeEach(() => {
  asked = []
  mostUnderWay = 0
})
afterAll(() => world.close())

function seriesOf({ symbol, interval, adjusted, from, to }: BarRequest): BarSeries {
  const step = interval === '5m' ? 300_000 : DAY_MS
  const bars: BarSeries['bars'] = []
  for (let at = from; at < Math.min(to, Date.now()); at += step) {
    const start = new Date(at).toISOString()
    const price = CLOSES[adjusted]
    bars.push({
      start: step === DAY_MS ? start.slice(0, 10) : start,
      open: price,
      high: price,
      low: price,
      close: price
    })
  }
  const receivedAt = new Date().toISOString()
  const provenance: Provenance = { source: 'yahoo', feed: 'sandbox', receivedAt, state: 'live', attempts: [] }
  return { symbol, interval, adjusted, currency: 'USD', timeZone: 'UTC', bars, provenance }
}

const get = (path: string, headers = {}) => api.get(`${MARKET}${path}`, token, headers)
const FROM_TO = 'from=2024-01-02&to=2024-01-03'

describe('history of many symbols', () => {
  test('comes in one answer, in the order asked for, with an error for each symbol that has none', async () => {
    const answer = await get(`/history?symbols=MSFT,NOPE,aapl,%3F&${FROM_TO}`)
    expect(answer.status).toBe(200)
    const body = answer.json() as { series: HistoricalSeries[]; errors: object[]; requested: object }
    expect(body).toMatchObject({ interval: '1d', adjusted: 'splits', requested: { aapl: 'AAPL' } })
    expect(body.series.map(({ symbol }) => symbol)).toEqual(['MSFT', 'AAPL'])
    expect(body.series[0]).toMatchObject({
      bars: [{ start: '2024-01-02', close: 100 }, {}],
      provenance: { state: 'live' }
    })
    expect(body.errors).toMatchObject([
      { symbol: '?', code: 'INVALID_REQUEST' },
      { symbol: 'NOPE', code: 'SYMBOL_NOT_FOUND' }
    ])
    expect((await get(`/history?symbols=NOPE&${FROM_TO}`)).json()).toMatchObject({ series: [], errors: [{}] })
  })

  test('has the symbol in each row of csv, ndjson and parquet, and says which symbols failed', async () => {
    const query = `/history?symbols=AAPL,NOPE&${FROM_TO}`
    const csv = await get(`${query}&format=csv`)
    expect(csv.body.split('\n')).toEqual([
      'symbol,start,open,high,low,close,volume,complete,currency,source,state,error',
      'AAPL,2024-01-02,100,100,100,100,,,USD,yahoo,live,',
      'AAPL,2024-01-03,100,100,100,100,,,USD,yahoo,live,',
      'NOPE,,,,,,,,,,,SYMBOL_NOT_FOUND',
      ''
    ])
    expect(csv.headers).toMatchObject({ 'quotewire-interval': '1d', 'quotewire-adjusted': 'splits' })
    const lines = (await get(query, { accept: 'application/x-ndjson' })).body.trim().split('\n')
    expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([
      { symbol: 'AAPL', start: '2024-01-02', close: 100, source: 'yahoo' },
      { symbol: 'AAPL' },
      { symbol: 'NOPE', error: 'SYMBOL_NOT_FOUND' }
    ])
    const parquet = await api.app.inject({
      url: `${MARKET}${query}&format=parquet`,
      headers: { authorization: `Bearer ${token}` }
    })
    const file = new Uint8Array(parquet.rawPayload).buffer
    expect(await parquetReadObjects({ file })).toMatchObject([
      { symbol: 'AAPL', close: 100, error: null },
      { symbol: 'AAPL' },
      { symbol: 'NOPE', close: null }
    ])
  })

  test('shows closes as traded and adjusted ones side by side, and where each come from', async () => {
    const sides = 'adjusted=none&adjustedClose=all'
    const [one] = ((await get(`/history?symbols=AAPL&${FROM_TO}&${sides}`)).json() as { series: HistoricalSeries[] })
      .series
    expect(one).toMatchObject({
      adjusted: 'none',
      bars: [{ close: 400, adjustedClose: 90 }, { adjustedClose: 90 }],
      adjustedCloses: { adjusted: 'all', provenance: { source: 'yahoo' } }
    })
    const csv = await get(`/historical/AAPL?${FROM_TO}&${sides}&format=csv`)
    expect(csv.body.split('\n').slice(0, 2)).toEqual([
      'start,open,high,low,close,volume,complete,adjustedClose,symbol',
      '2024-01-02,400,400,400,400,,,90,AAPL'
    ])
  })

  test('asks the vendors a few series at a time, once each, and no further than is read', async () => {
    const symbols = Array.from({ length: 20 }, (_, at) => `S${at}`).join(',')
    const query = `/history?symbols=${symbols}&from=2024-02-01&to=2024-02-02`
    expect(((await get(query)).json() as { series: object[] }).series).toHaveLength(20)
    expect(mostUnderWay).toBeLessThanOrEqual(4)
    await get(`${query}&format=csv`)
    expect(asked).toHaveLength(20)
  })

  test('refuses what cannot be, before anybody is asked', async () => {
    for (const [query, field] of [
      ['symbols=AAPL&interval=2h', 'interval'],
      ['symbols=AAPL&range=1y&from=2024-01-02', 'range'],
      ['symbols=,', 'symbols'],
      ['symbols=AAPL&adjustedClose=both', 'adjustedClose'],
      ['range=1y', 'symbols']
    ]) {
      expect(errorOf(await get(`/history?${query}`)).details).toMatchObject({ field })
    }
    expect(asked).toEqual([])
  })
})

describe('sparklines', () => {
  type Line = { symbol: string; closes: number[]; start: string; asOf: string }

  test('are small, of the newest session, and say how old they are and where they come from', async () => {
    const answer = await get('/sparklines?symbols=AAPL,NOPE,MSFT')
    const { sparklines, errors } = answer.json() as { sparklines: Line[]; errors: object[] }
    expect(sparklines.map(({ symbol }) => symbol)).toEqual(['AAPL', 'MSFT'])
    expect(errors).toMatchObject([{ symbol: 'NOPE', code: 'SYMBOL_NOT_FOUND' }])
    const [{ closes, start, asOf }] = sparklines as [Line]
    expect(closes.length).toBeLessThanOrEqual(100)
    expect(closes.every((close) => close === 100)).toBe(true)
    expect(start.slice(0, 10)).toBe(asOf.slice(0, 10))
    expect(sparklines[0]).toMatchObject({ interval: '5m', source: 'yahoo', state: 'live', currency: 'USD' })
    expect(answer.headers['cache-control']).toMatch(/^private, max-age=\d+$/)
    const held = await get('/sparklines?symbols=AAPL,NOPE,MSFT', { 'if-none-match': answer.headers['etag'] })
    expect(held.status).toBe(304)
    expect(asked.filter(({ symbol }) => symbol === 'AAPL')).toHaveLength(1)
  })

  test('of a longer range keep the newest close', async () => {
    const { sparklines } = (await get('/sparklines?symbols=AAPL&range=1y')).json() as { sparklines: [Line] }
    expect(sparklines[0].closes.length).toBeGreaterThan(50)
    expect(sparklines[0].closes.length).toBeLessThanOrEqual(100)
    expect(sparklines[0].asOf).toBe(new Date().toISOString().slice(0, 10))
  })
})

test('typing ahead finds what a search finds, and is kept by the client', async () => {
  const answer = await get('/search?query=app&limit=5')
  expect(answer.json()).toMatchObject({ query: 'app', matches: [{ symbol: 'AAPL' }] })
  const held = await get('/search?query=APP&limit=5', { 'if-none-match': answer.headers['etag'] })
  expect(held.status).toBe(304)
  expect(errorOf(await get('/search?query=%20')).details).toMatchObject({ field: 'query' })
})

describe('fields of quotes', () => {
  test('are those that were asked for, with what they are of and whether to trust them', async () => {
    const one = await get('/quote/AAPL?fields=price,currency,volume')
    expect(Object.keys(one.json() as object)).toEqual(['symbol', 'price', 'currency', 'provenance'])
    expect(one.json()).toMatchObject({ symbol: 'AAPL', price: 231.4, provenance: { source: 'yahoo' } })
    const held = await get('/quote/AAPL?fields=price,currency', { 'if-none-match': one.headers['etag'] })
    expect(held.status).toBe(304)
    const many = (await get('/quotes?symbols=AAPL,NOPE,msft&fields=price')).json() as { quotes: object[] }
    expect(many.quotes.map((quote) => Object.keys(quote))).toEqual(
      Array.from({ length: 2 }, () => ['symbol', 'price', 'provenance'])
    )
    expect(many).toMatchObject({ errors: [{ symbol: 'NOPE' }], requested: { msft: 'MSFT' } })
  })

  test('that no quote has are refused with the one that was probably meant', async () => {
    for (const path of ['/quote/AAPL?fields=price,changePct', '/quotes?symbols=AAPL&fields=changePct']) {
      const { details, message } = errorOf(await get(path))
      expect(details).toMatchObject({ field: 'fields', allowed: expect.arrayContaining(['price']) as unknown })
      expect(message).toContain('changePercent was probably meant')
    }
    expect(errorOf(await get('/quote/AAPL?fields=,')).details).toMatchObject({ field: 'fields' })
  })
})

test('quotes come as csv, with a row for each symbol that has none', async () => {
  const csv = await get('/quotes?symbols=AAPL,NOPE&format=csv')
  const [head, first, second] = csv.body.split('\n').map((line) => line.split(','))
  const cell = (row: string[] | undefined, name: string) => row![head!.indexOf(name)]
  expect(head![0]).toBe('symbol')
  expect([cell(first, 'price'), cell(first, 'source'), cell(first, 'error')]).toEqual(['231.4', 'yahoo', ''])
  expect([cell(second, 'symbol'), cell(second, 'price'), cell(second, 'error')]).toEqual([
    'NOPE',
    '',
    'SYMBOL_NOT_FOUND'
  ])
  const few = await get('/quotes?symbols=AAPL&format=ndjson&fields=price')
  expect(Object.keys(JSON.parse(few.body) as object)).toEqual([
    'symbol',
    'price',
    'source',
    'feed',
    'state',
    'receivedAt'
  ])
})

describe('what may grow', () => {
  /** All pages of a list, of so many at a time. */
  async function pages<T>(path: string, list: string, limit: number, as = token): Promise<T[]> {
    const found: T[] = []
    let next: string | undefined
    do {
      const query = `${path.includes('?') ? '&' : '?'}limit=${limit}${next === undefined ? '' : `&page=${next}`}`
      const answer = await api.get(path + query, as)
      expect(answer.status).toBe(200)
      const page = answer.json() as { next?: string } & Record<string, T[]>
      expect(page[list]!.length).toBeLessThanOrEqual(limit)
      found.push(...page[list]!)
      next = page.next
    } while (next !== undefined)
    return found
  }

  test('comes in pages: users and keys, each once', async () => {
    const admin = (await api.login(['admin:read'])).token
    const [user] = await Promise.all(Array.from({ length: 4 }, () => api.login()))
    for (let made = 0; made < 3; made++) await api.core.stores.keys.createKey({ userId: user!.userId, scopes: ['a'] })
    const users = await pages<{ name: string }>('/api/v1/admin/users', 'users', 2, admin)
    const names = users.map(({ name }) => name)
    expect(names.length).toBeGreaterThan(5)
    expect(new Set(names).size).toBe(names.length)
    const own = `/api/v1/admin/keys?userId=${user!.userId}`
    const keys = await pages<{ id: string }>(own, 'keys', 2, admin)
    expect(new Set(keys.map(({ id }) => id)).size).toBe(4)
    expect(await pages<{ id: string }>(own, 'keys', 100, admin)).toEqual(keys)
  })

  test('comes in pages: known symbols, also as csv', async () => {
    await get('/quotes?symbols=AAPL,MSFT,BRK.B')
    await api.core.recorder.flush()
    const symbols = await pages<{ symbol: string }>(`${MARKET}/symbols`, 'symbols', 1)
    expect(symbols.map(({ symbol }) => symbol)).toEqual(expect.arrayContaining(['AAPL', 'BRK.B', 'MSFT']))
    expect((await get('/symbols?q=msf')).json()).toMatchObject({ symbols: [{ symbol: 'MSFT' }] })
    const csv = await get('/symbols?q=msf&format=csv')
    expect(csv.body).toMatch(/^symbol,name,kind,mic,exchange,country,currency\nMSFT,/)
  })

  test('comes in pages: the newest stories of all symbols, each with where it came from', async () => {
    const receivedAt = new Date().toISOString()
    const provenance: Provenance = { source: 'yahoo', feed: 'composite', receivedAt, state: 'live', attempts: [] }
    for (const [symbol, ids] of [
      ['AAPL', ['a', 'b', 'c']],
      ['MSFT', ['d', 'e']]
    ] as const) {
      const items = ids.map((id) => ({
        id,
        title: `Profit soars ${id}`,
        url: `https://example.com/${id}`,
        // Two of one instant.
        publishedAt: `2026-01-0${id === 'e' ? 1 : 'abcd'.indexOf(id) + 1}T00:00:00.000Z`,
        symbols: [symbol]
      }))
      await api.core.stores.news.upsert({ symbol, items, provenance })
    }
    const stories = await pages<{ id: string; tone: object; provenance: Provenance }>(`${MARKET}/news`, 'items', 2)
    expect(stories.map(({ id }) => id)).toEqual(['d', 'c', 'b', 'a', 'e'])
    expect(stories[0]).toMatchObject({ tone: { by: 'lexicon' }, provenance: { source: 'yahoo', receivedAt } })
    const csv = await get('/news?limit=1&format=csv')
    expect(csv.body).toMatch(/^publishedAt,title,.*\n2026-01-04T00:00:00\.000Z,Profit soars d,/)
    expect(csv.headers['quotewire-next']).toMatch(/^[\w-]+$/)
    // No vendor here sells news of the market: what is stored is all that there can be.
    expect((await get('/news')).json()).not.toHaveProperty('error')
    expect(stories.map((each) => each.provenance.state)).not.toContain('stale')
  })

  test('stored stories are labelled stale while no vendor lists what is new, with who was asked and why he did not', async () => {
    api.vendor.marketNews = async () => {
      throw new ProviderError('yahoo', 'unavailable', 'yahoo could not be reached')
    }
    onTestFinished(() => void delete api.vendor.marketNews)
    const page = (await get('/news')).json() as StoryPage
    expect(page).toMatchObject({ error: { attempts: [{ provider: 'yahoo', outcome: 'unavailable' }] } })
    expect(page.items.length).toBeGreaterThan(3)
    expect(page.items.filter(({ provenance }) => provenance.state !== 'stale')).toEqual([])
    const [names, first] = (await get('/news?format=csv')).body.split('\n')
    expect(names).toContain(',source,state,receivedAt,')
    expect(first).toContain(',yahoo,stale,')
  })

  test('what a vendor lists of the whole market comes among the stored stories before it is stored, each once', async () => {
    const receivedAt = new Date().toISOString()
    const provenance: Provenance = { source: 'yahoo', feed: 'composite', receivedAt, state: 'live', attempts: [] }
    const storyOf = (id: string) => ({
      id,
      title: `Profit soars ${id}`,
      url: `https://example.com/${id}`,
      publishedAt: `2026-02-0${'wxyz'.indexOf(id) + 1}T00:00:00.000Z`,
      symbols: ['AAPL']
    })
    const items = ['x', 'w'].map(storyOf)
    await api.core.stores.news.upsert({ symbol: 'AAPL', items, provenance })
    api.vendor.marketNews = async () => ({ items: ['z', 'y', 'x'].map(storyOf), provenance })
    onTestFinished(() => void delete api.vendor.marketNews)
    const stories = await pages<{ id: string; tone: object }>(`${MARKET}/news`, 'items', 2)
    const told = (await get('/news?limit=1')).json() as StoryPage
    expect(told).toMatchObject({ provenance: { source: 'yahoo' }, items: [{ provenance: { state: 'live' } }] })
    expect(told).not.toHaveProperty('error')
    expect(stories.slice(0, 4).map(({ id }) => id)).toEqual(['z', 'y', 'x', 'w'])
    expect(stories[0]).toMatchObject({ tone: { by: 'lexicon' } })

    await api.core.recorder.flush()
    expect((await api.core.archive.stories({ limit: 1 })).stories).toMatchObject([{ id: 'z' }])

    // Another cache has nothing yet, and its vendors list nothing.
    const cold = await testRedis()
    onTestFinished(() => cold.close())
    const { marketData } = (await world.startApi({ REDIS_URL: cold.url })).core
    const { value } = await marketData.marketNews()
    expect(value).toMatchObject({ items: [{ id: 'z' }, { id: 'y' }, { id: 'x' }], provenance: { state: 'stale' } })
  })
})

const LONG = '/api/v1/market/historical/AAPL?from=2024-01-02&to=2024-12-31'
const ask = (url: string, headers: Record<string, string> = {}) =>
  api.app.inject({ url, headers: { authorization: `Bearer ${token}`, ...headers } })

test('a long answer is compressed as the client takes it, with the same content', async () => {
  const plain = await ask(LONG)
  expect(plain.headers).toMatchObject({ vary: 'Origin, accept, accept-encoding' })
  expect(plain.headers).not.toHaveProperty('content-encoding')
  for (const [encoding, decompress] of [
    ['gzip', gunzipSync],
    ['br', brotliDecompressSync],
    ['zstd', zstdDecompressSync]
  ] as const) {
    for (const format of ['json', 'csv', 'ndjson']) {
      const url = `${LONG}&format=${format}`
      const answer = await ask(url, { 'accept-encoding': encoding })
      expect(answer.headers).toMatchObject({ 'content-encoding': encoding, vary: 'Origin, accept, accept-encoding' })
      expect(answer.rawPayload.length).toBeLessThan(plain.rawPayload.length / 4)
      expect(decompress(answer.rawPayload).toString()).toBe((await ask(url)).body)
    }
  }
  const refused = await ask(LONG, { 'accept-encoding': 'identity' })
  expect(refused.body).toBe(plain.body)
  const parquet = await ask(`${LONG}&format=parquet`, { 'accept-encoding': 'gzip' })
  expect(parquet.headers).not.toHaveProperty('content-encoding')
})

test('a client that holds an answer is told so, compressed or not', async () => {
  const plain = await ask(LONG)
  const packed = await ask(LONG, { 'accept-encoding': 'gzip' })
  const [strong, weak] = [String(plain.headers.etag), String(packed.headers.etag)]
  expect(weak).toBe(`W/${strong}`)
  for (const held of [strong, weak]) {
    const answer = await ask(LONG, { 'if-none-match': held, 'accept-encoding': 'gzip' })
    expect([answer.statusCode, answer.headers.etag, answer.body]).toEqual([304, held, ''])
  }
})

test('quotes and short answers are sent as they are, and caches keep the answers for each origin apart', async () => {
  const symbols = ['AAPL', 'MSFT', 'BRK.B', 'BTC-USD', ...Array.from({ length: 60 }, (_, at) => `X${at}`)].join(',')
  for (const url of [`/api/v1/market/quotes?symbols=${symbols}`, '/api/v1/market/search?query=apple']) {
    expect((await ask(url, { 'accept-encoding': 'gzip, br' })).headers).not.toHaveProperty('content-encoding')
  }
  const { headers } = await ask(LONG, { origin: 'https://dashboard.example.com', 'accept-encoding': 'gzip' })
  expect(headers.vary).toBe('Origin, accept, accept-encoding')
})
