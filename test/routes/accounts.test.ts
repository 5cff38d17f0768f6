import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { errorOf, startWorld, type Api, type ApiWorld } from '../support/api.ts'

let world: ApiWorld
let api: Api
let admin: { token: string; userId: string }

beforeAll(async () => {
  world = await startWorld()
  api = await world.startApi()
  admin = await api.login(['admin:read', 'admin:write'])
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

  test.each([
    ['a name that is taken', '/users', { name: 'taken' }, 'name'],
    ['no name', '/users', {}, 'name'],
    ['a plan there is none of', '/users', { name: 'a', plan: 'gold' }, 'plan'],
    ['no scope', '/users/ID/keys', { scopes: [] }, 'scopes'],
    ['a scope there is none of', '/users/ID/keys', { scopes: ['root'] }, 'scopes.0']
  ])('is told which field is wrong: %s', async (_name, url, payload, field) => {
    await post('/users', { name: 'taken' })
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

  test('who may only read changes nothing', async () => {
    const { token } = await api.login(['admin:read'])
    const answer = await post('/users', { name: 'intruder' }, token)
    expect(errorOf(answer)).toMatchObject({ code: 'NOT_AUTHORIZED', details: { missingScope: 'admin:write' } })
  })
})
