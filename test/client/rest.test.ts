import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { createClient, type QuotewireError } from '../../src/client/client.ts'
import { startWorld, type Api, type ApiWorld } from '../support/api.ts'

let world: ApiWorld
let api: Api
let url: string
beforeAll(async () => {
  world = await startWorld()
  api = await world.startApi()
  url = await api.app.listen({ host: '127.0.0.1', port: 0 })
})
afterAll(() => world.close())

/** Whatever stands between a client and its server, such as a proxy. */
async function proxy(answer: RequestListener): Promise<string> {
  const server = createServer(answer)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const errorOf = async (call: Promise<unknown>): Promise<QuotewireError> =>
  call.then(
    () => Promise.reject(new Error('it succeeded')),
    (error: unknown) => error as QuotewireError
  )
const OVERVIEW = '/api/v1/market/overview'

test('answers are what was asked for: a path with a symbol as it is written, a query, a body, and a format as it is', async () => {
  const { key } = await api.login()
  const client = createClient({ url: `${url}/`, key })
  const quote = await client.get('/api/v1/market/quote/{symbol}', { path: { symbol: 'aapl' } })
  expect([quote.symbol, quote.price]).toEqual(['AAPL', 231.4])
  const { quotes, errors } = await client.get('/api/v1/market/quotes', { query: { symbols: 'AAPL,^NOSUCH' } })
  expect([quotes[0]?.symbol, errors[0]?.symbol]).toEqual(['AAPL', '^NOSUCH'])
  expect(await client.get('/api/health/live')).toEqual({ live: true })
  const { ticket } = await client.post('/api/v1/auth/ticket')
  expect(ticket).toMatch(/^qt_/)
  const query = { range: '1mo', format: 'csv' }
  const csv = await client.fetch('/api/v1/market/historical/{symbol}', { path: { symbol: 'AAPL' }, query })
  expect(csv.headers.get('content-type')).toContain('text/csv')
  expect(await csv.text()).toMatch(/^start,open/)
})

test('a refusal says what the server says: code, status, request and details; without a credential, that there is none', async () => {
  const { key } = await api.login(['stream:read'])
  const unknown = createClient({ url, key: (await api.login()).key }).get('/api/v1/market/quote/{symbol}', {
    path: { symbol: 'NOSUCH' }
  })
  expect(await errorOf(unknown)).toMatchObject({
    name: 'QuotewireError',
    code: 'SYMBOL_NOT_FOUND',
    status: 404,
    requestId: expect.any(String) as string,
    details: { symbol: 'NOSUCH' }
  })
  const details = { missingScope: 'market:read' }
  expect(await errorOf(createClient({ url, key }).get(OVERVIEW))).toMatchObject({ code: 'NOT_AUTHORIZED', details })
  expect(await errorOf(createClient({ url }).get(OVERVIEW))).toMatchObject({ code: 'NOT_AUTHENTICATED', status: 401 })
})

test('where nothing answers, or not in time, or something else answers, it says so', async () => {
  const silent = await proxy(() => undefined)
  expect(await errorOf(createClient({ url: silent }).get(OVERVIEW, { timeoutMs: 50 }))).toMatchObject({
    code: 'TIMEOUT'
  })
  const signal = AbortSignal.abort(new Error('gone'))
  expect(await errorOf(createClient({ url: silent }).get(OVERVIEW, { signal }))).toBe(signal.reason)
  const late = AbortSignal.timeout(50)
  expect(await errorOf(createClient({ url: silent }).get(OVERVIEW, { signal: late }))).toBe(late.reason)
  const nobody = createClient({ url: 'http://127.0.0.1:1' }).get(OVERVIEW)
  expect(await errorOf(nobody)).toMatchObject({ code: 'UNREACHABLE', status: undefined })

  let status = 502
  const page = await proxy((_request, response) => response.writeHead(status).end('<h1>Bad Gateway</h1>'))
  expect(await errorOf(createClient({ url: page }).get(OVERVIEW))).toMatchObject({ code: 'BAD_ANSWER', status: 502 })
  status = 200
  expect(await errorOf(createClient({ url: page }).get(OVERVIEW))).toMatchObject({ code: 'BAD_ANSWER', status: 200 })
})

test('what is only read comes back when the server says so, as long as there is time; what changes something does not', async () => {
  const asked: string[] = []
  let retryAfter = '0'
  const busy = await proxy(({ method }, response) => {
    asked.push(method!)
    if (asked.length > 2) response.end('{"indices":[]}')
    else response.writeHead(503, { 'retry-after': retryAfter }).end('{"error":{"code":"OVERLOADED","message":"busy"}}')
  })
  const client = createClient({ url: busy })
  expect(await client.get('/api/v1/market/indices')).toEqual({ indices: [] })
  expect(asked).toEqual(['GET', 'GET', 'GET'])

  asked.length = 0
  const search = client.post('/api/v1/market/search', { body: { query: 'apple' } })
  expect(await errorOf(search)).toMatchObject({ code: 'OVERLOADED', retryAfterMs: 0 })
  retryAfter = '60'
  const impatient = client.get('/api/v1/market/indices', { timeoutMs: 5000 })
  expect(await errorOf(impatient)).toMatchObject({ code: 'OVERLOADED', retryAfterMs: 60_000 })
  expect(asked).toEqual(['POST', 'GET'])
})

test('a token is had once for many requests, and again when the server refuses it', async () => {
  const { token } = await api.login()
  const tokens = ['no token at all', token]
  let had = 0
  const client = createClient({ url, token: async () => tokens[had++]! })
  await client.get('/api/v1/auth/me')
  expect(had).toBe(2)
  await Promise.all([client.get('/api/v1/auth/me'), client.get(OVERVIEW)])
  expect(had).toBe(2)
  const never = createClient({ url, token: () => Promise.reject(new Error('not signed in')) })
  expect((await errorOf(never.get(OVERVIEW))).message).toBe('not signed in')
})
