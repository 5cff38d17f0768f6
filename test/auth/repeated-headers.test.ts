import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startWorld, type ApiWorld } from '../support/api.ts'

let world: ApiWorld
let port: number
let key: string

beforeAll(async () => {
  world = await startWorld()
  const api = await world.startApi({ SOCKET_IO: 'true' })
  port = Number(new URL(await api.app.listen({ host: '127.0.0.1', port: 0 })).port)
  key = (await api.login(['market:read', 'stream:read'])).key
})
afterAll(() => world.close())

/** The status line and the body of what a server answers to bytes. */
async function answerTo(path: string, headers: readonly string[]): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.write([`GET ${path} HTTP/1.1`, ...headers, 'Connection: close', '', ''].join('\r\n'))
  return text(socket)
}

const HOST = 'Host: quotes.example'
const right = () => `Authorization: Bearer ${key}`
const UPGRADE = ['Upgrade: websocket', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==']

test.each<[string, () => string[]]>([
  ['two credentials, the right one first', () => [HOST, right(), 'Authorization: Bearer wrong']],
  ['two credentials, the right one last', () => [HOST, 'authorization: Bearer wrong', right()]],
  ['the same credential twice', () => [HOST, right(), right()]],
  ['two keys', () => [HOST, `X-API-Key: ${key}`, 'x-api-key: other']],
  ['two hosts', () => [HOST, 'Host: other.example', right()]],
  ['the same host twice', () => [HOST, 'host: quotes.example', right()]]
])('%s: 400, whatever is asked', async (_name, headers) => {
  const quote = '/api/v1/market/quote/AAPL'
  await answerTo(quote, [HOST, right()]) // the next one could come from memory
  for (const path of [quote, '/api/v1/auth/me', '/docs/', '/nothing']) {
    expect(await answerTo(path, headers())).toMatch(/^HTTP\/1\.1 400 [\s\S]*"code":"MALFORMED_REQUEST"/)
  }
  const live = '/api/v1/market/ws/stock-quotes'
  const handshake = [...headers(), ...UPGRADE, 'Connection: Upgrade']
  expect(await answerTo(live, handshake)).toMatch(/^HTTP\/1\.1 400 /)
  expect(await answerTo('/socket.io/?EIO=4&transport=polling', headers())).toMatch(/^HTTP\/1\.1 40[03] /)
})

test('one of each is answered', async () => {
  expect(await answerTo('/api/v1/market/quote/AAPL', [HOST, right()])).toMatch(/^HTTP\/1\.1 200 /)
  expect(await answerTo('/api/v1/market/quote/AAPL', [HOST, `X-API-Key: ${key}`])).toMatch(/^HTTP\/1\.1 200 /)
})
