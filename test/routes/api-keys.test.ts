import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { errorOf, startWorld, type Api, type ApiWorld } from '../support/api.ts'

const ME = '/api/v1/auth/me'
const UNKNOWN = `qw_${'A'.repeat(43)}`

let world: ApiWorld
let api: Api
let other: Api
let url: string

beforeAll(async () => {
  world = await startWorld()
  ;[api, other] = await Promise.all([world.startApi(), world.startApi()])
  url = await api.app.listen({ host: '127.0.0.1', port: 0 })
})
afterAll(() => world.close())

const ask = (headers: Record<string, string>, path = '/api/v1/market/quote/AAPL') => fetch(url + path, { headers })
const bearer = (credential: string) => ({ authorization: `Bearer ${credential}` })

/** Counts the look-ups of keys, and can make them fail. */
function watchLookUps({ app }: Api, fail?: () => Promise<never>) {
  const lookUps = vi.spyOn(app.stores.keys, 'findKey')
  if (fail) lookUps.mockImplementation(fail)
  return {
    get count() {
      return lookUps.mock.calls.length
    },
    end: () => lookUps.mockRestore()
  }
}

describe('an API key', () => {
  test('opens the API by itself, in either header, and is told whom it speaks for', async () => {
    const { key, userId } = await api.login(['market:read'], 'pro')
    for (const headers of [bearer(key), { 'x-api-key': key }, { ...bearer(key), 'x-api-key': key }]) {
      const answer = await ask(headers)
      expect([answer.status, answer.headers.get('ratelimit-limit')]).toEqual([200, '6000'])
    }
    const me = (await api.get(ME, key)).json()
    expect(me).toMatchObject({ userId, credential: 'key', plan: 'pro', scopes: ['market:read'] })
    expect(me).not.toHaveProperty('expiresAt')
    expect(me).not.toHaveProperty('issuedAt')
    expect(errorOf(await api.get('/api/v1/admin/users', key))).toMatchObject({
      details: { missingScope: 'admin:read' }
    })
  })

  test('is looked up once for a thousand first requests, and for none of those that follow', async () => {
    const { key } = await api.login()
    await api.get('/api/v1/market/quote/AAPL', key)
    api.app.verifiedTokens.forget(() => true)
    const lookUps = watchLookUps(api)
    const first = await Promise.all(Array.from({ length: 500 }, () => api.get(ME, key)))
    expect(new Set(first.map(({ status }) => status))).toEqual(new Set([200]))
    for (const headers of [bearer(key), { 'x-api-key': key }]) expect((await ask(headers)).status).toBe(200)
    expect(lookUps.count).toBe(1)
    lookUps.end()
  })

  test('ends in every process as soon as it is revoked or its user is disabled', async () => {
    const admin = await api.login(['admin:read', 'admin:write'])
    const [ofKey, ofUser] = [await api.login(), await api.login()]
    for (const { key } of [ofKey, ofUser]) {
      expect((await other.get(ME, key)).status).toBe(200)
      expect((await ask(bearer(key))).status).toBe(200)
    }
    const { keyId } = (await api.get(ME, ofKey.key)).json() as { keyId: string }
    await other.send({ method: 'DELETE', url: `/api/v1/admin/keys/${keyId}` }, admin.key)
    const change = { method: 'PATCH', url: `/api/v1/admin/users/${ofUser.userId}` } as const
    await other.send({ ...change, payload: { disabled: true } }, admin.key)
    for (const { key } of [ofKey, ofUser]) {
      await expect.poll(async () => (await ask(bearer(key))).status, { timeout: 1000 }).toBe(401)
      expect((await other.get(ME, key)).status).toBe(401)
    }
    await other.send({ ...change, payload: { disabled: false } }, admin.key)
    expect((await api.get(ME, ofUser.key)).status).toBe(200)
  })

  test('that was verified goes on while Postgres is away; one that was not is 503, and no reason to throw it away', async () => {
    const known = await api.login()
    const unknown = await api.core.stores.keys.createKey({ userId: known.userId, scopes: ['market:read'] })
    await api.get(ME, known.key)
    const lookUps = watchLookUps(api, () => Promise.reject(Object.assign(new Error('away'), { code: 'ECONNREFUSED' })))
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 10 * 60_000 })
    try {
      expect((await api.get(ME, known.key)).status).toBe(200)
      expect((await api.get(ME, known.key)).status).toBe(200)
      expect(lookUps.count).toBe(1)
      const answer = await api.get(ME, unknown.key)
      expect([answer.status, answer.headers['retry-after']]).toEqual([503, '5'])
      expect(errorOf(answer).code).toBe('STORE_UNAVAILABLE')
    } finally {
      vi.useRealTimers()
      lookUps.end()
    }
    expect((await api.get(ME, unknown.key)).status).toBe(200)
  })

  test('is exchanged sixty times a minute at most, without asking Postgres each time, and a token is not', async () => {
    const { key, token } = await api.login()
    const exchange = (apiKey: string) => api.send({ method: 'POST', url: '/api/v1/auth/token', payload: { apiKey } })
    const lookUps = watchLookUps(api)
    const answers = await Promise.all(Array.from({ length: 90 }, () => exchange(key)))
    expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThan(50)
    expect(errorOf(answers.find(({ status }) => status === 429)!).code).toBe('RATE_LIMITED')
    expect(lookUps.count).toBe(0)
    lookUps.end()
    expect([400, 401]).toContain((await exchange(token)).status)
  })

  test('is looked at again after a minute: a user that was disabled without a word is out, another plan counts', async () => {
    const [gone, promoted] = [await api.login(), await api.login()]
    for (const { key } of [gone, promoted]) await api.get(ME, key)
    await api.core.stores.users.update(gone.userId, { disabled: true })
    await api.core.stores.users.update(promoted.userId, { plan: 'pro' })
    expect((await api.get(ME, promoted.key)).json()).toMatchObject({ plan: 'standard' })
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 61_000 })
    try {
      expect((await api.get(ME, gone.key)).status).toBe(401)
      expect((await api.get(ME, promoted.key)).json()).toMatchObject({ plan: 'pro' })
    } finally {
      vi.useRealTimers()
    }
  })

  test('ends when it expires, although it was seen before, and a token made of it ends with it', async () => {
    const { userId } = await api.login()
    const expiresAt = new Date(Math.ceil(Date.now() / 1000) * 1000 + 30_000).toISOString()
    const { key } = await api.core.stores.keys.createKey({ userId, scopes: ['market:read'], expiresAt })
    expect((await api.get(ME, key)).json()).toMatchObject({ credential: 'key', expiresAt })
    const exchanged = await api.send({ method: 'POST', url: '/api/v1/auth/token', payload: { apiKey: key } })
    expect(exchanged.json()).toMatchObject({ expiresAt })
    vi.useFakeTimers({ toFake: ['Date'], now: Date.parse(expiresAt) + 1 })
    try {
      const answer = await api.get(ME, key)
      expect([answer.status, errorOf(answer).message]).toEqual([401, `This API key expired at ${expiresAt}`])
    } finally {
      vi.useRealTimers()
    }
  })

  test.each(['header', 'exchange'])('that is wrong is a try, of which an address has 60 a minute (%s)', async (way) => {
    const { key: good } = await api.login()
    await api.get(ME, good)
    const remoteAddress = way === 'header' ? '203.0.113.20' : '203.0.113.21'
    const tryOne = (key: string) =>
      way === 'header'
        ? api.send({ method: 'GET', url: ME, headers: { 'x-api-key': key }, remoteAddress })
        : api.send({ method: 'POST', url: '/api/v1/auth/token', payload: { apiKey: key }, remoteAddress })
    const keyOf = (index: number) => `qw_${String(index).padStart(43, '0')}`
    const answers = await Promise.all(Array.from({ length: 90 }, (_, index) => tryOne(keyOf(index))))
    const refused = answers.filter(({ status }) => status === 429)
    expect(refused.length).toBeGreaterThan(10)
    expect(refused.length + answers.filter(({ status }) => status === 401).length).toBe(90)
    expect(errorOf(refused[0]!)).toMatchObject({ code: 'RATE_LIMITED', details: { limitPerMinute: 60 } })
    // One that is known costs nothing, and another address has tries of its own.
    const known = { method: 'GET', url: ME, headers: bearer(good), remoteAddress } as const
    expect((await api.send(known)).status).toBe(200)
    expect((await api.get(ME, UNKNOWN)).status).toBe(401)
  })
})

describe('a 401 says what was wrong with what came', () => {
  test.each<[string, Record<string, string>, RegExp]>([
    ['nothing', {}, /takes an API key or a token: send Authorization: Bearer .* or X-API-Key/],
    ['another scheme', { authorization: 'Basic dTpw' }, /has the scheme Basic; send Authorization: Bearer/],
    ['a key without a scheme', { authorization: UNKNOWN }, /lacks the word Bearer .*; send Authorization: Bearer/],
    ['a token without a scheme', { authorization: 'a.b.c' }, /lacks the word Bearer/],
    ['a scheme without a key', { authorization: 'Bearer' }, /has nothing after Bearer; send/],
    ['two words after the scheme', { authorization: 'Bearer a b' }, /cannot be read; send/],
    ['a text that is neither', bearer('nonsense'), /neither an API key \(qw_…\) nor a token/],
    ['an unknown key', bearer(UNKNOWN), /^This API key is unknown or was revoked$/],
    ['an unknown key of its header', { 'x-api-key': UNKNOWN }, /^This API key is unknown or was revoked$/],
    ['two that disagree', { ...bearer(UNKNOWN), 'x-api-key': 'qw_other' }, /Authorization and X-API-Key disagree/]
  ])('%s', async (_name, headers, message) => {
    for (const path of ['/api/v1/market/quote/AAPL', ME]) {
      const answer = await ask(headers, path)
      const { error } = (await answer.json()) as { error: { code: string; message: string } }
      expect([answer.status, error.code, error.message]).toEqual([
        401,
        'NOT_AUTHENTICATED',
        expect.stringMatching(message)
      ])
      expect(error.message).not.toContain('AAAA')
    }
  })

  test('a bare key in Authorization is refused, although the key is known', async () => {
    const { key } = await api.login()
    expect((await ask(bearer(key))).status).toBe(200)
    expect((await ask({ authorization: key })).status).toBe(401)
    expect((await ask({ 'x-api-key': `Bearer ${key}` })).status).toBe(401)
  })
})

test('the documents offer every way to send a key', async () => {
  const document = (await api.get('/openapi.json')).json() as {
    components: { securitySchemes: Record<string, object> }
    paths: Record<string, Record<string, { security?: object[] }>>
  }
  expect(document.components.securitySchemes).toMatchObject({
    bearer: { type: 'http', scheme: 'bearer' },
    apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key' }
  })
  const live = (await api.get('/asyncapi.json')).json() as {
    components: { securitySchemes: Record<string, { type: string; name?: string }> }
    operations: Record<string, { security: { $ref: string }[] }>
  }
  for (const { security } of Object.values(live.operations)) {
    const names = security.map(({ $ref }) => $ref.replace('#/components/securitySchemes/', ''))
    expect(names).toEqual(Object.keys(live.components.securitySchemes))
  }
  expect(Object.keys(live.components.securitySchemes)).toEqual(['bearer', 'apiKey', 'protocol', 'token', 'ticket'])
  expect(document.paths['/api/v1/market/quote/{symbol}']!['get']!.security).toEqual([{ bearer: [] }, { apiKey: [] }])
})
