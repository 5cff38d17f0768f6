import { expect, test } from 'vitest'
import { storesUnderTest } from './stores-under-test.ts'

const under = storesUnderTest()
let names = 0

async function newUser(plan?: 'standard' | 'pro') {
  return (await under.stores.users.createUser({ name: `user-${++names}`, plan }))!
}

test('a key works from its creation until it is revoked', async () => {
  const { keys } = under.stores
  const user = await newUser('pro')
  const { key, record } = await keys.createKey({ userId: user.id, scopes: ['market:read', 'admin:read'], label: 'CI' })

  expect(key).toMatch(/^qw_[A-Za-z0-9_-]{43}$/)
  expect(key.startsWith(record.prefix)).toBe(true)
  expect(await keys.findKey(key)).toStrictEqual({
    keyId: record.id,
    userId: user.id,
    name: user.name,
    plan: 'pro',
    scopes: ['market:read', 'admin:read'],
    expiresAt: Infinity
  })
  const revoked = await keys.revoke(record.id, new Date('2024-03-05T00:00:00Z'))
  expect(revoked?.revokedAt).toBe('2024-03-05T00:00:00.000Z')
  expect(await keys.findKey(key)).toBeUndefined()
  expect((await keys.revoke(record.id))?.revokedAt).toBe('2024-03-05T00:00:00.000Z')
})

test.each([
  ['', 'nothing'],
  ['qw_', 'a prefix'],
  [`qw_${'A'.repeat(43)}`, 'a guess'],
  [`qw_${'A'.repeat(10_000)}`, 'a very long text'],
  ["qw_' or 1=1 --", 'SQL']
])('%j is no key (%#: %s)', async (key) => {
  expect(await under.stores.keys.findKey(key)).toBeUndefined()
})

test('a disabled user is shut out with every key, and let in again when enabled', async () => {
  const { users, keys } = under.stores
  const user = await newUser()
  const { key } = await keys.createKey({ userId: user.id, scopes: ['market:read'] })
  expect((await users.update(user.id, { disabled: true }))?.disabled).toBe(true)
  expect(await keys.findKey(key)).toBeUndefined()
  await users.update(user.id, { disabled: false, plan: 'pro' })
  expect(await keys.findKey(key)).toMatchObject({ plan: 'pro' })
})

test('neither a key nor its hash can be read from the database or the lists', async () => {
  const { keys } = under.stores
  const user = await newUser()
  const { key, record } = await keys.createKey({ userId: user.id, scopes: ['market:read'] })
  expect(await keys.list({ userId: user.id, limit: 10 })).toStrictEqual([record])
  expect(Object.keys(record)).toEqual(['id', 'userId', 'prefix', 'scopes', 'createdAt'])

  const [row] = await under.database.sql<{ text: string }[]>`
    select api_keys::text as text from api_keys where id = ${record.id}`
  expect(row!.text).not.toContain(key.slice(record.prefix.length))
})

test('a key without scopes, or of nobody, is refused', async () => {
  const { keys } = under.stores
  const user = await newUser()
  await expect(keys.createKey({ userId: user.id, scopes: [] })).rejects.toThrow()
  const nobody = '00000000-0000-4000-8000-000000000000'
  await expect(keys.createKey({ userId: nobody, scopes: ['market:read'] })).rejects.toThrow()
  expect(await keys.list({ userId: user.id, limit: 10 })).toEqual([])
})

test('the last use of a key only moves forward', async () => {
  const { keys } = under.stores
  const user = await newUser()
  const { record } = await keys.createKey({ userId: user.id, scopes: ['market:read'] })
  await keys.touch(new Map([[record.id, Date.parse('2024-03-05T12:00:00Z')]]))
  await keys.touch(new Map([[record.id, Date.parse('2024-03-05T11:00:00Z')]]))
  expect((await keys.list({ userId: user.id, limit: 10 }))[0]?.lastUsedAt).toBe('2024-03-05T12:00:00.000Z')
})

test('a user name is given once', async () => {
  const { users } = under.stores
  const user = await newUser()
  expect(await users.createUser({ name: user.name, plan: 'pro' })).toBeUndefined()
  expect(await users.findByName(user.name)).toStrictEqual(user)
  expect(await users.find(user.id)).toStrictEqual(user)
  expect((await users.list(1000, '')).map(({ name }) => name)).toContain(user.name)
  expect(await users.update('00000000-0000-4000-8000-000000000000', { disabled: true })).toBeUndefined()
})

test.each(['USER', 'user.', 'user ', 'User . '])(
  '%j looks like the name of another user, and is not given',
  async (like) => {
    const { users } = under.stores
    const user = await newUser()
    const name = user.name.replace('user', like.trimEnd().replace(/[. ]+$/, '')) + like.slice(4)
    expect(name).not.toBe(user.name)
    expect(await users.createUser({ name })).toBeUndefined()
    expect(await users.findByName(name)).toStrictEqual(user)
  }
)

test('a user that is deleted takes its keys along, and may be made again', async () => {
  const { users, keys } = under.stores
  const user = await newUser()
  const { key } = await keys.createKey({ userId: user.id, scopes: ['market:read'] })
  expect(await users.remove(user.id)).toStrictEqual(user)
  expect(await keys.findKey(key)).toBeUndefined()
  expect(await keys.list({ userId: user.id, limit: 10 })).toEqual([])
  expect(await users.remove(user.id)).toBeUndefined()
  expect((await users.createUser({ name: user.name }))?.id).not.toBe(user.id)
})

test('a key tells when it ends', async () => {
  const { keys } = under.stores
  const user = await newUser()
  const expiresAt = '2031-03-05T00:00:00.000Z'
  const { key, record } = await keys.createKey({ userId: user.id, scopes: ['market:read'], expiresAt })
  expect(record.expiresAt).toBe(expiresAt)
  expect(await keys.findKey(key)).toMatchObject({ expiresAt: Date.parse(expiresAt) })
})

test('the audit log tells who did what, newest first, page by page', async () => {
  const { audit } = under.stores
  await audit.append({ actor: 'ada', action: 'user.create', target: 'bob', details: { plan: 'pro' } })
  await audit.append({ actor: 'ada', action: 'key.revoke' })
  const [latest] = await audit.list({ limit: 1 })
  expect(latest).toStrictEqual({ id: latest!.id, at: latest!.at, actor: 'ada', action: 'key.revoke' })
  expect(await audit.list({ limit: 5, before: latest!.id })).toMatchObject([
    { actor: 'ada', action: 'user.create', target: 'bob', details: { plan: 'pro' } }
  ])
})

test('calls are added up by day, provider, capability and outcome', async () => {
  const count = { provider: 'yahoo', day: '2024-03-05', capability: 'quotes', outcome: 'answered', calls: 2 }
  await under.stores.providerUsage.add([count, { ...count, outcome: 'unavailable' }])
  await Promise.all([1, 2, 3].map(() => under.stores.providerUsage.add([count])))
  expect(await under.stores.providerUsage.list('2024-03-05', '2024-03-05')).toStrictEqual([
    { ...count, calls: 8 },
    { ...count, outcome: 'unavailable' }
  ])
  expect(await under.stores.providerUsage.list('2024-03-06', '2024-03-31')).toEqual([])
})

test('what quality refused can be looked at, and goes when it is old', async () => {
  const { quarantine } = under.stores
  const entry = {
    provider: 'fmp',
    rule: 'unit-jump',
    severity: 'hard' as const,
    value: { price: 17_012, notes: ['x'] }
  }
  const old = { ...entry, symbol: 'OLD', at: '2024-03-01T00:00:00.000Z' }
  const recent = { ...entry, symbol: 'NEW', at: '2024-03-05T00:00:00.000Z' }
  await quarantine.insert([old, recent])
  expect(await quarantine.list({ limit: 10 })).toStrictEqual([recent, old])
  expect(await quarantine.list({ of: 'OLD', limit: 10 })).toStrictEqual([old])
  expect(await quarantine.deleteBefore(Date.parse('2024-03-04'))).toBe(1)
  expect(await quarantine.list({ limit: 10 })).toStrictEqual([recent])
})
