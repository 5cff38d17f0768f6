import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { DependencyChecks } from '../../src/market/dependency.ts'
import { startWorld, type Api, type ApiWorld } from '../support/api.ts'

type Health = {
  status: string
  ready: boolean
  dependencies: Record<string, { status: string }>
  providers: Record<string, { status: string; reason?: string; failingSince?: string; lastSuccessAt?: string }>
  data: Record<string, { status: string; failingSince?: string }>
}

let world: ApiWorld
let api: Api
let peer: Api
let token: string

beforeAll(async () => {
  world = await startWorld()
  ;[api, peer] = [await world.startApi(), await world.startApi()]
  token = (await api.login()).token
})
afterAll(() => world.close())

const healthOf = async (of: Api) => (await of.get('/api/health')).json() as Health
const ask = async (symbol: string) => (await api.get(`/api/v1/market/quote/${symbol}`, token)).status

test('a vendor is unknown until it was asked, failing from its first failure until it answers, in every process', async () => {
  expect(await healthOf(api)).toMatchObject({ status: 'ok', providers: { yahoo: { status: 'unknown' } } })
  api.vendor.isDown = true
  const before = Date.now()
  expect(await ask('AAPL')).toBe(503)
  const failing = await healthOf(api)
  expect(failing).toMatchObject({ status: 'degraded', ready: true, providers: { yahoo: { status: 'failing' } } })
  expect(failing.providers['yahoo']!.reason).toContain('unavailable')
  const since = failing.providers['yahoo']!.failingSince!
  expect(Date.parse(since)).toBeGreaterThanOrEqual(before)
  expect(failing.data['quote']).toMatchObject({ status: 'failing', failingSince: expect.any(String) as string })

  // Neither more failures nor an open breaker make it look new, or well.
  for (const symbol of ['MSFT', 'BRK.B', 'BTC-USD', 'AAPL']) await ask(symbol)
  expect((await healthOf(api)).providers['yahoo']).toMatchObject({ status: 'failing', failingSince: since })
  expect((await healthOf(peer)).providers['yahoo']).toMatchObject({ status: 'failing', failingSince: since })
  const told = (await api.get('/api/v1/market/providers', token)).json() as { providers: object[] }
  expect(told.providers[0]).toMatchObject({ name: 'yahoo', status: 'failing', failingSince: since })

  api.vendor.isDown = false
  await vi.waitFor(async () => expect(await ask('AAPL')).toBe(200), { timeout: 15_000, interval: 250 })
  for (const each of [api, peer]) {
    await vi.waitFor(async () => {
      const { status, providers } = await healthOf(each)
      expect([status, providers['yahoo']!.failingSince]).toEqual(['ok', undefined])
      expect(providers['yahoo']).toMatchObject({ status: 'up', lastSuccessAt: expect.any(String) as string })
    }, 10_000)
  }
  expect((await healthOf(api)).data['quote']).toMatchObject({ status: 'fresh' })
}, 40_000)

test('without Postgres it is degraded and ready, without Redis it is not ready', async () => {
  const checks = api.core.dependencies as Record<string, DependencyChecks[string]>
  const { postgres, redis } = checks
  checks['postgres'] = () => Promise.reject(new Error('away'))
  const degraded = await api.get('/api/health')
  expect(degraded.status).toBe(200)
  expect(degraded.json()).toMatchObject({
    status: 'degraded',
    ready: true,
    dependencies: { postgres: { status: 'down' } }
  })
  checks['redis'] = checks['postgres']
  const unready = await api.get('/api/health')
  expect(unready.status).toBe(503)
  expect(unready.json()).toMatchObject({ status: 'unavailable', ready: false, live: true })
  expect((await api.get('/api/health/live')).status).toBe(200)
  Object.assign(checks, { postgres, redis })
})
