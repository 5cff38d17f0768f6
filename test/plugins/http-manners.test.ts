import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startWorld, type Api, type ApiWorld } from '../support/api.ts'
import { watchWaiting } from '../support/event-loop.ts'

const SITE = 'https://desk.example'

let world: ApiWorld
let api: Api
let port: number
let token: string

beforeAll(async () => {
  world = await startWorld()
  api = await world.startApi({ CORS_ORIGINS: SITE })
  port = Number(new URL(await api.app.listen({ host: '127.0.0.1', port: 0 })).port)
  token = (await api.login()).token
})
afterAll(() => world.close())

/** Sends octets as they are; resolves with all that comes back when the server has closed. */
async function exchange(octets: string): Promise<string> {
  const socket = await open(octets)
  return text(socket)
}

async function open(octets: string): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  socket.write(octets)
  return socket
}

const get = (path: string, ...headers: string[]) =>
  [`GET ${path} HTTP/1.1`, 'Host: a', 'Connection: close', ...headers, '', ''].join('\r\n')
const post = (...rest: string[]) =>
  ['POST /api/v1/auth/token HTTP/1.1', 'Host: a', 'Content-Type: application/json', ...rest].join('\r\n')
const headersOf = (count: number) => Array.from({ length: count }, (_, index) => `h${index}: x`)

describe('a client that speaks HTTP badly', () => {
  test.each([
    ['headers without an end', get('/api/health/live', ...headersOf(5000)), 431, 'HEADERS_TOO_LARGE'],
    ['a length and chunks at once', post('Content-Length: 5', 'Transfer-Encoding: chunked', '', '0', '', ''), 400, ''],
    ['chunks without a length', post('Transfer-Encoding: chunked', '', 'ZZ', ''), 400, 'MALFORMED_REQUEST'],
    ['a length beyond numbers', post('Content-Length: 99999999999999999999', '', ''), 400, 'MALFORMED_REQUEST'],
    [
      'a body that says it is huge',
      post('Connection: close', 'Content-Length: 99999999', '', '{'),
      413,
      'BODY_TOO_LARGE'
    ],
    ['a line that is no header', get('/api/health/live', 'Bad Header'), 400, 'MALFORMED_REQUEST']
  ])('(%s) is told so in the one body, and cut off', async (_name, octets, status, code) => {
    const answer = await exchange(octets)
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    expect(answer).toMatch(/\{"error":\{"code":"[A-Z_]+","message":/)
    expect(answer).toContain(code)
  })

  test('by version 1.0 is answered, and gets its answers in the order of its questions', async () => {
    expect(await exchange('GET /api/health/live HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1.1 200 [^]*\{"live":true\}$/)
    const ask = (symbol: string, connection: string) =>
      `GET /api/v1/market/quote/${symbol} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${token}\r\nConnection: ${connection}\r\n\r\n`
    const symbols = ['AAPL', 'MSFT', '!', 'AAPL', 'BRK.B', 'MSFT']
    const answers = await exchange(symbols.map((each, at) => ask(each, at === 5 ? 'close' : 'keep-alive')).join(''))
    const told = [...answers.matchAll(/"symbol":"([\w.]+)"|is not a symbol"/g)].map(([, symbol]) => symbol ?? '!')
    expect(told.filter((each, at) => each !== told[at - 1])).toEqual(symbols)
  })

  test('too slowly is cut off, whether it holds back its headers or its body', async () => {
    using waiting = watchWaiting()
    const slow = ['GET /api/health/live HTTP/1.1\r\nHost', post('Content-Length: 20', '', '{'), '']
    for (const answer of await Promise.all(slow.map(exchange))) {
      expect(answer).toMatch(/^HTTP\/1.1 408 [^]*"REQUEST_TIMEOUT"/)
    }
    expect(waiting.waitedMs()).toBeLessThan(13_000)
  })

  test('and goes away in the middle of a body is nobody else’s failure', async () => {
    api.logged.length = 0
    const socket = await open(post('Content-Length: 20', '', '{'))
    // The server has begun to read when it has answered what came after.
    await exchange(get('/api/health/live'))
    socket.resetAndDestroy()
    const count =
      /^http_request_duration_seconds_count\{method="POST",route="\/api\/v1\/auth\/token",status="(\dxx)"\} 1$/m
    const counts = async () => (await api.get('/metrics')).body.match(new RegExp(count, 'gm'))?.join()
    await expect.poll(counts).toContain('status="4xx"')
    expect((await api.get('/metrics')).body).not.toMatch(/auth\/token",status="5xx"/)
    expect(api.logged.filter(({ msg }) => msg !== 'slow request')).toEqual([])
  })
})

describe('a page of another site', () => {
  const preflight = (path: string, method: string, origin = SITE) =>
    api.send({
      method: 'OPTIONS',
      url: path,
      headers: { origin, 'access-control-request-method': method, 'access-control-request-headers': 'authorization' }
    })

  test('that is allowed may use every method there is, and read what answers say beside their body', async () => {
    for (const method of ['GET', 'POST', 'PATCH', 'DELETE']) {
      const { status, headers } = await preflight('/api/v1/admin/keys/x', method)
      expect([method, status, headers['access-control-allow-origin']]).toEqual([method, 204, SITE])
      expect(headers['access-control-allow-methods']).toContain(method)
      expect(headers['access-control-allow-headers']).toContain('authorization')
    }
    const answer = await api.get('/api/v1/market/historical/AAPL?format=csv', token, { origin: SITE })
    const exposed = answer.headers['access-control-expose-headers']?.toLowerCase().split(', ') ?? []
    const told = Object.keys(answer.headers).filter((name) => /^(quotewire-|etag|age|ratelimit-)/.test(name))
    expect(told.length).toBeGreaterThan(8)
    expect(exposed).toEqual(expect.arrayContaining([...told, 'x-request-id', 'retry-after']))
  })

  test('that is not gets no permission, and neither is answered in another form than the API’s own', async () => {
    const strange = await preflight('/api/v1/market/quote/AAPL', 'GET', 'https://evil.example')
    expect(strange.headers['access-control-allow-origin']).toBeUndefined()
    const bare = await api.send({ method: 'OPTIONS', url: '/api/v1/market/quote/AAPL' })
    expect([bare.status, bare.body]).toEqual([204, ''])
  })
})
