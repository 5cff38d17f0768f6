import fastify from 'fastify'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { loadConfig } from '../../src/config/config.ts'
import { createDataFreshness } from '../../src/market/data-freshness.ts'
import { gate } from '../../src/auth/gate.ts'
import { pressure } from '../../src/plugins/pressure.ts'
import { resources } from '../../src/plugins/resources.ts'
import { tokens } from '../../src/auth/tokens.ts'
import { SECRET, startWorld, type Api, type ApiWorld } from '../support/api.ts'

let world: ApiWorld
let api: Api

beforeAll(async () => {
  world = await startWorld()
  api = await world.startApi()
})
afterAll(() => world.close())

test('a route that does not say whom it admits stops the start, wherever it is registered', async () => {
  const config = loadConfig({ MARKET: 'live', JWT_SECRET: SECRET })
  const log = pino({ level: 'silent' })
  const app = fastify()
  await app.register(resources, { ...api.core, config, log, freshness: createDataFreshness() })
  await app.register(pressure, { config })
  await app.register(tokens, { config })
  await app.register(gate, { config, redis: api.core.redis, log })
  const forgotten = async (scope: { get: typeof app.get }) => void scope.get('/forgotten', () => 'secret')
  await expect(app.register(forgotten, { prefix: '/admin' })).rejects.toThrow('/admin/forgotten does not say whom')
  await app.close().catch(() => undefined)
})

test('nothing that answers is registered before the gate', () => {
  const [, , ...plugins] = api.app.printPlugins().split('\n')
  const placeOf = (name: string) => plugins.findIndex((line) => line.includes(`${name} `) || line.includes(`${name}-`))
  expect(placeOf('gate')).toBeGreaterThan(0)
  for (const name of ['openapi', 'console', 'adminPages', 'live'])
    expect(placeOf(name)).toBeGreaterThan(placeOf('gate'))
})

test('pages bind nobody to TLS: that is for the proxy that ends it', async () => {
  for (const path of [
    '/docs/',
    '/openapi.json',
    '/admin/login',
    '/watchlist',
    '/asyncapi.json',
    '/api/health/live',
    '/nothing'
  ]) {
    const { headers } = await api.get(path)
    expect([path, headers['strict-transport-security'], headers['x-content-type-options']]).toEqual([
      path,
      undefined,
      'nosniff'
    ])
  }
})
