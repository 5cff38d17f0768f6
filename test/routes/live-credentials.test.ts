import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { errorOf, startWorld, type Api, type ApiWorld } from '../support/api.ts'
import { LiveClient } from '../support/live-client.ts'
import { connect, refusalOf } from '../support/socket-io-client.ts'

const QUOTES = '/api/v1/market/ws/stock-quotes'
const ISSUER = 'https://login.example'
const MINUTE = 60_000

const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const published = { keys: [{ ...pair.publicKey.export({ format: 'jwk' }), kid: 'desk', use: 'sig', alg: 'ES256' }] }
const issuer = { keys: published.keys, asked: 0 }
const jwks = createServer((_request, response) => {
  issuer.asked++
  response.end(JSON.stringify({ keys: issuer.keys }))
})

const ENV = () => ({
  SOCKET_IO: 'true',
  JWKS_URL: `http://127.0.0.1:${(jwks.address() as AddressInfo).port}/keys`,
  JWKS_ISSUER: ISSUER
})

let world: ApiWorld
let api: Api
let other: Api
let host: string
let otherHost: string

beforeAll(async () => {
  await once(jwks.listen(0, '127.0.0.1'), 'listening')
  world = await startWorld()
  ;[api, other] = await Promise.all([world.startApi(ENV()), world.startApi(ENV())])
  ;[host, otherHost] = (await Promise.all(
    [api, other].map(({ app }) => app.listen({ host: '127.0.0.1', port: 0 }))
  )) as [string, string]
})
afterAll(async () => {
  await world.close()
  jwks.close()
})

const socketUrl = (at = host, query = '') => at.replace('http', 'ws') + QUOTES + query
const welcomed = async (client: LiveClient) => (await client.frame('welcome')).data['authenticated']

async function ticketOf(credential: string, at = api): Promise<string> {
  const answer = await at.send({ method: 'POST', url: '/api/v1/auth/ticket' }, credential)
  expect([answer.status, answer.headers['cache-control']]).toEqual([200, 'no-store'])
  return (answer.json() as { ticket: string }).ticket
}

describe('an API key', () => {
  test('opens a WebSocket by itself: by either header, by protocol, by query and by a first frame', async () => {
    const { key } = await api.login(['stream:read'])
    const clients = [
      new LiveClient(socketUrl(), [], { headers: { authorization: `Bearer ${key}` } }),
      new LiveClient(socketUrl(), [], { headers: { 'x-api-key': key } }),
      new LiveClient(socketUrl(), ['quotewire', `bearer.${key}`]),
      new LiveClient(socketUrl(host, `?token=${key}`)),
      new LiveClient(socketUrl(host, `?token=${key}&token=qw_wrong`))
    ]
    for (const client of clients) expect(await welcomed(client)).toBe(true)
    const byFrame = new LiveClient(socketUrl())
    await byFrame.frame('welcome')
    byFrame.send({ type: 'auth', id: 1, data: { token: key } })
    const { data } = await byFrame.frame('authenticated')
    expect(data).toHaveProperty('user')
    expect(data).not.toHaveProperty('expiresAt')
  })

  test('opens Socket.IO by itself', async () => {
    const { key } = await api.login(['stream:read'])
    const { socket, until } = connect(`${host}/stocks`, { transports: ['websocket'], auth: { token: key } })
    socket.emit('subscribe', { symbols: ['AAPL'] })
    await until('priceUpdate')
  })

  test('that is revoked, or whose user is disabled, ends its connections in every process', async () => {
    const admin = await api.login(['admin:read', 'admin:write'])
    const [ofKey, ofUser] = [await api.login(['stream:read', 'market:read']), await api.login(['stream:read'])]
    const clients = [ofKey, ofUser].map(({ key }) => new LiveClient(socketUrl(), [`bearer.${key}`, 'quotewire']))
    for (const client of clients) await client.frame('welcome')
    const { keyId } = (await api.get('/api/v1/auth/me', ofKey.key)).json() as { keyId: string }
    await other.send({ method: 'DELETE', url: `/api/v1/admin/keys/${keyId}` }, admin.key)
    const url = `/api/v1/admin/users/${ofUser.userId}`
    await other.send({ method: 'PATCH', url, payload: { disabled: true } }, admin.key)
    for (const client of clients) expect((await client.closing()).code).toBe(4500)
  })

  test('that is wrong is told so; tried too often, to come back later', async () => {
    const wrong = new LiveClient(socketUrl(host, `?token=qw_${'A'.repeat(43)}`))
    expect((await wrong.frame('error')).data['message']).toBe('This API key is unknown or was revoked')
    expect((await wrong.closing()).code).toBe(4500)
  })
})

describe('a ticket', () => {
  test('opens one connection, in any process, and no second one', async () => {
    const { key, token } = await api.login(['stream:read'])
    for (const credential of [key, token]) {
      const query = `?ticket=${await ticketOf(credential)}`
      expect(await welcomed(new LiveClient(socketUrl(otherHost, query)))).toBe(true)
      const again = new LiveClient(socketUrl(host, query))
      expect((await again.frame('error')).data['message']).toContain('The ticket is unknown, was used')
      expect((await again.closing()).code).toBe(4500)
    }
  })

  test('opens one of many connections that come with it at the same moment', async () => {
    const { key } = await api.login(['stream:read'])
    const query = `?ticket=${await ticketOf(key)}`
    const clients = Array.from({ length: 8 }, (_, at) => new LiveClient(socketUrl(at % 2 ? host : otherHost, query)))
    await Promise.all(clients.map((client) => client.until(() => client.frames.length > 0)))
    expect(clients.filter((client) => client.frames[0]!.type === 'welcome')).toHaveLength(1)
  })

  test('opens a Socket.IO connection, in the handshake or in the address', async () => {
    const { key } = await api.login(['stream:read'])
    const transports = ['websocket']
    for (const [query, auth] of [
      [`?ticket=${await ticketOf(key)}`, {}] as const,
      ['', { ticket: await ticketOf(key) }] as const
    ]) {
      const { socket, until } = connect(`${otherHost}/stocks${query}`, { transports, auth, reconnection: false })
      socket.emit('subscribe', { symbols: ['AAPL'] })
      await until('priceUpdate')
    }
    expect(await refusalOf(connect(host, { transports, auth: { ticket: 'qt_none' } }).socket)).toMatchObject({
      code: 'NOT_AUTHENTICATED'
    })
  })

  test('ends with the key that it was made of, opens nothing else, and leaves no credential in Redis', async () => {
    const { key, userId } = await api.login(['stream:read'])
    const ticket = await ticketOf(key)
    expect((await api.get('/api/v1/auth/me', ticket)).status).toBe(401)
    for (const name of await api.core.redis.keys('auth:ticket:*')) {
      const held = `${name} ${await api.core.redis.get(name)}`
      for (const secret of [key, key.slice(3), ticket.slice(3)]) expect(held).not.toContain(secret)
      expect(await api.core.redis.ttl(name)).toBeLessThanOrEqual(30)
    }
    const client = new LiveClient(socketUrl(host, `?ticket=${ticket}`))
    await client.frame('welcome')
    await other.app.revocations.revoke(`user:${userId}`)
    expect((await client.closing()).code).toBe(4500)
  })

  test('is not to be had without a credential', async () => {
    expect(errorOf(await api.send({ method: 'POST', url: '/api/v1/auth/ticket' })).code).toBe('NOT_AUTHENTICATED')
  })
})

test("connections of an outside issuer's token end some minutes after it withdrew its key", async () => {
  // Before the process starts, for it keeps the clock that it finds.
  const start = Date.now()
  vi.useFakeTimers({ toFake: ['Date'], now: start })
  onTestFinished(() => {
    vi.useRealTimers()
    issuer.keys = published.keys
  })
  const own = await world.startApi(ENV())
  const at = await own.app.listen({ host: '127.0.0.1', port: 0 })
  const token = await new SignJWT({ sub: '42', scope: 'stream:read' })
    .setProtectedHeader({ alg: 'ES256', kid: 'desk' })
    .setIssuer(ISSUER)
    .setAudience('quotewire')
    .setIssuedAt()
    .setExpirationTime('10h')
    .sign(pair.privateKey)
  const client = new LiveClient(socketUrl(at), ['quotewire', `bearer.${token}`])
  await client.frame('welcome')
  const { socket } = connect(`${at}/stocks`, { transports: ['websocket'], auth: { token }, reconnection: false })
  await expect.poll(() => socket.connected).toBe(true)

  issuer.keys = []
  let now = start
  // Connections are checked each second, and those that hear their ping answered in time go on.
  const afterSixMinutes = () => {
    vi.setSystemTime((now += 6 * MINUTE))
    return client.closed !== undefined
  }
  await expect.poll(afterSixMinutes, { interval: 2500, timeout: 60_000 }).toBe(true)
  expect((await client.closing()).code).toBe(4500)
  await expect.poll(() => socket.connected).toBe(false)
})
