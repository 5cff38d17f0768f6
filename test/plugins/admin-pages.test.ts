import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { errorOf, startWorld, type Api, type ApiWorld } from '../support/api.ts'

let world: ApiWorld
let api: Api

beforeAll(async () => {
  world = await startWorld()
  api = await world.startApi()
})
afterAll(() => world.close())

const get = (url: string, headers: Record<string, string> = {}) =>
  api.get(url, undefined, { accept: 'text/html', ...headers })

const cookieFor = async (scopes: Parameters<Api['login']>[0]) =>
  (await api.signIn((await api.login(scopes)).key)).cookie

test('without a session a browser is sent to the sign-in page, and a script is told', async () => {
  const signIn = { status: 303, headers: { location: '/sign-in?next=/admin/queues' } }
  expect(await get('/admin/queues')).toMatchObject(signIn)
  expect((await api.get('/admin/queues/api/queues')).status).toBe(401)
  expect(await get('/admin/queues', { cookie: 'quotewire_session=abc.def.ghi' })).toMatchObject(signIn)
  expect((await get('/admin/login')).headers.location).toBe('/admin/queues')
})

test('a session without admin:read is asked for another key, and its scripts are refused', async () => {
  const cookie = await cookieFor(['market:read'])
  const answer = await get('/admin/queues', { cookie })
  expect(answer).toMatchObject({ status: 303, headers: { location: '/sign-in?next=/admin/queues&refused' } })
  const refusal = await api.get('/admin/queues/api/queues', undefined, { cookie })
  expect([refusal.status, errorOf(refusal).code]).toEqual([403, 'NOT_AUTHORIZED'])
})

describe('the board', () => {
  test('admin:read sees the queues and changes nothing; admin:write does, in the audit log', async () => {
    const reader = await cookieFor(['admin:read'])
    const writer = await cookieFor(['admin:read', 'admin:write'])
    expect((await get('/admin/queues', { cookie: reader })).body).toContain('Quotewire')
    const listed = (await get('/admin/queues/api/queues', { cookie: reader })).json() as { queues: { name: string }[] }
    expect(listed.queues.map(({ name }) => name)).toEqual(['live', 'market', 'maintenance'])

    const pause = (cookie: string, headers: Record<string, string> = { 'sec-fetch-site': 'same-origin' }) =>
      api.send({ method: 'PUT', url: '/admin/queues/api/queues/market/pause', headers: { cookie, ...headers } })
    expect((await pause(reader)).status).toBe(403)
    expect((await pause(writer, {})).status).toBe(403)
    expect((await pause(writer)).status).toBe(200)
    expect(await api.core.queues.queues.market.isPaused()).toBe(true)
    const [entry] = await api.core.stores.audit.list({ limit: 1 })
    expect(entry).toMatchObject({ action: 'queue-board', target: 'PUT /api/queues/market/pause' })
    await api.core.jobs.resume('market')
  })

  test('takes no token and no key as a cookie', async () => {
    const { key, token } = await api.login(['admin:read'])
    for (const credential of [token, key])
      expect((await get('/admin/queues', { cookie: `quotewire_session=${credential}` })).status).toBe(303)
  })

  test('a revoked key opens it no longer', async () => {
    const { key, userId } = await api.login(['admin:read'])
    const { cookie } = await api.signIn(key)
    expect((await get('/admin/queues', { cookie })).status).toBe(200)
    await api.app.revocations.revoke(`user:${userId}`)
    expect((await get('/admin/queues', { cookie })).status).toBe(303)
  })
})
