import { expect, test } from 'vitest'
import { errorOf } from '../support/api.ts'
import { inBrowser, looksRight, WIDE_LIGHT, type ConsoleUnderTest } from './console-under-test.ts'

const REFUSED = /status of 401/
const KEY_LIFE_MS = 4000
const HOUR_MS = 3_600_000

export function sessionTests(use: () => ConsoleUnderTest): void {
  const post = (payload: object, headers: Record<string, string> = { 'sec-fetch-site': 'same-origin' }) =>
    use().api.send({ method: 'POST', url: '/api/v1/auth/session', payload, headers })
  const linkOf = async (apiKey: string) => {
    const made = await use().api.send({ method: 'POST', url: '/api/v1/auth/sign-in-code' }, apiKey)
    return (made.json() as { path: string }).path
  }

  test('is a cookie that no script and no other site can use', async () => {
    const key = await use().key(['market:read'])
    const answer = await post({ apiKey: key })
    expect(answer.headers['set-cookie']).toMatch(
      /^quotewire_session=[\w.-]+; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Strict$/
    )
    expect(answer.json()).toMatchObject({ signedIn: true, scopes: ['market:read'] })
    // A page of the same name, whose connection is not encrypted, may be anybody's.
    const unencrypted = { 'sec-fetch-site': 'cross-site', origin: 'http://quotes.example', host: 'quotes.example' }
    for (const headers of [{ 'sec-fetch-site': 'cross-site' }, { origin: 'https://evil.example' }, {}, unencrypted])
      expect((await post({ apiKey: key }, headers as Record<string, string>)).status).toBe(403)
    const ofOlderBrowser = { origin: 'http://quotes.example', host: 'quotes.example' }
    expect((await post({ apiKey: key }, ofOlderBrowser)).status).toBe(200)
  })

  test('is replaced only by a page of its own, and ends where it is', async () => {
    const { api, key } = use()
    const held = await api.signIn(await key())
    const sameSite = { 'sec-fetch-site': 'same-origin', cookie: held.cookie }
    const other = { apiKey: await key() }
    expect(errorOf(await post(other, sameSite)).code).toBe('CSRF_TOKEN')
    expect((await api.get('/api/v1/auth/me', undefined, held)).status).toBe(200)
    expect((await post(other, { ...sameSite, ...held })).status).toBe(200)
    expect((await api.get('/api/v1/auth/me', undefined, held)).status).toBe(401)
    // What counts no longer stands in nobody's way.
    expect((await post(other, sameSite)).status).toBe(200)
  })

  test('reads what its key grants, and changes nothing without the token that only its page knows', async () => {
    const { api, key } = use()
    const { cookie, ...csrf } = await use().api.signIn(await key(['market:read']))
    expect((await api.get('/api/v1/market/quote/AAPL', undefined, { cookie })).status).toBe(200)
    expect((await api.get('/api/v1/admin/users', undefined, { cookie })).status).toBe(403)
    const search = (headers: Record<string, string>) =>
      api.send({ method: 'POST', url: '/api/v1/market/search', payload: { query: 'apple' }, headers })
    expect(errorOf(await search({ cookie })).code).toBe('CSRF_TOKEN')
    expect(errorOf(await search({ cookie, 'x-csrf-token': 'x'.repeat(43) })).code).toBe('CSRF_TOKEN')
    expect((await search({ cookie, ...csrf })).status).toBe(200)
  })

  test('counts only where no header says who one is, and is no token', async () => {
    const { api, key } = use()
    const { cookie } = await use().api.signIn(await key(['market:read']))
    expect((await api.get('/api/v1/auth/me', 'qw_wrong', { cookie })).status).toBe(401)
    const token = cookie.split('=')[1]!
    for (const text of [token, `session ${token}`])
      expect((await api.get('/api/v1/auth/me', undefined, { 'x-api-key': text })).status).toBe(401)
    const { token: ofApi } = await api.login(['market:read'])
    for (const path of ['/api/v1/auth/me', '/admin/queues/api/queues'])
      expect((await api.get(path, undefined, { cookie: `quotewire_session=${ofApi}` })).status).toBe(401)
  })

  test('ends in every process when its user signs out', async () => {
    const { api, world, sandbox, key } = use()
    const other = await world.startApi({ MARKET: 'sandbox', SANDBOX_URL: sandbox.url })
    const held = await use().api.signIn(await key())
    expect((await other.get('/api/v1/auth/me', undefined, held)).status).toBe(200)
    const signedOut = await api.send({ method: 'DELETE', url: '/api/v1/auth/session', headers: held })
    expect([signedOut.status, signedOut.headers['set-cookie']]).toEqual([204, expect.stringContaining('Max-Age=0')])
    await expect.poll(async () => (await other.get('/api/v1/auth/me', undefined, held)).status).toBe(401)
    const asked = await api.get('/api/v1/auth/session', undefined, held)
    expect(asked.json()).toMatchObject({ signedIn: false, reason: expect.stringContaining('revoked') })
  })

  test('follows its key: what the key lost it loses, with the key it ends', async () => {
    const { api } = use()
    const { userId, key } = await api.login(['market:read'])
    const held = await use().api.signIn(key)
    const { expiresAt } = (await api.get('/api/v1/auth/session', undefined, held)).json() as { expiresAt: string }
    expect(Date.parse(expiresAt) - Date.now()).toBeGreaterThan(11 * HOUR_MS)
    const [{ id } = { id: '' }] = await api.core.stores.keys.list({ userId, limit: 1 })
    await api.core.stores.keys.revoke(id)
    await api.app.revocations.revoke(`key:${id}`)
    expect((await api.get('/api/v1/auth/me', undefined, held)).status).toBe(401)
  })

  test('lasts while somebody looks, as long as its key does', async () => {
    const { api } = use()
    const { userId, key } = await api.login(['market:read'])
    const ending = await api.core.stores.keys.createKey({
      userId,
      scopes: ['market:read'],
      expiresAt: new Date(Date.now() + 3 * HOUR_MS).toISOString()
    })
    const hoursLeft = async (apiKey: string) => {
      const { cookie } = await api.signIn(apiKey)
      const { principal } = await api.app.sessions.open(cookie.split('=')[1]!, '')
      // An hour before it ends by itself.
      const { token } = api.app.tokens.issue({ ...principal, expiresAt: Date.now() + HOUR_MS }, 'console')
      const held = await api.get('/api/v1/auth/session', undefined, { cookie: `quotewire_session=${token}` })
      const renewed = String(held.headers['set-cookie']).split(';')[0]!
      const asked = await api.get('/api/v1/auth/session', undefined, { cookie: renewed })
      return Math.round((Date.parse((asked.json() as { expiresAt: string }).expiresAt) - Date.now()) / HOUR_MS)
    }
    expect([await hoursLeft(key), await hoursLeft(ending.key)]).toEqual([12, 3])
  })

  test('cannot be guessed at: wrong keys and wrong codes cost the same tries', async () => {
    const send = (payload: object) =>
      use().api.send({
        method: 'POST',
        url: '/api/v1/auth/session',
        payload,
        remoteAddress: '198.51.100.7',
        headers: { 'sec-fetch-site': 'same-origin' }
      })
    const statuses: number[] = []
    for (let tries = 0; tries < 7; tries++)
      for (const payload of [{ apiKey: 'x' }, { code: 'qs_x' }, { wrong: 1 }])
        statuses.push((await send(payload)).status)
    expect(statuses.filter((status) => status === 429)).toHaveLength(1)
    expect(new Set(statuses.slice(0, 20))).toEqual(new Set([401, 400]))
  })

  test('can be had from an office whose scripts use up the tries of the API, though not without end', async () => {
    const { api, key } = use()
    const remoteAddress = '198.51.100.9'
    const exchange = { method: 'POST', url: '/api/v1/auth/token', payload: { apiKey: 'x' }, remoteAddress } as const
    await expect.poll(async () => (await api.send(exchange)).status, { interval: 1 }).toBe(429)
    await api.app.rateLimiter.settle()
    const headers = { 'sec-fetch-site': 'same-origin' }
    const signIn = { method: 'POST', url: '/api/v1/auth/session', payload: { apiKey: await key() }, headers } as const
    const statuses: number[] = []
    for (let tries = 0; tries < 21; tries++) statuses.push((await api.send({ ...signIn, remoteAddress })).status)
    expect([statuses.filter((status) => status === 200).length, statuses.at(-1)]).toEqual([20, 429])
  })

  inBrowser('a wrong key is told so, a right one opens the console, and a way out ends it', async () => {
    const { visit, key } = use()
    const { page } = await visit('/', { scopes: [], expectedProblems: REFUSED })
    await page.getByLabel('API key').fill('wrong')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('alert').waitFor()
    await looksRight(page, 'sign-in')
    await page.getByLabel('API key').fill(await key())
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('navigation', { name: 'Pages' }).waitFor()
    expect(await page.evaluate('[...Object.values(localStorage), document.cookie].join().includes("qw_")')).toBe(false)
    await page.getByLabel(/^Signed in as/).click()
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByLabel('API key').waitFor()
  })

  inBrowser('one sign-in opens the queue board too, and a link of npm start signs in once', async () => {
    const { visit, key, url } = use()
    const path = await linkOf(await key())
    const { page } = await visit(path, { scopes: [], expectedProblems: REFUSED })
    await page.getByRole('button', { name: /^Sign in as/ }).click()
    await page.getByRole('navigation', { name: 'Pages' }).waitFor()
    expect(page.url()).toBe(`${url}/`)
    await page.goto(`${url}/admin/queues`)
    await page.getByText('maintenance').first().waitFor()

    const { page: later } = await visit(path, { scopes: [], expectedProblems: REFUSED })
    await later.getByText(/sign-in code is unknown, was used/).waitFor()
    await later.goto(`${url}/admin/queues`)
    await later.getByLabel('API key').fill(await key(['market:read']))
    await later.getByRole('button', { name: 'Sign in' }).click()
    await later.getByText(/takes a key with the scope admin:read/).waitFor()
  })

  inBrowser('a link that somebody else made signs nobody in before they agree', async () => {
    const { visit, api, key, url } = use()
    const path = await linkOf(await key(['market:read']))
    const { page } = await visit(path)
    const nameOf = async () => {
      const answer = await page.request.get(`${url}/api/v1/auth/session`)
      return ((await answer.json()) as { name: string }).name
    }
    const own = await nameOf()
    await page.getByText(`instead of as ${own}`).waitFor()
    await looksRight(page, 'sign-in-by-link', WIDE_LIGHT)
    await page.getByRole('button', { name: 'Do not sign in' }).click()
    await page.getByRole('heading', { name: 'Market overview' }).waitFor()
    expect(await nameOf()).toBe(own)

    await page.goto(`${url}/watchlist`)
    await page.goto(url + path)
    await page.getByRole('button', { name: /^Sign in as/ }).click()
    await page.getByRole('heading', { name: 'Market overview' }).waitFor()
    expect(await nameOf()).not.toBe(own)
    // Pages of other sites learn from no code whose it is.
    const payload = { code: 'qs_x' }
    const asked = { method: 'POST', url: '/api/v1/auth/sign-in-code/holder', payload } as const
    expect((await api.send({ ...asked, headers: { 'sec-fetch-site': 'cross-site' } })).status).toBe(403)
  })

  inBrowser('a key that ends while somebody looks brings the sign-in page too', async () => {
    const { visit, api } = use()
    const { userId } = await api.login()
    const expiresAt = new Date(Date.now() + KEY_LIFE_MS).toISOString()
    const scopes = ['market:read', 'stream:read']
    const { key } = await api.core.stores.keys.createKey({ userId, scopes, expiresAt })
    const { page } = await visit('/watchlist', { key, expectedProblems: REFUSED })
    await page.getByRole('table').waitFor()
    await page
      .getByRole('alert')
      .getByText(/expired|ended/)
      .waitFor()
  })

  inBrowser('a key that is revoked while somebody looks brings the sign-in page, with the reason', async () => {
    const { visit, api } = use()
    const { userId, key } = await api.login(['market:read', 'stream:read'])
    const { page } = await visit('/', { key, expectedProblems: REFUSED })
    await page.getByRole('heading', { name: 'Market overview' }).waitFor()
    const [{ id } = { id: '' }] = await api.core.stores.keys.list({ userId, limit: 1 })
    await api.core.stores.keys.revoke(id)
    await api.app.revocations.revoke(`key:${id}`)
    await page
      .getByRole('alert')
      .getByText(/revoked/)
      .waitFor()
  })
}
