import { createHash, createHmac, generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { errorOf, SECRET, startWorld, type Api, type ApiWorld } from '../support/api.ts'

const OUTSIDE_ISSUER = 'https://login.example'

let world: ApiWorld
let api: Api
let token: string
let issuer: Server
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })

beforeAll(async () => {
  world = await startWorld()
  issuer = createServer((_request, response) => {
    const keys = [
      jwkOf(rsa.publicKey, 'rsa', 'RS256'),
      jwkOf(ec.publicKey, 'ec', 'ES256'),
      { ...jwkOf(rsa.publicKey, 'for secrecy', 'RS256'), use: 'enc' },
      { ...jwkOf(ec.publicKey, 'of no algorithm', 'ES256'), alg: undefined },
      { kty: 'oct', k: 'c2VjcmV0', kid: 'shared', alg: 'HS256' },
      {}
    ]
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys }))
  })
  await new Promise<void>((resolve) => issuer.listen(0, '127.0.0.1', resolve))
  const { port } = issuer.address() as AddressInfo
  api = await world.startApi({ JWKS_URL: `http://127.0.0.1:${port}/keys.json`, JWKS_ISSUER: OUTSIDE_ISSUER })
  token = (await api.login(['market:read'])).token
})
afterAll(async () => {
  await world.close()
  issuer.close()
})

const jwkOf = (key: KeyObject, kid: string, alg: string) => ({ ...key.export({ format: 'jwk' }), kid, alg, use: 'sig' })
const pemOf = (key: KeyObject) => key.export({ format: 'pem', type: 'spki' }) as string
const kidOf = (secret: string) => createHash('sha256').update(`kid:${secret}`).digest('hex').slice(0, 12)
const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

type Signing = { key?: string | KeyObject; alg?: 'HS256' | 'HS512' | 'RS256' | 'ES256'; kid?: string; without?: string }

/** A token as somebody else would make it; right in everything that is not given. */
function forge({ key = SECRET, alg = 'HS256', kid = kidOf(SECRET), without }: Signing, claims: object = {}): string {
  const seconds = Math.floor(Date.now() / 1000)
  const usual = {
    iss: 'quotewire',
    aud: 'quotewire',
    sub: 'u1',
    iat: seconds,
    exp: seconds + 60,
    scopes: ['market:read']
  }
  const all: Record<string, unknown> = { ...usual, ...claims }
  if (without) delete all[without]
  const input = `${part({ alg, typ: 'JWT', kid })}.${part(all)}`
  const signature =
    typeof key === 'string'
      ? createHmac(`sha${alg.slice(2)}`, key)
          .update(input)
          .digest()
      : sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' })
  return `${input}.${signature.toString('base64url')}`
}

const unsigned = () => {
  const [, claims] = forge({}).split('.')
  return `${part({ alg: 'none', typ: 'JWT' })}.${claims}.`
}
const past = Math.floor(Date.now() / 1000) - 3600

describe('a token', () => {
  test('that is ours opens the door', async () => {
    expect((await api.get('/api/v1/market/quote/AAPL', token)).status).toBe(200)
    expect((await api.get('/api/v1/market/quote/AAPL', forge({}))).status).toBe(200)
  })

  test.each<[string, () => string]>([
    ['expired', () => forge({}, { iat: past, exp: past + 60 })],
    ['not valid yet', () => forge({}, { nbf: past + 7200 })],
    ['signed with another secret', () => forge({ key: 'x'.repeat(40) })],
    ['signed by nobody', unsigned],
    ['without its signature', () => `${token.split('.', 2).join('.')}.`],
    ['altered', () => `${token.split('.')[0]}.${part({ sub: 'root' })}.${token.split('.')[2]}`],
    ['for another audience', () => forge({}, { aud: 'somebody-else' })],
    ['of another issuer', () => forge({}, { iss: 'somebody-else' })],
    ['without an issuer', () => forge({ without: 'iss' })],
    ['without an audience', () => forge({ without: 'aud' })],
    ['without an end', () => forge({ without: 'exp' })],
    ['without a time of issue', () => forge({ without: 'iat' })],
    ['without a subject', () => forge({ without: 'sub' })],
    ['of another HMAC algorithm', () => forge({ alg: 'HS512' })],
    ['without a key id', () => forge({ kid: '' })],
    [
      'HMAC-signed with the public key',
      () => forge({ key: rsa.publicKey.export({ format: 'pem', type: 'spki' }) as string, kid: 'rsa' })
    ],
    ['that is no token', () => 'nonsense'],
    ['of three dots', () => '...'],
    ['of 10,000 characters', () => 'A'.repeat(10_000)]
  ])('%s gets the one error body, and no reason to try again', async (_name, make) => {
    const answer = await api.get('/api/v1/market/quote/AAPL', make())
    expect(answer.status).toBe(401)
    expect(answer.headers['www-authenticate']).toBe('Bearer')
    expect(errorOf(answer)).toMatchObject({ code: 'NOT_AUTHENTICATED' })
  })

  test('is asked for where it is missing, or sent in another way', async () => {
    expect(errorOf(await api.get('/api/v1/market/quote/AAPL'))).toMatchObject({ code: 'NOT_AUTHENTICATED' })
    const basic = await api.get('/api/v1/market/quote/AAPL', undefined, { authorization: 'Basic dTpw' })
    expect(basic.status).toBe(401)
    expect(errorOf(basic).message).toContain('Bearer')
  })

  test('that lacks a scope is told which one', async () => {
    const answer = await api.get('/api/v1/market/cache/stats', token)
    expect(answer.status).toBe(403)
    expect(errorOf(answer)).toMatchObject({ code: 'NOT_AUTHORIZED', details: { missingScope: 'admin:read' } })
  })

  test('stops working when it expires, although it was seen before', async () => {
    // Of whole seconds, the last of which may be nearly over.
    const brief = forge({}, { exp: Math.floor(Date.now() / 1000) + 4 })
    expect((await api.get('/api/v1/auth/me', brief)).status).toBe(200)
    await expect.poll(async () => (await api.get('/api/v1/auth/me', brief)).status).toBe(401)
  })

  test('says who it speaks for', async () => {
    const answer = await api.get('/api/v1/auth/me', token)
    expect(answer.json()).toMatchObject({ plan: 'standard', scopes: ['market:read'] })
  })
})

describe('rotating the secret', () => {
  test('keeps the running tokens of the secret before, and no older ones', async () => {
    const rotated = await world.startApi({ JWT_SECRET: 'n'.repeat(40), JWT_PREVIOUS_SECRET: SECRET })
    expect((await rotated.get('/api/v1/auth/me', token)).status).toBe(200)
    const { token: renewed } = await rotated.login()
    expect((await api.get('/api/v1/auth/me', renewed)).status).toBe(401)
    const done = await world.startApi({ JWT_SECRET: 'n'.repeat(40) })
    expect((await done.get('/api/v1/auth/me', renewed)).status).toBe(200)
    expect((await done.get('/api/v1/auth/me', token)).status).toBe(401)
  })
})

describe('an outside issuer', () => {
  const outside = { iss: OUTSIDE_ISSUER, sub: '42', scope: 'openid market:read', scopes: undefined }

  test.each([
    ['RS256', rsa.privateKey, 'rsa'],
    ['ES256', ec.privateKey, 'ec']
  ] as const)('signs with %s and is believed, under a user id that cannot meet ours', async (alg, key, kid) => {
    const answer = await api.get('/api/v1/auth/me', forge({ alg, kid, key: key }, outside))
    expect(answer.json()).toMatchObject({ userId: 'outside:42', scopes: ['market:read'] })
  })

  test('names nobody of ours: whoever calls himself like an administrator is not one in the audit log', async () => {
    const { name } = (await api.get('/api/v1/auth/me', token)).json() as { name: string }
    const signing = { alg: 'ES256', kid: 'ec', key: ec.privateKey } as const
    const called = forge(signing, { ...outside, name, scope: 'admin:read admin:write' })
    expect((await api.get('/api/v1/auth/me', called)).json()).toMatchObject({ name: 'outside:42' })
    const user = { name: 'made from outside' }
    expect((await api.send({ method: 'POST', url: '/api/v1/admin/users', payload: user }, called)).status).toBe(201)
    const [entry] = await api.core.stores.audit.list({ limit: 1 })
    expect(entry).toMatchObject({ action: 'user.create', actor: 'outside:42' })
  })

  test('gives nobody access for years: a token ends a day after it was issued at the latest', async () => {
    const iat = Math.floor(Date.now() / 1000)
    const signing = { alg: 'ES256', kid: 'ec', key: ec.privateKey } as const
    const me = (await api.get('/api/v1/auth/me', forge(signing, { ...outside, iat, exp: iat + 3e9 }))).json()
    expect(me).toMatchObject({ expiresAt: new Date((iat + 86_400) * 1000).toISOString() })
    const ahead = await api.get('/api/v1/auth/me', forge(signing, { ...outside, iat: iat + 3600, exp: iat + 7200 }))
    expect([ahead.status, errorOf(ahead).message]).toEqual([401, 'The token was issued in the future'])
  })

  test.each<[string, object]>([
    ['a subject that no database keeps', { sub: '4\u00002' }],
    ['an end that no calendar has', { exp: 1e18 }],
    ['a time of issue that no calendar has', { iat: -1e18 }]
  ])('is not believed about %s', async (_name, claims) => {
    const signing = { alg: 'ES256', kid: 'ec', key: ec.privateKey } as const
    const answer = await api.get('/api/v1/auth/me', forge(signing, { ...outside, ...claims }))
    expect([answer.status, errorOf(answer).code]).toEqual([401, 'NOT_AUTHENTICATED'])
  })

  test.each<[string, object, string]>([
    ['has expired', { iat: past, exp: past + 60 }, 'expired'],
    ['is not valid yet', { nbf: past + 7200 }, 'not valid yet'],
    ['is for another audience', { aud: 'somebody-else' }, 'somebody else'],
    ['has no end', { exp: undefined }, 'lacks a claim']
  ])('learns what is wrong with its token: it %s', async (_name, claims, reason) => {
    const signing = { alg: 'RS256', kid: 'rsa', key: rsa.privateKey } as const
    const answer = await api.get('/api/v1/auth/me', forge(signing, { ...outside, ...claims }))
    expect([answer.status, errorOf(answer).message]).toEqual([401, expect.stringContaining(reason)])
  })

  test.each<[string, Signing]>([
    ['a key that is for secrecy, not for signatures', { alg: 'RS256', kid: 'for secrecy', key: rsa.privateKey }],
    ['a key of the other kind', { alg: 'RS256', kid: 'of no algorithm', key: rsa.privateKey }],
    ['a key that it shares', { alg: 'HS256', kid: 'shared', key: 'secret' }],
    ['its own public key as a secret', { alg: 'HS256', kid: 'ec', key: pemOf(ec.publicKey) }]
  ])('is not believed by %s', async (_name, signing) => {
    const answer = await api.get('/api/v1/auth/me', forge(signing, outside))
    expect([answer.status, errorOf(answer).code]).toEqual([401, 'NOT_AUTHENTICATED'])
  })

  test('is not believed when it claims to be us, nor under a key id that it does not publish', async () => {
    const asUs = forge({ alg: 'RS256', kid: 'rsa', key: rsa.privateKey }, { ...outside, iss: 'quotewire' })
    const unknownKey = forge({ alg: 'RS256', kid: 'nope', key: rsa.privateKey }, outside)
    for (const forged of [asUs, unknownKey]) expect((await api.get('/api/v1/auth/me', forged)).status).toBe(401)
  })
})
