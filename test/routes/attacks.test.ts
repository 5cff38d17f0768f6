import { randomBytes } from 'node:crypto'
import type { InjectOptions } from 'fastify'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { errorOf, startWorld, type Answer, type Api, type ApiWorld } from '../support/api.ts'
import { documentOf, routesOf, type DocumentedRoute, type Schema } from './documented-routes.ts'

/**
 * Every route of the API's own document against everything that clients send by mistake or on purpose: a route is
 * attacked here as soon as it exists.
 */
const TEXTS = Object.values({
  unprintable: ['', ' ', '\0', '\n', 'A\r\nX-Evil: 1', '\u202eAAPL', '\ufeffAAPL'],
  lookalikes: ['ＡＡＰＬ', 'mſft', 'ıbm', '💩', 'A'.repeat(5000)],
  commands: ['../../etc/passwd', '..\\..\\', "'; drop table users; --", '${7*7}', '<script>alert(1)</script>'],
  names: ['__proto__', 'constructor', 'toString', 'null', 'undefined', 'true', '[]', '{}'],
  signs: ['*', ',', ',,,', ';', '#', '?', '&', '%00', '%2e%2e'],
  numbers: [
    '0',
    '-0',
    '-1',
    '1.5',
    '1e1',
    '1e9',
    '1e400',
    '-1e400',
    'NaN',
    'Infinity',
    '0x10',
    '٣',
    ' 5',
    '9'.repeat(20)
  ],
  years: ['0000-01-01', '0000-01-01T00:00:00Z', '9999-12-31', '9999-12-31T23:59:59Z', '275760-09-13', '-000001-01-01'],
  days: ['2024-02-30', '2024-02-30T10:00:00Z', '2023-02-29', '2024-13-01', '2024-01-31T24:00:00Z', 'now()'],
  instants: ['2016-12-31T23:59:60Z', '2024-01-01T00:00:00Z[Europe/Paris]', '2024-01-01T00:00:00+99:99', '1700000000']
}).flat()
/** Octets that no text is encoded in. */
const BAD_ENCODINGS = ['%', '%ZZ', '%FF', '%C0%AF', '%ED%A0%80', '%F5%80%80%80']
const BODIES = Object.values({
  none: ['', ' ', '\0', '\ufeff{}'],
  broken: ['{', '}', '{}{}', '{"a":}', "{'a':1}", 'NaN'],
  ofOtherTypes: ['null', 'true', '1', '"x"', '[]', '[{}]', '{"no-such":1}', '{"a":1,"a":2}'],
  poisoned: ['{"__proto__":{"admin":true}}', '{"constructor":{"prototype":{"admin":true}}}'],
  endless: ['['.repeat(30_000), '{"a":'.repeat(9000) + '1' + '}'.repeat(9000), `{"a":"${'x'.repeat(70_000)}"}`]
}).flat()
const VALUES: readonly unknown[] = Object.values({
  scalars: [null, true, false, 0, -1, 1.5, 1e300],
  texts: ['', ' ', 'a\0b', 'a\ud800', 'x'.repeat(5000), '__proto__'],
  lists: [[], [null], ['x'], [['x']], Array.from({ length: 5000 }, () => 'x')],
  objects: [{}, { a: 'b\0' }, { 'a\0': 1 }, { a: { b: {} } }]
}).flatMap((values): unknown[] => values)
const OTHER_HEADERS = [undefined, '', 'Basic dTpw', 'Bearer', 'Bearer  x', 'Bearer a.b.c', `Bearer ${'x'.repeat(9000)}`]
const CONTENT_TYPES = ['text/plain', 'application/xml', 'application/x-www-form-urlencoded', 'multipart/form-data', 'x']

let world: ApiWorld
let api: Api
let token: string
let routes: DocumentedRoute[]

beforeAll(async () => {
  world = await startWorld()
  const unlimited = { RATE_LIMIT_PER_MINUTE: '10000000', YAHOO_LIMITS: '1000000/minute' }
  api = await world.startApi({ ...unlimited, LOG_LEVEL: 'error' })
  token = (await api.login(['market:read', 'stream:read', 'admin:read', 'admin:write'])).token
  routes = routesOf(await documentOf(api))
})
afterAll(() => world.close())

type Attack = { method?: InjectOptions['method']; url: string; payload?: string; headers?: Record<string, string> }

/** Sends it from an address of its own: how often one address may try keys is tested elsewhere. */
async function attack(route: DocumentedRoute, request: Attack, bearer: string | null = token): Promise<Answer> {
  const remoteAddress = randomBytes(4).join('.')
  const answer = await api.send({ method: route.method, remoteAddress, ...request }, bearer ?? undefined)
  const { method = route.method, url, payload = '' } = request
  const what = `${method} ${url.slice(0, 200)} ${payload.slice(0, 100)}`
  expect(problemsOf(answer, route), `${what} -> ${answer.status} ${answer.body.slice(0, 300)}`).toEqual([])
  return answer
}

/** What is wrong with an answer, whatever was asked. */
function problemsOf(answer: Answer, { operation }: DocumentedRoute): string[] {
  const problems: string[] = []
  const { status, headers } = answer
  if (status === 500) problems.push('it failed')
  if (!operation.responses[status] && ![404, 405].includes(status)) problems.push('the document lacks this status')
  if (headers['x-content-type-options'] !== 'nosniff') problems.push('a browser may guess its type')
  if (status < 400) return problems
  const { code, message, details } = errorOf(answer)
  if (!/^[A-Z_]+$/.test(code) || message === '') problems.push('its error does not say what it is')
  if (code === 'INVALID_REQUEST' && typeof details?.['field'] !== 'string') problems.push('it names no field')
  if ([429, 503].includes(status) && !(Number(headers['retry-after']) >= 1)) problems.push('it has no Retry-After')
  if (headers['cache-control'] !== 'no-store') problems.push('a cache may keep it')
  return problems
}

const jsonOf = (route: DocumentedRoute, changes: object = {}) => JSON.stringify({ ...route.leastBody(), ...changes })
const json = { 'content-type': 'application/json' }
/** Whoever is known may, whatever his scopes are; the last two only as a session and by a key. */
const OPEN_TO_ALL = ['whoAmI', 'createTicket', 'signOut', 'createSignInCode']
/** A request that is right in everything but the address. */
const withBody = (route: DocumentedRoute) => (route.body ? { payload: jsonOf(route), headers: json } : {})

describe('every documented route', () => {
  test('is found here', () => {
    expect(routes.length).toBeGreaterThan(35)
    expect(routes.filter(({ body }) => body).length).toBeGreaterThan(4)
  })

  test('takes any address for what it is', async () => {
    for (const route of routes) {
      for (const { name } of route.pathParameters) {
        for (const text of [...TEXTS.map(encodeURIComponent), ...BAD_ENCODINGS]) {
          await attack(route, { url: route.url({ [name]: text }), ...withBody(route) })
        }
      }
      const url = route.url()
      for (const spelling of [`${url}/`, `${url}//`, url.replace('/api', '//api'), url.toUpperCase(), `${url};a=1`]) {
        await attack(route, { url: spelling, ...withBody(route) })
      }
    }
  })

  test('takes any parameter for what it is, and refuses those it does not know', async () => {
    for (const route of routes) {
      for (const { name } of route.queryParameters) {
        for (const text of [...TEXTS.map(encodeURIComponent), ...BAD_ENCODINGS]) {
          await attack(route, { url: route.url({}, { [name]: text }), ...withBody(route) })
        }
        for (const twice of [`${name}=1&${name}=2`, `${name}[]=1`, `${name}[a]=1`, `${name}.a=1`, name]) {
          const answer = await attack(route, { url: `${route.url().split('?')[0]}?${twice}`, ...withBody(route) })
          expect([twice, answer.status]).toEqual([twice, 400])
        }
      }
      if (!route.isGuarded) continue
      const unknown = await attack(route, { url: route.url({}, { 'no-such': '1' }), ...withBody(route) })
      expect(errorOf(unknown)).toMatchObject({ code: 'INVALID_REQUEST', details: { field: 'no-such' } })
    }
  })

  test('takes no body for what it is not', async () => {
    for (const route of routes) {
      const send = (payload: string, headers = json) => attack(route, { url: route.url(), payload, headers })
      if (!route.body) {
        // Nobody reads it; it must do no harm.
        if (route.method !== 'GET') for (const body of BODIES) await send(body)
        continue
      }
      for (const body of BODIES) expect([400, 413]).toContain((await send(body)).status)
      for (const type of CONTENT_TYPES) {
        expect([type, (await send(jsonOf(route), { 'content-type': type })).status]).toEqual([type, 415])
      }
      for (const [name, schema] of Object.entries(route.body.properties!)) {
        for (const value of VALUES) {
          const answer = await send(jsonOf(route, { [name]: value }))
          const taken = `${route.path} ${name}: ${JSON.stringify(value).slice(0, 40)}`
          // A value that is too long or too wide is refused before anybody looks at its type.
          if (!isOfType(value, schema)) expect([400, 413], taken).toContain(answer.status)
        }
      }
    }
  })

  test('says which methods it takes', async () => {
    for (const route of routes) {
      for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND'] as const) {
        if (routes.some((other) => other.path === route.path && other.method === method)) continue
        const answer = await attack(route, { method, url: route.url(), headers: json })
        // Where addresses of two routes meet, the other one may take it.
        if (answer.status !== 405) expect([400, 404]).toContain(answer.status)
        else expect(answer.headers['allow']).toContain(route.method)
      }
      if (route.method !== 'GET') continue
      const head = await api.send({ method: 'HEAD', url: route.url() }, token)
      const get = await api.get(route.url(), token)
      expect([route.path, head.status, head.body]).toEqual([route.path, get.status, ''])
    }
  })

  test('wants a token that is one, and that grants it', async () => {
    const { token: poor } = api.app.tokens.issue({
      userId: 'poor',
      name: 'poor',
      plan: 'standard',
      scopes: [],
      credential: 'key',
      issuedAt: Date.now(),
      expiresAt: Infinity
    })
    const [, claims] = token.split('.')
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const unsigned = `${part({ alg: 'none', typ: 'JWT' })}.${claims}.`
    for (const route of routes.filter(({ isGuarded }) => isGuarded)) {
      for (const authorization of [...OTHER_HEADERS, token, `Bearer ${token}x`, `Bearer ${unsigned}`]) {
        const headers: Record<string, string> = authorization === undefined ? {} : { authorization }
        const answer = await attack(route, { url: route.url(), headers }, null)
        expect([answer.status, errorOf(answer).code]).toEqual([401, 'NOT_AUTHENTICATED'])
        expect(answer.headers['www-authenticate']).toBe('Bearer')
      }
      const refused = await attack(route, { url: route.url(), ...withBody(route) }, poor)
      if (OPEN_TO_ALL.includes(route.operation.operationId)) continue
      expect(errorOf(refused)).toMatchObject({ code: 'NOT_AUTHORIZED', details: { missingScope: expect.any(String) } })
    }
  })

  test('whose answers may be kept sends them once, whatever a client says that it holds', async () => {
    for (const route of routes.filter(({ operation }) => operation.responses['304'])) {
      const request = { url: route.url(), ...withBody(route) }
      const first = await attack(route, request)
      if (first.status !== 200) continue
      const { etag } = first.headers
      expect([route.path, etag]).toEqual([route.path, expect.stringMatching(/^"[\w-]{10,}"$/)])
      const conditional = (held: string) =>
        attack(route, { ...request, headers: { ...request.headers, 'if-none-match': held } })
      for (const held of [etag!, `W/${etag}`, `"other", ${etag}`, '*']) {
        const answer = await conditional(held)
        expect([route.path, held, answer.status, answer.body]).toEqual([route.path, held, 304, ''])
        // A client that was sent compressed bytes holds the weak form.
        expect(answer.headers.etag).toBe(held.startsWith('W/') ? held : etag)
      }
      for (const held of ['', '"', ',,,', 'nonsense', etag!.slice(1, -1), etag!.slice(0, -1), 'x'.repeat(5000)]) {
        expect([route.path, held.slice(0, 40), (await conditional(held)).status]).toEqual([
          route.path,
          held.slice(0, 40),
          200
        ])
      }
    }
  })
})

function isOfType(value: unknown, { type, enum: allowed, properties }: Schema): boolean {
  if (allowed) return allowed.includes(value)
  if (type === 'integer') return Number.isInteger(value)
  if (type === 'array') return Array.isArray(value)
  if (type === 'object' || properties) return typeof value === 'object' && value !== null && !Array.isArray(value)
  return type === undefined || typeof value === type
}
