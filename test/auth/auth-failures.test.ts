import { afterAll, beforeAll, expect, test } from 'vitest'
import { NotAuthenticated } from '../../src/errors.ts'
import { AuthFailures } from '../../src/auth/auth-failures.ts'
import { startWorld, type Api, type ApiWorld } from '../support/api.ts'

let world: ApiWorld
let api: Api

beforeAll(async () => {
  world = await startWorld()
  api = await world.startApi()
})
afterAll(() => world.close())

test('a wrong key leaves a line with its address, why and its first characters, and is counted by why', async () => {
  const remoteAddress = '203.0.113.77'
  const key = `qw_secret${'A'.repeat(37)}`
  const send = (headers: Record<string, string>) =>
    api.send({ method: 'GET', url: '/api/v1/market/quote/AAPL', headers, remoteAddress })
  for (let tries = 0; tries < 5; tries++) await send({ 'x-api-key': key })
  await send({ authorization: 'Basic dTpw' })
  await api.send({ method: 'POST', url: '/api/v1/auth/token', payload: { apiKey: key }, remoteAddress: '203.0.113.78' })

  const lines = api.logged.filter(({ msg }) => msg === 'authentication failed')
  expect(lines).toMatchObject([
    { reason: 'unknown_key', address: '203.0.113.77', keyPrefix: 'qw_secret', unlogged: 0 },
    { reason: 'scheme', address: '203.0.113.77', unlogged: 4 },
    { reason: 'unknown_key', address: '203.0.113.78', unlogged: 0 }
  ])
  expect(JSON.stringify(api.logged)).not.toContain('AAAA')
  const metrics = await api.core.metrics.render()
  expect(metrics).toContain('quotewire_auth_failures_total{reason="unknown_key"} 6')
  expect(metrics).toContain('quotewire_auth_failures_total{reason="scheme"} 1')
})

test('what holds no key at all is a wrong one too: counted, logged once, and refused when its address tried too often', async () => {
  api.logged.length = 0
  const malformed = async () => Number(/reason="malformed"} (\d+)/.exec(await api.core.metrics.render())?.[1] ?? 0)
  const before = await malformed()
  const at = await api.app.listen({ host: '127.0.0.1', port: 0 })
  const bodies = [
    ['application/json', '{'],
    ['text/xml', '<apiKey/>'],
    ['application/json', JSON.stringify({ apiKey: 'x'.repeat(100_000) })]
  ] as const
  const statuses: number[] = []
  while (statuses.length < 100 && statuses.at(-1) !== 429) {
    const [type, body] = bodies[statuses.length % bodies.length]!
    const headers = { 'content-type': type, 'sec-fetch-site': 'same-origin' }
    statuses.push((await fetch(`${at}/api/v1/auth/session`, { method: 'POST', headers, body })).status)
  }
  expect(statuses).toHaveLength(21)
  expect(new Set(statuses)).toEqual(new Set([400, 415, 413, 429]))
  expect((await malformed()) - before).toBe(20)
  const lines = api.logged.filter(({ msg }) => msg === 'authentication failed')
  expect(lines).toMatchObject([
    { reason: 'malformed', address: '127.0.0.1' },
    { reason: 'too_many_tries', unlogged: 19 }
  ])
  await fetch(`${at}/api/v1/auth/token`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{' })
  expect((await malformed()) - before).toBe(21)
})

test('whoever guesses from many addresses fills no disk: twenty lines a minute, and the rest is counted', () => {
  const lines: { unlogged: number }[] = []
  let counted = 0
  let time = 1_000_000
  const failures = new AuthFailures({
    log: { warn: (line: { unlogged: number }) => void lines.push(line) },
    metrics: { authFailed: () => void counted++ },
    now: () => time
  })
  const error = new NotAuthenticated('unknown_key', 'unknown')
  for (let at = 0; at < 1000; at++) failures.note(error, `198.51.${at >> 8}.${at & 255}`)
  expect([lines.length, counted]).toEqual([20, 1000])
  time += 61_000
  failures.note(error, '198.51.100.1')
  expect(lines.at(-1)).toMatchObject({ unlogged: 980 })
  failures.note(new Error('Postgres is away'), '198.51.100.2')
  expect(counted).toBe(1001)
})
