import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Quote } from '../../src/market/quote.ts'
import { errorOf, startWorld, type Api, type ApiWorld } from '../support/api.ts'

let world: ApiWorld
let api: Api
let token: string

beforeAll(async () => {
  world = await startWorld()
  api = await world.startApi()
  token = (await api.login()).token
})
afterAll(() => world.close())

type Batch = { quotes: Quote[]; errors: { symbol: string; code: string }[]; requested?: Record<string, string> }

describe('a quote', () => {
  test('says what it costs, where it comes from and for how long it holds', async () => {
    const answer = await api.get('/api/v1/market/quote/AAPL', token)
    expect(answer.status).toBe(200)
    expect(answer.json()).toMatchObject({ symbol: 'AAPL', price: 231.4, provenance: { source: 'yahoo', attempts: [] } })
    expect(answer.headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'cache-control': 'private, max-age=60',
      'ratelimit-limit': '600',
      'x-content-type-options': 'nosniff'
    })
    expect(Number(answer.headers.age)).toBeLessThan(5)
  })

  test('is sent once: a client that holds it gets 304 and no body', async () => {
    const first = await api.get('/api/v1/market/quote/AAPL', token)
    const again = await api.get('/api/v1/market/quote/AAPL', token, { 'if-none-match': first.headers.etag! })
    expect(again).toMatchObject({ status: 304, body: '' })
    expect(again.headers.etag).toBe(first.headers.etag)
  })

  test('is found however its symbol is written', async () => {
    for (const written of ['brk-b', 'BRK.B', 'Brk.b', 'brk%2Fb', 'BRK%20B']) {
      expect((await api.get(`/api/v1/market/quote/${written}`, token)).json()).toMatchObject({ symbol: 'BRK.B' })
    }
    for (const written of ['BTCUSD', 'btc%2Fusd', 'BTC-USD']) {
      expect((await api.get(`/api/v1/market/quote/${written}`, token)).json()).toMatchObject({ symbol: 'BTC-USD' })
    }
  })

  test('of a symbol that nobody knows is a 404 that names near matches', async () => {
    await api.get('/api/v1/market/quote/AAPL', token)
    const answer = await api.get('/api/v1/market/quote/AAPPL', token)
    expect(answer.status).toBe(404)
    expect(errorOf(answer)).toMatchObject({
      code: 'SYMBOL_NOT_FOUND',
      details: { symbol: 'AAPPL', suggestions: ['AAPL'], attempts: [{ provider: 'yahoo', outcome: 'not_found' }] }
    })
  })

  test('that no vendor can give now is a 503 that says what was tried and when to come back', async () => {
    api.vendor.isDown = true
    const answer = await api.get('/api/v1/market/quote/TSLA', token)
    api.vendor.isDown = false
    expect(answer.status).toBe(503)
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
    expect(errorOf(answer)).toMatchObject({
      code: 'MARKET_DATA_UNAVAILABLE',
      details: { attempts: [{ provider: 'yahoo', outcome: 'unavailable' }] }
    })
  })
})

describe('a symbol that is none', () => {
  test.each([
    ['a space', '%20'],
    ['10,000 characters', 'A'.repeat(10_000)],
    ['a zero byte', 'A%00B'],
    ['a line break', 'A%0d%0aX-Evil:1'],
    ['SQL', "AAPL'%20OR%201=1--"],
    ['a path', '..%2f..%2fetc%2fpasswd'],
    ['markup', '%3Cscript%3E'],
    ['an emoji', '%F0%9F%92%A9'],
    ['a wildcard', '*']
  ])('(%s) is a 400 that names the field', async (_name, symbol) => {
    for (const resource of ['quote', 'historical', 'profile', 'news', 'explain', 'fundamentals', 'corporate-actions']) {
      const answer = await api.get(`/api/v1/market/${resource}/${symbol}`, token)
      expect([resource, answer.status]).toEqual([resource, 400])
      expect(errorOf(answer)).toMatchObject({ code: 'INVALID_REQUEST', details: { field: 'symbol' } })
    }
  })

  test('is a 400 too where it is empty', async () => {
    const answer = await api.get('/api/v1/market/quote/', token)
    expect(answer.status).toBe(400)
    expect(errorOf(answer)).toMatchObject({ code: 'INVALID_REQUEST', details: { field: 'symbol' } })
  })

  test('does not crash the router where it cannot be decoded', async () => {
    const answer = await api.get('/api/v1/market/quote/%ZZ', token)
    expect(answer.status).toBe(400)
    expect(errorOf(answer).code).toBe('MALFORMED_URL')
  })
})

describe('a batch of quotes', () => {
  test('keeps the order, drops repetitions, and lets one bad symbol cost only itself', async () => {
    const answer = await api.get('/api/v1/market/quotes?symbols=msft,NOPE1,aapl,$$$,BTC-USD,MSFT', token)
    expect(answer.status).toBe(200)
    const { quotes, errors } = answer.json() as Batch
    expect(quotes.map(({ symbol }) => symbol)).toEqual(['MSFT', 'AAPL', 'BTC-USD'])
    expect(errors).toMatchObject([
      { symbol: '$$$', code: 'INVALID_REQUEST' },
      { symbol: 'NOPE1', code: 'SYMBOL_NOT_FOUND' }
    ])
  })

  test('tells which symbol is meant by each other spelling that was asked for', async () => {
    const symbols = 'brk-b,AAPL,BRK.B,BTC/USD'
    const answer = await api.get(`/api/v1/market/quotes?symbols=${encodeURIComponent(symbols)}`, token)
    const { quotes, requested } = answer.json() as Batch
    expect(quotes.map(({ symbol }) => symbol)).toEqual(['BRK.B', 'AAPL', 'BTC-USD'])
    expect(requested).toEqual({ 'brk-b': 'BRK.B', 'BTC/USD': 'BTC-USD' })
  })

  test('carries the same bytes as the single quotes, also when all come from memory', async () => {
    await api.get('/api/v1/market/quotes?symbols=AAPL,MSFT', token)
    const singles = await Promise.all(['AAPL', 'MSFT'].map((each) => api.get(`/api/v1/market/quote/${each}`, token)))
    const batch = await api.get('/api/v1/market/quotes?symbols=AAPL,MSFT', token)
    expect(batch.body).toBe(`{"quotes":[${singles.map(({ body }) => body).join(',')}],"errors":[]}`)
    expect(batch.headers['cache-control']).toMatch(/^private, max-age=\d+$/)
  })

  test('is sent once: a client that holds it gets 304, until one of its quotes is another', async () => {
    const ask = (held?: string) =>
      api.get('/api/v1/market/quotes?symbols=AAPL,NOPE1', token, held ? { 'if-none-match': held } : {})
    const first = await ask()
    expect(first.headers.etag).toMatch(/^"[\w-]+"$/)
    expect(await ask(first.headers.etag)).toMatchObject({ status: 304, body: '' })
    const other = await api.get('/api/v1/market/quotes?symbols=AAPL', token)
    expect(other.headers.etag).not.toBe(first.headers.etag)
    const renewed = await api.core.marketData.refresh.quotes(['AAPL'])
    expect(renewed[0]).not.toBeInstanceOf(Error)
    expect((await ask(first.headers.etag)).status).toBe(200)
  })

  test('takes a hundred different symbols, however often each is named, and not one more', async () => {
    const symbols = Array.from({ length: 101 }, (_, index) => `S${index}`)
    const ask = (list: string[]) => api.get(`/api/v1/market/quotes?symbols=${list.join(',')}`, token)
    const hundred = symbols.slice(0, 100)
    const answer = await ask([...hundred, ...hundred, ...hundred.map((each) => each.toLowerCase())])
    expect([answer.status, (answer.json() as Batch).errors.length]).toEqual([200, 100])
    expect(errorOf(await ask(symbols))).toMatchObject({ details: { field: 'symbols', allowed: { maximum: 100 } } })
  })

  test.each([
    ['of none', '?symbols=', 'symbols'],
    ['of commas', '?symbols=,,,', 'symbols'],
    ['without a list', '', 'symbols'],
    ['of 500', `?symbols=${Array.from({ length: 500 }, (_, index) => `S${index}`).join(',')}`, 'symbols'],
    ['of 10,000 characters', `?symbols=${'A'.repeat(10_000)}`, 'symbols']
  ])('%s is a 400 that names the field', async (_name, query, field) => {
    const answer = await api.get(`/api/v1/market/quotes${query}`, token)
    expect(answer.status).toBe(400)
    expect(errorOf(answer)).toMatchObject({ code: 'INVALID_REQUEST', details: { field } })
  })
})
