import { existsSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { errorOf, startWorld, type Api, type ApiWorld } from '../support/api.ts'

const CHROMIUM = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium'
const ORIGIN = { 'sec-fetch-site': 'same-origin', accept: 'text/html' }

let world: ApiWorld
let api: Api

beforeAll(async () => {
  world = await startWorld()
  api = await world.startApi()
})
afterAll(() => world.close())

const get = (url: string, headers: Record<string, string> = {}) =>
  api.get(url, undefined, { accept: 'text/html', ...headers })

function signIn(apiKey: string, headers: Record<string, string> = ORIGIN) {
  const payload = new URLSearchParams({ apiKey }).toString()
  const type = { 'content-type': 'application/x-www-form-urlencoded' }
  return api.send({ method: 'POST', url: '/admin/login', payload, headers: { ...type, ...headers } })
}

async function cookieFor(scopes: Parameters<Api['login']>[0]): Promise<string> {
  const { key } = await api.login(scopes)
  return String((await signIn(key)).headers['set-cookie']).split(';')[0]!
}

describe('signing in', () => {
  test('without a cookie a browser is sent to the login, and a script is told', async () => {
    expect(await get('/admin/queues')).toMatchObject({ status: 303, headers: { location: '/admin/login' } })
    expect((await api.get('/admin/queues/api/queues')).status).toBe(401)
    expect((await get('/admin/queues', { cookie: 'quotewire_admin=abc.def.ghi' })).status).toBe(303)
  })

  test("an administrator's key becomes a cookie that no script and no other site can use", async () => {
    const { key } = await api.login(['admin:read'])
    const answer = await signIn(key)
    expect(answer).toMatchObject({ status: 303, headers: { location: '/admin/queues' } })
    expect(answer.headers['set-cookie']).toMatch(
      /^quotewire_admin=[\w.-]+; Path=\/admin; Max-Age=\d+; HttpOnly; SameSite=Strict$/
    )
  })

  test('another key, a wrong key and another site get no cookie', async () => {
    const { key: reader } = await api.login(['market:read'])
    const { key } = await api.login(['admin:read'])
    const answers = await Promise.all([
      signIn(reader),
      signIn('qw_wrong"><script>'),
      signIn(key, { 'sec-fetch-site': 'cross-site', accept: 'text/html' }),
      signIn(key, { origin: 'https://evil.example', accept: 'text/html' })
    ])
    expect(answers.map(({ status }) => status)).toEqual([403, 401, 403, 403])
    for (const { headers, body } of answers) {
      expect(headers['set-cookie']).toBeUndefined()
      expect(body).not.toContain('qw_wrong')
      expect(headers['content-security-policy']).toContain("frame-ancestors 'none'")
    }
  })
})

describe('what no login page sends', () => {
  const form = { 'content-type': 'application/x-www-form-urlencoded' }

  test.each([
    ['from a page that has no origin', { ...form, origin: 'null' }, 'apiKey=x', 403, 'NOT_AUTHORIZED'],
    ['from an origin that is none', { ...form, origin: '//' }, 'apiKey=x', 403, 'NOT_AUTHORIZED'],
    ['from nowhere', form, 'apiKey=x', 403, 'NOT_AUTHORIZED'],
    ['without a key', { ...form, ...ORIGIN }, '', 401, 'NOT_AUTHENTICATED'],
    ['that is no text', { ...form, ...ORIGIN }, 'apiKey=%00&apiKey=%ZZ&apiKey[]=1', 401, 'NOT_AUTHENTICATED'],
    ['of 10,000 characters', { ...form, ...ORIGIN }, `apiKey=${'x'.repeat(10_000)}`, 413, 'BODY_TOO_LARGE'],
    ['as XML', { 'content-type': 'text/xml', ...ORIGIN }, '<apiKey/>', 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['as broken JSON', { 'content-type': 'application/json', ...ORIGIN }, '{', 400, 'MALFORMED_JSON']
  ])('%s is refused for what it is: to a browser on a page, to a script in the one body', async (...given) => {
    const [, headers, payload, status, code] = given
    const send = (accept: string) => {
      const remoteAddress = `192.0.2.${1 + Math.floor(Math.random() * 250)}`
      return api.send({ method: 'POST', url: '/admin/login', payload, remoteAddress, headers: { ...headers, accept } })
    }
    const toScript = await send('application/json')
    expect([toScript.status, errorOf(toScript).code]).toEqual([status, code])
    const toBrowser = await send('text/html')
    expect([toBrowser.status, toBrowser.headers['content-type']]).toEqual([status, 'text/html'])
    expect(toBrowser.body).toContain('role="alert"')
    expect(api.logged.filter(({ level }) => Number(level) >= 50)).toEqual([])
  })

  test('again and again is refused until the minute is over', async () => {
    const guess = () =>
      api.send({
        method: 'POST',
        url: '/admin/login',
        payload: 'apiKey=x',
        remoteAddress: '198.51.100.7',
        headers: { ...form, 'sec-fetch-site': 'same-origin' }
      })
    const statuses: number[] = []
    let answer = await guess()
    for (; answer.status === 401; answer = await guess()) statuses.push(answer.status)
    expect([answer.status, errorOf(answer).code]).toEqual([429, 'RATE_LIMITED'])
    expect(Number(answer.headers['retry-after'])).toBeGreaterThanOrEqual(1)
    expect(statuses).toHaveLength(20)
  })
})

test('a key that is right, but not for these pages, cannot be tried without end either', async () => {
  const { key } = await api.login(['market:read'])
  const headers = { 'content-type': 'application/x-www-form-urlencoded', ...ORIGIN }
  const remoteAddress = '198.51.100.11'
  const login = { method: 'POST', url: '/admin/login', payload: `apiKey=${key}`, headers, remoteAddress } as const
  const statuses = new Set<number>()
  for (let tries = 0; tries < 40; tries++) statuses.add((await api.send(login)).status)
  expect([...statuses]).toEqual([403, 429])
})

test("an office whose scripts use up the API's share of keys tried still signs in here", async () => {
  const remoteAddress = '198.51.100.9'
  const exchange = { method: 'POST', url: '/api/v1/auth/token', payload: { apiKey: 'x' }, remoteAddress } as const
  await expect.poll(async () => (await api.send(exchange)).status, { interval: 1, timeout: 10_000 }).toBe(429)
  await api.app.rateLimiter.settle()
  const headers = { 'content-type': 'application/x-www-form-urlencoded', ...ORIGIN }
  const { key } = await api.login(['admin:read'])
  const login = { method: 'POST', url: '/admin/login', payload: `apiKey=${key}`, headers, remoteAddress } as const
  expect((await api.send(login)).status).toBe(303)
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

  test('signing out ends the cookie in every process, and both are in the audit log', async () => {
    const other = await world.startApi()
    const { key } = await api.login(['market:read', 'admin:read'])
    const cookie = String((await signIn(key)).headers['set-cookie']).split(';')[0]!
    const me = (await api.get('/api/v1/auth/me', key)).json() as { name: string }
    expect((await other.get('/admin/queues', undefined, { cookie })).status).toBe(200)
    const signOut = { method: 'POST', url: '/admin/logout', headers: { cookie, ...ORIGIN } } as const
    const answer = await api.send(signOut)
    expect(answer).toMatchObject({ status: 303, headers: { location: '/admin/login' } })
    expect(answer.headers['set-cookie']).toContain('Max-Age=0')
    expect((await get('/admin/queues', { cookie })).status).toBe(303)
    await expect.poll(async () => (await other.get('/admin/queues', undefined, { cookie })).status).toBe(401)
    expect(await api.core.stores.audit.list({ limit: 2 })).toMatchObject([
      { action: 'admin-pages.sign-out', actor: me.name },
      { action: 'admin-pages.sign-in', actor: me.name }
    ])
    expect((await api.send(signOut)).status).toBe(303)
  })

  test('and the API take nothing of each other: no cookie as a token, no token and no key as a cookie', async () => {
    const { key, token } = await api.login(['market:read', 'admin:read', 'admin:write'])
    const cookie = String((await signIn(key)).headers['set-cookie']).split(';')[0]!
    const ofCookie = cookie.split('=')[1]!
    for (const path of ['/api/v1/auth/me', '/api/v1/market/quote/AAPL', '/api/v1/admin/users']) {
      expect((await api.get(path, ofCookie)).status).toBe(401)
    }
    const { scopes } = JSON.parse(Buffer.from(ofCookie.split('.')[1]!, 'base64url').toString()) as { scopes: string[] }
    expect(scopes).toEqual(['admin:read', 'admin:write'])
    for (const credential of [token, key]) {
      expect((await get('/admin/queues', { cookie: `quotewire_admin=${credential}` })).status).toBe(303)
    }
  })

  test('a revoked key opens it no longer', async () => {
    const { key, userId } = await api.login(['admin:read'])
    const cookie = String((await signIn(key)).headers['set-cookie']).split(';')[0]!
    expect((await get('/admin/queues', { cookie })).status).toBe(200)
    await api.app.revocations.revoke(`user:${userId}`)
    expect((await get('/admin/queues', { cookie })).status).toBe(303)
  })
})

describe('in a browser', () => {
  test.skipIf(!existsSync(CHROMIUM))(
    `an administrator signs in, sees the queues, and signs out (needs ${CHROMIUM})`,
    async () => {
      const { chromium } = await import('playwright-core')
      const { key } = await api.login(['admin:read', 'admin:write'])
      await api.app.listen({ host: '127.0.0.1', port: 0 })
      const url = `http://127.0.0.1:${(api.app.server.address() as AddressInfo).port}`
      const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] })
      try {
        const page = await browser.newPage()
        const failures: string[] = []
        page.on('pageerror', ({ message }) => failures.push(message))
        await page.goto(`${url}/admin/queues`)
        await page.getByLabel('API key').fill('wrong')
        await page.getByRole('button', { name: 'Sign in' }).click()
        await page.getByRole('alert').waitFor()
        await page.getByLabel('API key').fill(key)
        await page.getByRole('button', { name: 'Sign in' }).click()
        await page.getByText('maintenance').first().waitFor()
        await page.goto(`${url}/admin/logout`)
        await page.getByRole('button', { name: 'Sign out' }).click()
        await page.getByLabel('API key').waitFor()
        await page.goto(`${url}/admin/queues`)
        await page.getByLabel('API key').waitFor()
        expect(failures).toEqual([])
      } finally {
        await browser.close()
      }
    }
  )
})
