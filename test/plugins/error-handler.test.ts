import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { errorOf, startWorld, type Api, type ApiWorld } from '../support/api.ts'

/** A line to a server that can be cut. */
async function wireTo(target: string): Promise<{ url: string; cut(): Promise<void> }> {
  const sockets: Socket[] = []
  const { hostname, port } = new URL(target)
  const server = createServer((near) => {
    const far = connect(Number(port), hostname)
    for (const socket of [near, far]) sockets.push(socket.on('error', () => undefined))
    near.pipe(far).pipe(near)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const url = new URL(target)
  url.host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url: url.href,
    async cut() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    }
  }
}

let world: ApiWorld
let api: Api
let token: string

beforeAll(async () => {
  world = await startWorld()
  api = await world.startApi()
  token = (await api.login()).token
})
afterAll(() => world.close())

const search = (payload: string, contentType: string) =>
  api.send({ method: 'POST', url: '/api/v1/market/search', payload, headers: { 'content-type': contentType } }, token)

describe('a client that errs is told what is wrong, in one form', () => {
  test.each([
    ['JSON that ends too early', '{"query":', 'application/json', 400, 'MALFORMED_JSON'],
    ['no body', '', 'application/json', 400, 'MALFORMED_JSON'],
    ['a poisoned prototype', '{"__proto__":{"admin":true},"query":"a"}', 'application/json', 400, 'MALFORMED_JSON'],
    ['XML', '<query/>', 'application/xml', 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['plain text', 'apple', 'text/plain', 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['a form', 'query=apple', 'application/x-www-form-urlencoded', 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['a content type that is none', '{}', 'nonsense', 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['100 kB', JSON.stringify({ query: 'a'.repeat(100_000) }), 'application/json', 413, 'BODY_TOO_LARGE']
  ])('%s', async (_name, payload, contentType, status, code) => {
    const answer = await search(payload, contentType)
    expect([answer.status, errorOf(answer).code]).toEqual([status, code])
  })

  test.each([
    ['an empty query', { query: '' }, 'query'],
    ['a blank query', { query: '   ' }, 'query'],
    ['a control character', { query: 'a\u0000b' }, 'query'],
    ['half a character', { query: 'a\ud800' }, 'query'],
    ['a query of 10,000 characters', { query: 'a'.repeat(10_000) }, 'query'],
    ['a query that is no text', { query: { like: '%' } }, 'query'],
    ['a limit of none', { query: 'a', limit: 0 }, 'limit'],
    ['a limit of a million', { query: 'a', limit: 1_000_000 }, 'limit'],
    ['an unknown field', { query: 'a', sort: 'asc' }, 'sort']
  ])('%s is named', async (_name, body, field) => {
    const answer = await search(JSON.stringify(body), 'application/json')
    expect([answer.status, errorOf(answer)]).toMatchObject([400, { code: 'INVALID_REQUEST', details: { field } }])
  })

  test('many unknown fields are no failure of ours', async () => {
    const fields = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`no-such-${index}`, 1]))
    const answer = await search(JSON.stringify({ ...fields, query: 'a' }), 'application/json')
    expect([answer.status, errorOf(answer).details]).toMatchObject([400, { field: 'no-such-0' }])
    const query = Object.keys(fields).join('=1&')
    const asked = await api.get(`/api/v1/market/quote/AAPL?${query}`, token)
    expect([asked.status, errorOf(asked).details]).toMatchObject([400, { field: 'no-such-0' }])
  })

  test('an address that does not exist, and a method that it does not take', async () => {
    const missing = await api.get('/api/v1/market/nothing', token)
    expect([missing.status, errorOf(missing).code]).toEqual([404, 'ROUTE_NOT_FOUND'])
    const wrong = await api.send({ method: 'DELETE', url: '/api/v1/market/quote/AAPL' }, token)
    expect([wrong.status, errorOf(wrong).code, wrong.headers['allow']]).toEqual([
      405,
      'METHOD_NOT_ALLOWED',
      'GET, HEAD'
    ])
  })

  test('bytes that are not HTTP', async () => {
    const { port } = new URL(await api.app.listen({ host: '127.0.0.1', port: 0 }))
    const socket = connect(Number(port), '127.0.0.1')
    socket.write('GET / HTTP/1.1\r\nHost: a\r\nBad Header\r\n\r\n')
    const answer = await text(socket)
    expect(answer).toMatch(/^HTTP\/1\.1 400 /)
    expect(answer).toContain('{"error":{"code":"MALFORMED_REQUEST"')
  })
})

describe('a failure of ours', () => {
  test('is logged once with its stack, and tells the client nothing but where to find it', async () => {
    const broken = await world.startApi()
    const { token } = await broken.login()
    const secret = 'password=hunter2'
    broken.core.marketData.search = async () => {
      throw new TypeError(secret)
    }
    const answer = await broken.send({ method: 'POST', url: '/api/v1/market/search', payload: { query: 'x' } }, token)
    expect(answer.status).toBe(500)
    expect(answer.body).not.toContain(secret)
    const { code, requestId } = errorOf(answer)
    expect(code).toBe('INTERNAL_ERROR')
    const lines = broken.logged.filter((line) => line['requestId'] === requestId)
    expect(lines).toMatchObject([{ level: 50, err: { message: secret } }])
  })

  test('of Postgres is a 503 that says so, while quotes go on', async () => {
    const line = await wireTo(world.databaseUrl)
    const cut = await world.startApi({ DATABASE_URL: line.url })
    const { token } = await cut.login()
    await line.cut()
    const refused = await cut.send({
      method: 'POST',
      url: '/api/v1/auth/token',
      payload: { apiKey: 'qw_' + 'A'.repeat(43) }
    })
    expect([refused.status, errorOf(refused).code]).toEqual([503, 'STORE_UNAVAILABLE'])
    expect(refused.headers['retry-after']).toBe('5')
    expect((await cut.get('/api/v1/market/quote/AAPL', token)).status).toBe(200)
    expect((await cut.get('/api/health')).json()).toMatchObject({ status: 'degraded', ready: true })
  })
})
