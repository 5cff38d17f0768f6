import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { SignJWT } from 'jose'
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { createOutsideIssuer } from '../../src/auth/outside-issuer.ts'

const SECOND = 1000
const HOUR = 3600 * SECOND
const ISSUER = 'https://login.example'

type Pair = { kid: string; jwk: object; privateKey: KeyObject }

const pairOf = (kid: string): Pair => {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return { kid, jwk: { ...publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'ES256' }, privateKey }
}
const tokenOf = ({ kid, privateKey }: Pair, claims: { iat?: number; exp?: number } = {}) =>
  new SignJWT({ sub: '42' })
    .setProtectedHeader({ alg: 'ES256', kid })
    .setIssuer(ISSUER)
    .setAudience('quotewire')
    .setIssuedAt(claims.iat)
    .setExpirationTime(claims.exp ?? '1m')
    .sign(privateKey)
const send = (...keys: unknown[]): RequestListener => {
  return (_request, response) => void response.end(JSON.stringify({ keys }))
}
const later = (ms: number) => vi.setSystemTime(Date.now() + ms)

beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'] }))
afterEach(() => void vi.useRealTimers())

/** An issuer that answers as it is told to. */
async function issuer() {
  const seen = { asked: 0, answer: send() }
  const server = createServer((request, response) => {
    seen.asked++
    seen.answer(request, response)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const jwksUrl = `http://127.0.0.1:${port}/keys?of=desk`
  const outside = createOutsideIssuer({ jwksUrl, issuer: ISSUER, audience: 'quotewire', maxTokenLifeSeconds: 3600 })
  return Object.assign(seen, {
    outside,
    believes: async (pair: Pair) => (await outside.verify(await tokenOf(pair))).sub === '42'
  })
}

test('a token lives an hour at most where an hour is the most, however late its end is', async () => {
  const pair = pairOf('long')
  const desk = await issuer()
  desk.answer = send(pair.jwk)
  const iat = Math.floor(Date.now() / 1000)
  const inHundredYears = iat + 3_153_600_000
  const token = await tokenOf(pair, { iat, exp: inHundredYears })
  expect(await desk.outside.verify(token)).toMatchObject({ sub: '42' })
  later(HOUR + 10 * SECOND)
  await expect(desk.outside.verify(token)).rejects.toMatchObject({ reason: 'expired', message: /older than/ })
  const ahead = await tokenOf(pair, { iat: iat + 2 * 3600 })
  await expect(desk.outside.verify(ahead)).rejects.toMatchObject({ message: 'The token was issued in the future' })
})

const UNKNOWN_KEY = { code: 'NOT_AUTHENTICATED', message: 'The token is not signed by a key that is trusted here' }
const UNAVAILABLE = { code: 'ISSUER_UNAVAILABLE', statusCode: 503, retryAfterSeconds: 5 }

test('a key that is rotated in is found at once, and one that is rotated out counts no longer than a minute', async () => {
  const [former, next, last] = [pairOf('former'), pairOf('next'), pairOf('last')]
  const desk = await issuer()
  desk.answer = send(former.jwk)
  expect(await desk.believes(former)).toBe(true)

  desk.answer = send(next.jwk)
  later(4 * SECOND)
  expect(await desk.believes(next)).toBe(true)
  await expect(desk.believes(former)).rejects.toMatchObject(UNKNOWN_KEY)
  expect(desk.asked).toBe(2)

  desk.answer = send(last.jwk)
  later(61 * SECOND)
  await desk.believes(next)
  await expect.poll(() => desk.believes(next).catch((error: unknown) => error)).toMatchObject(UNKNOWN_KEY)
  expect(desk.asked).toBe(3)
})

test('a thousand tokens at once, forged or not, are one question to the issuer', async () => {
  const good = pairOf('good')
  const forged = pairOf('forged')
  const desk = await issuer()
  desk.answer = send(good.jwk)
  const seen = await Promise.allSettled(
    Array.from({ length: 1000 }, (_, index) => desk.believes(index % 2 ? good : { ...forged, kid: `forged${index}` }))
  )
  expect(seen.filter(({ status }) => status === 'fulfilled')).toHaveLength(500)
  for (let index = 0; index < 100; index++) {
    await expect(desk.believes({ ...forged, kid: `again ${index}` })).rejects.toMatchObject(UNKNOWN_KEY)
  }
  expect(desk.asked).toBe(1)
})

test('forged tokens make no flood at an issuer that is down', async () => {
  const forged = pairOf('forged')
  const desk = await issuer()
  desk.answer = (_request, response) => void response.writeHead(503).end()
  for (let index = 0; index < 50; index++) await expect(desk.believes(forged)).rejects.toMatchObject(UNAVAILABLE)
  expect(desk.asked).toBe(1)
  later(4 * SECOND)
  desk.answer = send(forged.jwk)
  expect(await desk.believes(forged)).toBe(true)
})

test.each<[string, (good: Pair) => unknown[]]>([
  ['of another kind', () => [{ kty: 'oct', k: 'c2VjcmV0', kid: 'odd', alg: 'HS256' }]],
  ['that is for secrecy', ({ jwk }) => [{ ...jwk, kid: 'odd', use: 'enc' }]],
  ['that is for another algorithm', ({ jwk }) => [{ ...jwk, kid: 'odd', alg: 'ES384' }]],
  ['on another curve', ({ jwk }) => [{ ...jwk, kid: 'odd', crv: 'P-384' }]],
  ['that stands there twice', ({ jwk }) => [0, 1].map(() => ({ ...jwk, kid: 'odd' }))],
  ['that is none', () => [{}, { kid: 'odd' }, { kid: 7, kty: null }]]
])('a key %s verifies nothing, and harms none of the others', async (_name, odd) => {
  const good = pairOf('good')
  const desk = await issuer()
  desk.answer = send(...odd(good), good.jwk)
  await expect(desk.believes({ ...good, kid: 'odd' })).rejects.toMatchObject({ code: 'NOT_AUTHENTICATED' })
  expect(await desk.believes(good)).toBe(true)
})

test.each<[string, (jwk: object) => object]>([
  ['without its point', (jwk) => ({ ...jwk, x: undefined })],
  ['with a point that is not on the curve', (jwk) => ({ ...jwk, x: 'AAAA' })],
  ['that is the private one', (jwk) => ({ ...jwk, d: 'AAAA' })]
])('a key %s is a failure of the issuer, not of the client', async (_name, spoil) => {
  const good = pairOf('good')
  const desk = await issuer()
  desk.answer = send({ ...spoil(good.jwk), kid: 'spoilt' }, good.jwk)
  await expect(desk.believes({ ...good, kid: 'spoilt' })).rejects.toMatchObject(UNAVAILABLE)
  expect(await desk.believes(good)).toBe(true)
})

test.each<[string, RequestListener]>([
  ['is down', (request) => void request.socket.destroy()],
  ['fails', (_request, response) => void response.writeHead(500).end('{"keys":[]}')],
  ['sends HTML', (_request, response) => void response.end('<html>')],
  ['sends something else', (_request, response) => void response.end('{"keys":"none"}')],
  ['sends without end', (_request, response) => void response.write(' '.repeat(300_000))],
  [
    'sends somewhere else',
    (_request, response) => void response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end()
  ],
  ['does not answer', () => undefined],
  ['stops in the middle', (_request, response) => void response.write('{"keys":[')]
])(
  'while the issuer %s its keys stay good for hours, and unknown ones are 503 instead of a hanging request',
  async (_name, answer) => {
    const [held, unknown] = [pairOf('held'), pairOf('unknown')]
    const desk = await issuer()
    desk.answer = send(held.jwk)
    await desk.believes(held)
    desk.answer = answer
    later(5 * HOUR)
    expect(await desk.believes(held)).toBe(true)
    await expect(desk.believes(unknown)).rejects.toMatchObject(UNAVAILABLE)
    expect(await desk.believes(held)).toBe(true)

    later(2 * HOUR)
    await expect(desk.believes(unknown)).rejects.toMatchObject(UNAVAILABLE)
    await expect(desk.believes(held)).rejects.toMatchObject(UNAVAILABLE)
  }
)

test('an endless key set is cut off, not read until the time is over', async () => {
  const desk = await issuer()
  const cutOff = Promise.withResolvers<void>()
  desk.answer = (_request, response) => {
    response.on('close', cutOff.resolve)
    const more = () => void (response.write(' '.repeat(64 * 1024)) ? setImmediate(more) : response.once('drain', more))
    more()
  }
  await expect(desk.believes(pairOf('any'))).rejects.toMatchObject({ cause: { cause: { message: /262144 bytes/ } } })
  await cutOff.promise
})
