import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Principal } from '../../src/auth/principal.ts'
import { errorOf, startWorld, type Api, type ApiWorld } from '../support/api.ts'

let world: ApiWorld
let api: Api
let other: Api

beforeAll(async () => {
  world = await startWorld()
  ;[api, other] = await Promise.all([world.startApi(), world.startApi()])
})
afterAll(() => world.close())

const exchange = (payload: object) => api.send({ method: 'POST', url: '/api/v1/auth/token', payload })

describe('exchanging a key', () => {
  test('gives a token that lives as long as it says', async () => {
    const { key } = await api.login()
    const answer = await exchange({ apiKey: key })
    const { tokenType, expiresAt } = answer.json() as { tokenType: string; expiresAt: string }
    expect(tokenType).toBe('Bearer')
    expect(Date.parse(expiresAt) - Date.now()).toBeGreaterThan(890_000)
    expect(answer.headers['cache-control']).toBe('no-store')
  })

  test.each([
    ['unknown', `qw_${'A'.repeat(43)}`],
    ['malformed', "' or 1=1 --"]
  ])('that is %s is refused', async (_name, apiKey) => {
    const answer = await exchange({ apiKey })
    expect(answer.status).toBe(401)
    expect(errorOf(answer).code).toBe('NOT_AUTHENTICATED')
  })

  test.each([
    ['a missing key', {}, 'apiKey'],
    ['a key that is no text', { apiKey: { $ne: 1 } }, 'apiKey'],
    ['a key of 10,000 characters', { apiKey: 'x'.repeat(10_000) }, 'apiKey'],
    ['a field that is not known', { apiKey: 'x', admin: true }, 'admin']
  ])('%s is a 400 that names the field', async (_name, payload, field) => {
    const answer = await exchange(payload)
    expect(answer.status).toBe(400)
    expect(errorOf(answer)).toMatchObject({ code: 'INVALID_REQUEST', details: { field } })
  })

  test('cannot be tried without end from one address', async () => {
    const strangers = '203.0.113.9'
    const guess = () =>
      api.send({ method: 'POST', url: '/api/v1/auth/token', payload: { apiKey: 'x' }, remoteAddress: strangers })
    const statuses = new Set<number>()
    for (let tries = 0; tries < 70; tries++) statuses.add((await guess()).status)
    expect([...statuses]).toEqual([401, 429])
    const refused = await guess()
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0)
    expect(errorOf(refused).code).toBe('RATE_LIMITED')
  })
})

describe('what is no exchange at all', () => {
  const json = 'Content-Type: application/json'
  const withLength = (body: string, ...headers: string[]) => [...headers, `Content-Length: ${body.length}`, '', body]
  let port: number

  beforeAll(async () => {
    const proxied = await world.startApi({ TRUST_PROXY: 'true' })
    port = Number(new URL(await proxied.app.listen({ host: '127.0.0.1', port: 0 })).port)
  })

  /** The status of one request, on a connection of its own. */
  async function exchangeFrom(address: string, rest: readonly string[]): Promise<number> {
    const head = ['POST /api/v1/auth/token HTTP/1.1', 'Host: a', 'Connection: close', `X-Forwarded-For: ${address}`]
    const socket = connect(port, '127.0.0.1')
    socket.write([...head, ...rest].join('\r\n'))
    return Number((await text(socket)).split(' ')[1])
  }

  test('of one address, however a proxy spells it, is limited as one', async () => {
    const body = withLength('{"apiKey":"x"}', json)
    const spellings = [
      '203.0.113.61',
      '203.0.113.61:80',
      '[::ffff:203.0.113.61]:4711',
      '::ffff:cb00:713d',
      '0:0::ffff:cb00:713d'
    ]
    const statuses = new Set<number>()
    for (let tries = 0; tries < 64; tries++) {
      statuses.add(await exchangeFrom(spellings[tries % spellings.length]!, body))
    }
    expect([...statuses]).toEqual([401, 429])
    for (const spelling of spellings) expect(await exchangeFrom(spelling, body)).toBe(429)
    expect(await exchangeFrom('203.0.113.62', body)).toBe(401)
  })

  test.each([
    ['a body with thousands of fields', 400, withLength(`{${'"f":1,'.repeat(2000)}"a":1}`, json)],
    ['a body without a key', 400, withLength('{}', json)],
    ['a key that is no text', 400, withLength('{"apiKey":[]}', json)],
    ['half of a body', 400, withLength('{"apiKey":', json)],
    ['no body', 400, ['', '']],
    ['a body in another form', 415, withLength('apiKey=x', 'Content-Type: application/x-www-form-urlencoded')],
    ['a body of megabytes', 413, [json, 'Content-Length: 9999999', '', '{']]
  ])('(%s) is counted as a wrong key', async (name, status, rest) => {
    const address = `198.51.100.${name.length}`
    const statuses = new Map<number, number>()
    for (let tries = 0; tries < 64; tries++) {
      const told = await exchangeFrom(address, rest)
      statuses.set(told, (statuses.get(told) ?? 0) + 1)
    }
    expect([...statuses.keys()]).toEqual([status, 429])
    expect(statuses.get(status)).toBeLessThanOrEqual(62)
    expect(await exchangeFrom(address, withLength('{"apiKey":"x"}', json))).toBe(429)
    expect(await exchangeFrom('198.51.100.200', rest)).toBe(status)
  })
})

describe('an IPv6 network', () => {
  test('is one address, of which a guesser has 2^64', async () => {
    const guess = (remoteAddress: string) =>
      api.send({ method: 'POST', url: '/api/v1/auth/token', payload: { apiKey: 'x' }, remoteAddress })
    const statuses = new Set<number>()
    for (let tries = 0; tries < 70; tries++) statuses.add((await guess(`2001:db8:7:1::${tries.toString(16)}`)).status)
    expect([...statuses]).toEqual([401, 429])
    expect((await guess('2001:db8:7:2::1')).status).toBe(401)
  })
})

describe('behind a proxy', () => {
  test('an address is what the proxy says, not what the client wrote before it', async () => {
    const proxied = await world.startApi({ TRUST_PROXY: 'true' })
    const guess = (forwarded: string) =>
      proxied.send({
        method: 'POST',
        url: '/api/v1/auth/token',
        payload: { apiKey: 'x' },
        headers: { 'x-forwarded-for': forwarded }
      })
    const statuses = new Set<number>()
    for (let tries = 0; tries < 70; tries++) statuses.add((await guess(`192.0.2.${tries}, 203.0.113.5`)).status)
    expect([...statuses]).toEqual([401, 429])
    expect((await guess('203.0.113.6')).status).toBe(401)
    // Some proxies write the port, and what is no address is the proxy's own.
    expect((await guess('203.0.113.5:4711')).status).toBe(429)
    expect((await guess('[::ffff:203.0.113.5]:4711')).status).toBe(429)
    expect((await guess('unknown')).status).toBe(401)
  })
})

describe('revoking', () => {
  test('a key ends its running tokens in every process, and in those that start later', async () => {
    const admin = await api.login(['admin:read', 'admin:write'])
    const victim = await api.login()
    expect((await other.get('/api/v1/auth/me', victim.token)).status).toBe(200)

    const listed = await api.get(`/api/v1/admin/keys?userId=${victim.userId}`, admin.token)
    const [{ id }] = (listed.json() as { keys: [{ id: string }] }).keys
    expect((await api.send({ method: 'DELETE', url: `/api/v1/admin/keys/${id}` }, admin.token)).status).toBe(200)

    expect((await api.get('/api/v1/auth/me', victim.token)).status).toBe(401)
    await expect.poll(async () => (await other.get('/api/v1/auth/me', victim.token)).status).toBe(401)
    const late = await world.startApi()
    expect(errorOf(await late.get('/api/v1/auth/me', victim.token)).message).toContain('revoked')
    expect((await exchange({ apiKey: victim.key })).status).toBe(401)
  })

  test('ends a token too that is being made meanwhile', async () => {
    const admin = await api.login(['admin:write'])
    const victim = await api.login()
    const { keys } = other.app.stores
    const findKey = keys.findKey.bind(keys)
    // The revocation falls between the look-up and the making of the token, which is dated by a later second.
    keys.findKey = async (key) => {
      const holder = await findKey(key)
      const url = `/api/v1/admin/users/${victim.userId}`
      await api.send({ method: 'PATCH', url, payload: { disabled: true } }, admin.token)
      const second = Math.floor(Date.now() / 1000)
      await expect.poll(() => Math.floor(Date.now() / 1000), { interval: 20 }).toBeGreaterThan(second)
      return holder
    }
    const payload = { apiKey: victim.key }
    const answer = await other.send({ method: 'POST', url: '/api/v1/auth/token', payload })
    keys.findKey = findKey
    // It was not made, or not in time to hear of the revocation.
    const { token } = answer.json() as { token?: string }
    const refused = token === undefined ? answer : await api.get('/api/v1/auth/me', token)
    expect(errorOf(refused).message).toContain('revoked')
  })

  test('ends tokens also where the audit log cannot be written', async () => {
    const [admin, ofKey, ofUser] = await Promise.all([api.login(['admin:write']), api.login(), api.login()])
    const { keyId } = (await api.get('/api/v1/auth/me', ofKey.token)).json() as { keyId: string }
    const { audit } = api.app.stores
    const append = audit.append.bind(audit)
    audit.append = () => Promise.reject(new Error('nothing can be written'))
    const url = `/api/v1/admin/users/${ofUser.userId}`
    const answers = await Promise.all([
      api.send({ method: 'PATCH', url, payload: { disabled: true } }, admin.token),
      api.send({ method: 'DELETE', url: `/api/v1/admin/keys/${keyId}` }, admin.token)
    ])
    audit.append = append
    expect(answers.map(({ status }) => status)).toEqual([500, 500])
    for (const { token } of [ofKey, ofUser]) expect((await api.get('/api/v1/auth/me', token)).status).toBe(401)
  })

  test('a key ends its tokens also where the clock that dated them is ahead', async () => {
    const { token } = await api.login()
    const { keyId, ...me } = (await api.get('/api/v1/auth/me', token)).json() as Principal
    const ahead = api.app.tokens.issue({ ...me, keyId: keyId!, issuedAt: Date.now() + 60_000, expiresAt: Infinity })
    await api.app.revocations.revoke(`key:${keyId}`)
    expect(errorOf(await api.get('/api/v1/auth/me', ahead.token)).message).toContain('revoked')
  })

  test('a user ends all tokens of that user, until it is enabled again', async () => {
    const admin = await api.login(['admin:write'])
    const victim = await api.login()
    const change = (disabled: boolean) =>
      api.send({ method: 'PATCH', url: `/api/v1/admin/users/${victim.userId}`, payload: { disabled } }, admin.token)
    expect((await change(true)).json()).toMatchObject({ disabled: true })
    expect((await api.get('/api/v1/auth/me', victim.token)).status).toBe(401)
    expect((await exchange({ apiKey: victim.key })).status).toBe(401)
    await change(false)
    await expect
      .poll(
        async () => {
          const { token } = (await exchange({ apiKey: victim.key })).json() as { token: string }
          return (await api.get('/api/v1/auth/me', token)).status
        },
        { interval: 250, timeout: 5000 }
      )
      .toBe(200)
    expect((await api.get('/api/v1/auth/me', victim.token)).status).toBe(401)
  })
})
