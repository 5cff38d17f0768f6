import { once } from 'node:events'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ErrorBody } from '../../src/errors.ts'
import { startWorld, type Api, type ApiWorld } from '../support/api.ts'

const POLLING = '/socket.io/?EIO=4&transport=polling'

let world: ApiWorld
let api: Api
let at: string

beforeAll(async () => {
  world = await startWorld()
  api = await world.startApi({ SOCKET_IO: 'true' })
  at = await api.app.listen({ host: '127.0.0.1', port: 0 })
})
afterAll(() => world.close())

/** Sends lines as they are; resolves with all that comes back when the server has closed. */
async function exchange(base: string, ...lines: string[]): Promise<string> {
  const socket = connect(Number(new URL(base).port), '127.0.0.1')
  await once(socket, 'connect')
  socket.write([...lines, '', ''].join('\r\n'))
  return text(socket)
}

/** The error of an answer, which has the one body and nothing else. */
function errorIn(body: string): ErrorBody['error'] {
  const { error, ...rest } = JSON.parse(body) as ErrorBody
  expect(rest).toEqual({})
  expect(error).toMatchObject({ message: expect.stringMatching(/./), requestId: expect.any(String) })
  return error
}

/** A connection by long polling that has joined nothing. */
async function begun(): Promise<string> {
  const opened = await (await fetch(`${at}${POLLING}`)).text()
  return `${POLLING}&sid=${(JSON.parse(opened.slice(1)) as { sid: string }).sid}`
}

describe('a client that Socket.IO refuses reads why in the one body', () => {
  test.each([
    ['of another transport', 'GET', '/socket.io/?EIO=4&transport=pigeon', undefined, 400, 'BAD_HANDSHAKE'],
    ['of another version', 'GET', '/socket.io/?EIO=3&transport=polling', undefined, 400, 'BAD_HANDSHAKE'],
    ['of a connection that is over', 'GET', `${POLLING}&sid=gone`, undefined, 400, 'BAD_HANDSHAKE'],
    ['that begins by sending', 'POST', POLLING, '40', 400, 'BAD_HANDSHAKE'],
    ['that begins by deleting', 'DELETE', POLLING, undefined, 405, 'METHOD_NOT_ALLOWED'],
    ['that asks for a WebSocket by long polling', 'GET', '/socket.io/?EIO=4&transport=websocket', undefined, 400, ''],
    ['that says nothing', 'GET', '/socket.io/', undefined, 400, 'BAD_HANDSHAKE']
  ])('(%s)', async (_who, method, path, body, status, code) => {
    const answer = await fetch(`${at}${path}`, { method, ...(body !== undefined && { body }) })
    expect([answer.status, errorIn(await answer.text()).code]).toEqual([status, code || 'BAD_HANDSHAKE'])
    expect(answer.headers.get('cache-control')).toBe('no-store')
  })

  test('and of a connection that has begun: no method fails, and no message without a body waits', async () => {
    for (const method of ['PUT', 'PATCH', 'DELETE', 'HEAD']) {
      const answer = await fetch(`${at}${await begun()}`, { method })
      expect([method, answer.status, answer.headers.get('allow')]).toEqual([method, 405, 'GET, POST'])
    }
    const bare = await exchange(at, `POST ${await begun()} HTTP/1.1`, 'Host: a', 'Content-Type: text/plain')
    expect(bare).toMatch(/^HTTP\/1.1 400 /)
    expect(errorIn(bare.split('\r\n\r\n')[1]!).code).toBe('MALFORMED_REQUEST')
    const octets = { 'content-type': 'application/octet-stream' }
    const binary = await fetch(`${at}${await begun()}`, { method: 'POST', headers: octets, body: 'x' })
    expect([binary.status, errorIn(await binary.text()).code]).toEqual([400, 'MALFORMED_REQUEST'])
    const long = await fetch(`${at}${await begun()}`, { method: 'POST', body: 'x'.repeat(300_000) })
    expect([long.status, errorIn(await long.text()).code]).toEqual([413, 'BODY_TOO_LARGE'])
  })

  const upgrade = ['Host: a', 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13']
  const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='

  test('by WebSocket too', async () => {
    for (const query of ['EIO=4&transport=pigeon', 'EIO=4&transport=websocket&sid=gone']) {
      const answer = await exchange(at, `GET /socket.io/?${query} HTTP/1.1`, ...upgrade, key)
      expect(answer).toMatch(/^HTTP\/1.1 400 /)
      expect(errorIn(answer.split('\r\n\r\n')[1]!).code).toBe('BAD_HANDSHAKE')
    }
  })

  test('and where the process has all that it takes, when to come back', async () => {
    const full = await world.startApi({ SOCKET_IO: 'true', SOCKET_IO_MAX_CONNECTIONS: '1' })
    const atFull = await full.app.listen({ host: '127.0.0.1', port: 0 })
    expect((await fetch(`${atFull}${POLLING}`)).status).toBe(200)
    const answer = await fetch(`${atFull}${POLLING}`)
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5'])
    expect(errorIn(await answer.text()).code).toBe('OVERLOADED')
    const socket = await exchange(atFull, 'GET /socket.io/?EIO=4&transport=websocket HTTP/1.1', ...upgrade, key)
    expect(socket).toMatch(/^HTTP\/1.1 503 [^]*retry-after: 5\r\n[^]*"OVERLOADED"/)
  })
})
