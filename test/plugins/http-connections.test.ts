import { once } from 'node:events'
import type { RequestListener, Server } from 'node:http'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { createHttpServer, endWithin } from '../../src/plugins/http-server.ts'
import { startWorld, type Api, type ApiWorld } from '../support/api.ts'
import { privateFolder } from '../support/folders.ts'

let world: ApiWorld
let api: Api
let port: number
let admin: string
let openSockets: Socket[] = []

beforeAll(async () => {
  world = await startWorld()
  api = await world.startApi()
  port = Number(new URL(await api.app.listen({ host: '127.0.0.1', port: 0 })).port)
  admin = (await api.login(['market:read', 'admin:read', 'admin:write'])).token
})
afterAll(async () => {
  for (const socket of openSockets) socket.destroy()
  await world.close()
})

async function open(): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  openSockets.push(socket)
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  return socket
}

/** Sends octets as they are; resolves with all that comes back when the server has closed. */
async function exchange(octets: string): Promise<string> {
  const socket = await open()
  socket.write(octets)
  return text(socket)
}

const JSON_TYPE = 'Content-Type: application/json'
const requestOf = (line: string, ...headers: string[]) =>
  [`${line} HTTP/1.1`, 'Host: a', 'Connection: close', ...headers, '', ''].join('\r\n')
const statusOf = (answer: string) => Number(/^HTTP\/1.1 (\d+) /.exec(answer)?.[1])

describe('a request that names a content type and has no body', () => {
  test.each([
    ['POST /api/v1/auth/token', 400],
    ['POST /api/v1/auth/session', 400],
    ['POST /nowhere', 404],
    ['PUT /nowhere', 404],
    ['PATCH /api/v1/auth/token', 405],
    ['DELETE /api/v1/auth/token', 405],
    ['OPTIONS /api/v1/auth/token', 405],
    ['QUERY /api/v1/auth/token', 405]
  ])('(%s) is answered with %i', async (line, status) => {
    for (const type of [JSON_TYPE, 'Content-Type: text/plain', 'Content-Type: nonsense']) {
      expect([type, statusOf(await exchange(requestOf(line, type)))]).toEqual([type, status])
    }
  })

  test('is done: a key that is revoked that way is revoked', async () => {
    const { key } = await api.login()
    const exchangeKey = () => api.send({ method: 'POST', url: '/api/v1/auth/token', payload: { apiKey: key } })
    const token = ((await exchangeKey()).json() as { token: string }).token
    const { keyId } = (await api.get('/api/v1/auth/me', token)).json() as { keyId: string }
    const answer = await exchange(
      requestOf(`DELETE /api/v1/admin/keys/${keyId}`, JSON_TYPE, `Authorization: Bearer ${admin}`)
    )
    expect(statusOf(answer)).toBe(200)
    expect((await exchangeKey()).status).toBe(401)
  })
})

describe('an error that comes before any route', () => {
  const upgrade = (...headers: string[]) =>
    requestOf('GET /api/v1/market/ws/market-data', 'Upgrade: websocket', ...headers).replace('close', 'Upgrade')
  test.each([
    ['no Host', 'GET /api/health HTTP/1.1\r\nConnection: close\r\n\r\n', 400, 'MALFORMED_REQUEST'],
    [
      'no Host, from a known user',
      () => `GET /api/v1/market/quote/AAPL HTTP/1.1\r\nAuthorization: Bearer ${admin}\r\n\r\n`,
      400,
      'MALFORMED_REQUEST'
    ],
    ['two Hosts', requestOf('GET /api/health', 'Host: b'), 400, 'MALFORMED_REQUEST'],
    ['something else expected', requestOf('GET /api/health', 'Expect: a miracle'), 417, 'EXPECTATION_FAILED'],
    ['a handshake without a key', upgrade('Sec-WebSocket-Version: 13'), 400, 'BAD_HANDSHAKE'],
    [
      'a handshake of another version',
      upgrade('Sec-WebSocket-Version: 7', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='),
      400,
      'BAD_HANDSHAKE'
    ],
    [
      'an address that takes no WebSocket',
      requestOf('GET /api/v1/nothing', 'Upgrade: websocket').replace('close', 'close, Upgrade'),
      404,
      'ROUTE_NOT_FOUND'
    ],
    ['a method that no route takes', requestOf('QUERY /api/health'), 405, 'METHOD_NOT_ALLOWED'],
    ['a method that Fastify does not know', requestOf('PROPFIND /api/health'), 405, 'METHOD_NOT_ALLOWED']
  ])('(%s) has the one body', async (_name, octets, status, code) => {
    const answer = await exchange(typeof octets === 'string' ? octets : octets())
    expect(statusOf(answer)).toBe(status)
    expect(answer.toLowerCase()).toContain('content-type: application/json; charset=utf-8\r\n')
    expect(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')))).toMatchObject({
      error: { code, message: expect.any(String) as string }
    })
  })
})

describe('a client that sends requests without waiting for answers', () => {
  const pipelined = (path: string, count: number) =>
    `GET ${path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${admin}\r\n\r\n`.repeat(count)

  test('gets the answers to as many as a connection may have in work, in order', async () => {
    const socket = await open()
    socket.write(pipelined('/api/health/live', 31) + requestOf('GET /api/health/live'))
    const answers = await text(socket)
    expect(answers.match(/HTTP\/1.1 200/g)).toHaveLength(32)
  })

  test('is cut off beyond that, and costs others neither 50 ms nor memory', async () => {
    await (await fetch(`http://127.0.0.1:${port}/openapi.json`)).arrayBuffer()
    const flood = pipelined('/openapi.json', 300)
    const rssBefore = process.memoryUsage().rss
    const cpuMs: number[] = []
    for (let round = 0; round < 50; round++) {
      const accepted = once(api.app.server, 'connection') as Promise<[Socket]>
      const socket = await open()
      socket.pause()
      const [connection] = await accepted
      const before = process.threadCpuUsage()
      socket.write(flood)
      await once(connection, 'close')
      const { user, system } = process.threadCpuUsage(before)
      cpuMs.push((user + system) / 1000)
    }
    // Time on the processor, which a busy machine does not lengthen, of the one thread that answers everybody.
    expect(cpuMs.toSorted((a, b) => a - b)[Math.floor(cpuMs.length * 0.9)]).toBeLessThan(50)
    expect((process.memoryUsage().rss - rssBefore) / 2 ** 20).toBeLessThan(64)
  })
})

describe('a connection on which nothing moves', () => {
  const BIG = Buffer.alloc(2 ** 20)
  /** On a socket of the file system: the kernel keeps little of what its reader does not take. */
  async function serve(listener: RequestListener): Promise<{ server: Server; ask: () => Promise<Socket> }> {
    const server = createHttpServer(listener, { metrics: { unmatched: () => undefined } })
    server.timeout = 200
    const path = join(await privateFolder(), 'http')
    await once(server.listen(path), 'listening')
    onTestFinished(() => void server.close())
    const ask = async () => {
      const socket = connect(path)
      openSockets.push(socket)
      await once(socket, 'connect')
      socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
      return socket
    }
    return { server, ask }
  }

  test('because its client takes no answers is ended', async () => {
    const { server, ask } = await serve((_request, response) => response.end(BIG))
    const [[connection]] = await Promise.all([once(server, 'connection') as Promise<[Socket]>, ask()])
    await once(connection, 'close')
  })

  test('does not keep a server from closing', async () => {
    const { server, ask } = await serve((_request, response) => response.end(BIG))
    server.timeout = 0
    await Promise.all([once(server, 'request'), ask()])
    const closed = once(server, 'close')
    server.close()
    endWithin(server, 100)
    await closed
  })

  test('because the answer takes its time is kept, and so is one that is read slowly', async () => {
    let answer: (() => void) | undefined
    const { ask } = await serve((_request, response) => (answer = () => response.end(BIG)))
    const socket = await ask()
    await delay(600)
    answer!()
    let taken = 0
    for await (const chunk of socket) {
      taken += (chunk as Buffer).length
      if (taken > BIG.length) break
      await delay(20)
    }
    expect(taken).toBeGreaterThan(BIG.length)
  })
})
