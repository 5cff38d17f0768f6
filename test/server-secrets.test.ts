import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { createDatabase } from '../db/client.ts'
import { createStores } from '../db/stores.ts'
import { isReadyMessage } from '../src/embedded/child.ts'
import { testDatabase, testRedis } from './support/services.ts'
import { BARE_ENV } from './support/processes.ts'

const VENDOR_KEYS = {
  FINANCIAL_MODELING_PREP_API_KEY: 'fmp-0123456789-secret',
  ALPHA_VANTAGE_API_KEY: 'alpha-0123456789-secret',
  TIINGO_API_KEY: 'tiingo-0123456789-secret'
}
const BASE_URLS = ['YAHOO_BASE_URL', 'FMP_BASE_URL', 'ALPHA_VANTAGE_BASE_URL', 'TIINGO_BASE_URL']
const JWT_SECRET = 'jwt-0123456789-secret-0123456789-secret'

/** Vendors that repeat all that they were sent, as their error pages do, in ever other ways. */
async function talkativeVendors(): Promise<string> {
  let asked = 0
  const server = createServer((request, response) => {
    const heard = `${request.url} ${JSON.stringify(request.headers)}`
    const ways = [
      () => response.writeHead(403).end(JSON.stringify({ 'Error Message': `Invalid API KEY: ${heard}` })),
      () => response.writeHead(500, { 'content-type': 'text/html' }).end(`<html>${heard}</html>`),
      () => response.end(JSON.stringify({ Information: `Our limit is 25 requests a day; we saw ${heard}` })),
      () => response.writeHead(302, { location: `/again?${heard.replaceAll(/[^\w=&?-]/g, '')}` }).end(),
      () => response.end(heard),
      () => request.socket.destroy()
    ]
    ways[asked++ % ways.length]!()
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function urlOf(child: ChildProcess): Promise<string> {
  const [message] = (await once(child, 'message')) as [unknown]
  if (!isReadyMessage(message) || !message.url) throw new Error('not ready')
  return message.url
}

test('no secret leaves the server: not in its log at its most talkative, not in an answer, not in its metrics', async () => {
  const [database, redis, vendors] = await Promise.all([testDatabase(), testRedis(), talkativeVendors()])
  onTestFinished(async () => {
    await database.close()
    await redis.close()
  })
  const client = createDatabase({ url: database.url })
  const { users, keys } = createStores(client)
  const user = await users.createUser({ name: 'tester' })
  const scopes = ['market:read', 'admin:read', 'admin:write']
  const { key } = await keys.createKey({ userId: user!.id, scopes })
  await client.close()

  const api = spawn(process.execPath, ['src/server.ts'], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: {
      ...BARE_ENV,
      MARKET: 'live',
      PORT: '0',
      LOG_LEVEL: 'trace',
      LOG_SAMPLE_EVERY: '1',
      DATABASE_URL: database.url,
      REDIS_URL: redis.url,
      JWT_SECRET,
      ...VENDOR_KEYS,
      ...Object.fromEntries(BASE_URLS.map((name) => [name, vendors]))
    }
  })
  onTestFinished(() => void api.kill('SIGKILL'))
  let told = ''
  for (const output of [api.stdout, api.stderr]) output!.on('data', (chunk) => (told += chunk))
  const url = await urlOf(api)

  const json = { 'content-type': 'application/json' }
  const exchanged = await fetch(`${url}/api/v1/auth/token`, {
    method: 'POST',
    headers: json,
    body: JSON.stringify({ apiKey: key })
  })
  const { token } = (await exchanged.json()) as { token: string }
  const ask = async (path: string, init: RequestInit = {}) => {
    const headers = new Headers(init.headers)
    if (!headers.has('authorization')) headers.set('authorization', `Bearer ${token}`)
    const body = await (await fetch(`${url}${path}`, { ...init, headers })).text()
    told += body
  }
  for (const symbol of ['AAPL', 'MSFT', 'BRK.B']) {
    for (const resource of ['quote', 'historical', 'profile', 'news', 'fundamentals', 'options', 'explain']) {
      await ask(`/api/v1/market/${resource}/${symbol}`)
    }
  }
  for (const path of ['overview', 'indices', 'sectors', 'movers', 'providers', 'cache/stats', 'jobs/status']) {
    await ask(`/api/v1/market/${path}`)
  }
  await ask('/api/v1/market/search', { method: 'POST', headers: json, body: '{"query":"apple"}' })
  await ask(`/api/v1/market/ws/market-data?token=${token}`)
  await ask(`/api/v1/market/quote/AAPL?token=${token}`)
  const byKey = { headers: { authorization: `Bearer ${key}` } }
  await ask('/api/v1/auth/me', byKey)
  await ask('/api/v1/auth/me', { headers: { authorization: 'Bearer wrong', 'x-api-key': key } })
  await ask(`/api/v1/market/ws/market-data?token=${key}`, byKey)
  await ask('/api/v1/auth/ticket', { method: 'POST', ...byKey })
  await ask('/api/v1/auth/token', { method: 'POST', headers: json, body: JSON.stringify({ apiKey: `${key}x`, key }) })
  await ask('/api/v1/auth/me', { headers: { authorization: `Bearer ${token}x` } })
  await ask('/api/v1/admin/keys')
  await ask('/api/v1/admin/audit')
  await ask('/api/health')
  await ask('/metrics')
  const fromPage = { ...json, origin: url }
  await ask('/api/v1/auth/session', { method: 'POST', headers: fromPage, body: JSON.stringify({ apiKey: key }) })
  await ask('/api/v1/auth/sign-in-code', { method: 'POST', ...byKey })
  api.kill('SIGTERM')
  expect(await once(api, 'exit')).toEqual([0, null])

  expect(told.split('\n').length).toBeGreaterThan(50)
  expect(told.match(/"msg":"request"/g)?.length).toBeGreaterThan(30)
  const secrets = { ...VENDOR_KEYS, JWT_SECRET, key, token, signature: token.split('.')[2]!, database: database.url }
  const leaked = Object.entries(secrets).filter(([, secret]) => told.includes(secret))
  expect(leaked.map(([name]) => name)).toEqual([])
})
