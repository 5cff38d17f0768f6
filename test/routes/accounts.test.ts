import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { errorOf, startWorld, type Api, type ApiWorld } from '../support/api.ts'

let world: ApiWorld
let api: Api
let admin: { token: string; userId: string }

beforeAll(async () => {
  world = await startWorld()
  api = await world.startApi()
  admin = await api.login(['market:read', 'admin:read', 'admin:write'])
})
afterAll(() => world.close())

const post = (url: string, payload: object, token = admin.token) =>
  api.send({ method: 'POST', url: `/api/v1/admin${url}`, payload }, token)

describe('an administrator', () => {
  test('makes a user and a key that works, sees it once, and leaves a trace of it', async () => {
    const user = (await post('/users', { name: 'Research desk', plan: 'pro' })).json() as { id: string }
    const created = await post(`/users/${user.id}/keys`, { scopes: ['market:read'], label: 'notebook' })
    expect(created.status).toBe(201)
    const { key, id } = created.json() as { key: string; id: string }

    const token = await api.send({ method: 'POST', url: '/api/v1/auth/token', payload: { apiKey: key } })
    const me = await api.get('/api/v1/auth/me', (token.json() as { token: string }).token)
    expect(me.json()).toMatchObject({ name: 'Research desk', plan: 'pro', scopes: ['market:read'], keyId: id })

    const listed = await api.get('/api/v1/admin/keys', admin.token)
    expect(listed.body).toContain(id)
    expect(listed.body).not.toContain(key)
    expect((await api.get('/api/v1/admin/users', admin.token)).body).toContain('Research desk')

    const audit = await api.get('/api/v1/admin/audit?limit=2', admin.token)
    expect(audit.json()).toMatchObject({
      entries: [
        { action: 'key.create', target: id, details: { label: 'notebook' } },
        { action: 'user.create', target: user.id, details: { plan: 'pro' } }
      ]
    })
    expect(audit.body).not.toContain(key)
  })

  test('cuts a feed of the live market only where the server allows it, and leaves a trace of it', async () => {
    const drill = { feed: 'alpaca', how: 'down', seconds: 30 }
    const refused = await post('/feed-drills', drill)
    expect([refused.status, errorOf(refused).code]).toEqual([403, 'DRILLS_NOT_ALLOWED'])
    const allowing = await world.startApi({ ALLOW_FEED_DRILLS: 'true' })
    const send = (method: 'POST' | 'DELETE', url: string, payload?: object) =>
      allowing.send({ method, url: `/api/v1/admin/feed-drills${url}`, ...(payload && { payload }) }, admin.token)
    expect((await send('POST', '', drill)).status).toBe(201)
    expect(await api.core.feedDrills.of('alpaca')).toBe('down')
    expect((await send('DELETE', '/alpaca')).status).toBe(200)
    expect(await api.core.feedDrills.of('alpaca')).toBeUndefined()
    expect((await send('DELETE', '/alpaca')).status).toBe(404)
    expect(errorOf(await send('POST', '', { ...drill, seconds: 3600 }))).toMatchObject({
      details: { field: 'seconds' }
    })
    expect(await api.core.stores.audit.list({ limit: 2 })).toMatchObject([
      { action: 'feed-drill.end', target: 'alpaca' },
      { action: 'feed-drill.begin', details: drill }
    ])
  })

  test.each([
    ['a name that ends in a dot', '/users', { name: 'taken.' }, 'name'],
    [
      'an end that is over',
      '/users/ID/keys',
      { scopes: ['market:read'], expiresAt: '2020-01-01T00:00:00Z' },
      'expiresAt'
    ],
    ['an end that is none', '/users/ID/keys', { scopes: ['market:read'], expiresAt: '30d' }, 'expiresAt'],
    ['no name', '/users', {}, 'name'],
    ['a plan there is none of', '/users', { name: 'a', plan: 'gold' }, 'plan'],
    ['no scope', '/users/ID/keys', { scopes: [] }, 'scopes'],
    ['a scope there is none of', '/users/ID/keys', { scopes: ['root'] }, 'scopes.0']
  ])('is told which field is wrong: %s', async (_name, url, payload, field) => {
    const answer = await post(url.replace('ID', admin.userId), payload)
    expect(answer.status).toBe(400)
    expect(errorOf(answer)).toMatchObject({ code: 'INVALID_REQUEST', details: { field } })
  })

  test('is told when there is no such user or key, or the id is none', async () => {
    const nobody = '00000000-0000-4000-8000-000000000000'
    expect((await post(`/users/${nobody}/keys`, { scopes: ['market:read'] })).status).toBe(404)
    const revoked = await api.send({ method: 'DELETE', url: `/api/v1/admin/keys/${nobody}` }, admin.token)
    expect(errorOf(revoked).code).toBe('NOT_FOUND')
    const odd = await api.send({ method: 'DELETE', url: '/api/v1/admin/keys/1%20or%201' }, admin.token)
    expect(errorOf(odd)).toMatchObject({ code: 'INVALID_REQUEST', details: { field: 'id' } })
  })

  test.each(['taken', 'TAKEN', 'Taken'])('is told that the name %s is taken', async (name) => {
    await post('/users', { name: 'taken' })
    const answer = await post('/users', { name })
    expect([answer.status, errorOf(answer)]).toMatchObject([409, { code: 'NAME_TAKEN', details: { field: 'name' } }])
  })

  test('makes a key that ends, and sees when in the list', async () => {
    const expiresAt = new Date(Date.now() + 86_400_000).toISOString()
    const created = await post(`/users/${admin.userId}/keys`, { scopes: ['market:read'], expiresAt })
    const { key, id } = created.json() as { key: string; id: string }
    expect(created.json()).toMatchObject({ expiresAt })
    const { keys } = (await api.get('/api/v1/admin/keys', admin.token)).json() as { keys: { id: string }[] }
    expect(keys.find((each) => each.id === id)).toMatchObject({ expiresAt })
    expect((await api.get('/api/v1/auth/me', key)).json()).toMatchObject({ credential: 'key', expiresAt })
  })

  test('makes no key that grants more than its own', async () => {
    const { key, userId } = await api.login(['admin:write'])
    const answer = await post(`/users/${userId}/keys`, { scopes: ['admin:write', 'market:read'] }, key)
    expect([answer.status, errorOf(answer)]).toMatchObject([403, { details: { missingScope: 'market:read' } }])
    expect((await post(`/users/${userId}/keys`, { scopes: ['admin:write'] }, key)).status).toBe(201)
  })

  test('deletes a user: keys and tokens end at once in every process, and the audit log keeps the name', async () => {
    const other = await world.startApi()
    const victim = await api.login()
    const { name } = (await api.get('/api/v1/auth/me', victim.key)).json() as { name: string }
    for (const credential of [victim.key, victim.token]) {
      expect((await other.get('/api/v1/auth/me', credential)).status).toBe(200)
    }
    const remove = (id: string, by = admin.token) =>
      api.send({ method: 'DELETE', url: `/api/v1/admin/users/${id}` }, by)
    expect((await remove(victim.userId)).json()).toMatchObject({ id: victim.userId, name })
    for (const credential of [victim.key, victim.token]) {
      expect((await api.get('/api/v1/auth/me', credential)).status).toBe(401)
      await expect.poll(async () => (await other.get('/api/v1/auth/me', credential)).status).toBe(401)
    }
    const [entry] = await api.core.stores.audit.list({ limit: 1 })
    expect(entry).toMatchObject({ action: 'user.delete', target: victim.userId, details: { name } })
    expect(errorOf(await remove(victim.userId)).code).toBe('NOT_FOUND')
    const own = await remove(admin.userId)
    expect([own.status, errorOf(own).code]).toEqual([409, 'OWN_USER'])
  })

  test('who may only read changes nothing', async () => {
    const { token } = await api.login(['admin:read'])
    const answer = await post('/users', { name: 'intruder' }, token)
    expect(errorOf(answer)).toMatchObject({ code: 'NOT_AUTHORIZED', details: { missingScope: 'admin:write' } })
  })
})
