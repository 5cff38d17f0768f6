import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { createOutsideKeys } from '../../src/plugins/outside-keys.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

const jwkOf = (kid: string) => {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return { ...publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'ES256' }
}
const send = (...keys: unknown[]): RequestListener => {
  return (_request, response) => void response.end(JSON.stringify({ keys }))
}

/** An issuer that answers as it is told to, seen at times that the test makes up. */
async function issuer() {
  const seen = { asked: 0, answer: send(), time: 1_800_000_000_000 }
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
  const keys = createOutsideKeys(`http://127.0.0.1:${port}/keys?of=desk`, () => seen.time)
  return Object.assign(seen, { find: (kid: string) => keys.publicKey('ES256', kid) })
}

test('a key that is rotated in is found at once, and one that is rotated out within a minute', async () => {
  const desk = await issuer()
  desk.answer = send(jwkOf('old'))
  expect(await desk.find('old')).toContain('BEGIN PUBLIC KEY')
  desk.answer = send(jwkOf('new'))
  desk.time += 4000
  expect(await desk.find('new')).toContain('BEGIN PUBLIC KEY')
  expect(await desk.find('old')).toBeUndefined()
  expect(desk.asked).toBe(2)
})

test('a thousand tokens at once, forged or not, are one question to the issuer', async () => {
  const desk = await issuer()
  desk.answer = send(jwkOf('good'))
  const found = await Promise.all(
    Array.from({ length: 1000 }, (_, index) => desk.find(index % 2 ? 'good' : `forged${index}`))
  )
  expect(found.filter((pem) => pem !== undefined)).toHaveLength(500)
  for (let index = 0; index < 100; index++) await desk.find(`forged again ${index}`)
  expect(desk.asked).toBe(1)
})

test.each<[string, RequestListener]>([
  ['is down', (request) => void request.socket.destroy()],
  ['fails', (_request, response) => void response.writeHead(500).end('{"keys":[]}')],
  ['sends HTML', (_request, response) => void response.end('<html>')],
  ['sends something else', (_request, response) => void response.end('{"keys":"none"}')],
  ['sends without end', (_request, response) => void response.write('['.repeat(300_000))],
  [
    'sends somewhere else',
    (_request, response) => void response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end()
  ],
  ['does not answer', () => undefined]
])(
  'while the issuer %s its keys stay good for hours, and unknown ones are 503 instead of a hanging request',
  async (_name, answer) => {
    const desk = await issuer()
    desk.answer = send(jwkOf('held'))
    await desk.find('held')
    desk.answer = answer
    desk.time += 5 * HOUR
    expect(await desk.find('held')).toContain('BEGIN PUBLIC KEY')
    await expect(desk.find('unknown')).rejects.toMatchObject({
      code: 'ISSUER_UNAVAILABLE',
      statusCode: 503,
      retryAfterSeconds: 5
    })
    expect(await desk.find('held')).toContain('BEGIN PUBLIC KEY')

    desk.time += 2 * HOUR
    await expect(desk.find('unknown')).rejects.toMatchObject({ code: 'ISSUER_UNAVAILABLE' })
    await expect(desk.find('held')).rejects.toMatchObject({ code: 'ISSUER_UNAVAILABLE' })
  }
)
