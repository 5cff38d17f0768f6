import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createDatabase } from '../db/client.ts'
import { createStores } from '../db/stores.ts'
import { isReadyMessage } from '../src/embedded/child.ts'
import { PROVIDER_NAMES } from '../src/providers/provider.ts'
import { startSandbox } from '../src/sandbox/sandbox.ts'
import { SECRET } from './support/api.ts'
import { testDatabase, testRedis, type TestDatabase, type TestRedis } from './support/services.ts'
import { BARE_ENV } from './support/processes.ts'

let sandbox: Awaited<ReturnType<typeof startSandbox>>
let database: TestDatabase
let redis: TestRedis
let key: string

beforeAll(async () => {
  ;[sandbox, database, redis] = await Promise.all([startSandbox({ port: 0 }), testDatabase(), testRedis()])
  const client = createDatabase({ url: database.url })
  const { users, keys } = createStores(client)
  const user = await users.createUser({ name: 'tester' })
  key = (await keys.createKey({ userId: user!.id, scopes: ['market:read'] })).key
  await client.close()
})
afterAll(async () => {
  await sandbox.close()
  await database.close()
  await redis.close()
})

function startApi(env: Record<string, string>): ChildProcess {
  return spawn(process.execPath, ['src/server.ts'], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: { ...BARE_ENV, MARKET: 'sandbox', PORT: '0', LOG_LEVEL: 'warn', ...env }
  })
}

const services = () => ({
  SANDBOX_URL: sandbox.url,
  DATABASE_URL: database.url,
  REDIS_URL: redis.url,
  JWT_SECRET: SECRET
})

async function readyUrl(child: ChildProcess): Promise<string> {
  const [message] = (await once(child, 'message')) as [unknown]
  if (!isReadyMessage(message) || !message.url) throw new Error('not ready')
  return message.url
}

async function answersOf(url: string) {
  const post = { method: 'POST', headers: { 'content-type': 'application/json' } }
  const exchanged = await fetch(`${url}/api/v1/auth/token`, { ...post, body: JSON.stringify({ apiKey: key }) })
  const { token } = (await exchanged.json()) as { token: string }
  return (path: string) => fetch(`${url}/api/v1/market/${path}`, { headers: { authorization: `Bearer ${token}` } })
}

describe('the API process', () => {
  test('serves the market of all four vendors, labelled as the sandbox, and stops when it is told to', async () => {
    const api = startApi(services())
    const ask = await answersOf(await readyUrl(api))

    const quote = await ask('quote/AAPL')
    expect(await quote.json()).toMatchObject({ symbol: 'AAPL', provenance: { feed: 'sandbox', source: 'yahoo' } })
    const providers = (await (await ask('providers')).json()) as { providers: { enabled: boolean }[] }
    expect(providers.providers.map(({ enabled }) => enabled)).toEqual([true, true, true, true])
    for (const path of [
      'historical/AAPL?period=1mo',
      'profile/AAPL',
      'news/AAPL',
      'corporate-actions/AAPL',
      'fundamentals/AAPL'
    ]) {
      expect([path, (await ask(path)).status]).toEqual([path, 200])
    }
    const batch = (await (await ask('quotes?symbols=AAPL,MSFT,BRK-B,NOSUCHX')).json()) as { quotes: []; errors: [] }
    expect([batch.quotes.length, batch.errors.length]).toEqual([3, 1])

    api.kill('SIGTERM')
    expect(await once(api, 'exit')).toEqual([0, null])
  })

  test('that starts when every vendor is gone serves the last good value, labelled, and says 503 for the rest', async () => {
    const before = startApi(services())
    expect((await (await answersOf(await readyUrl(before)))('quote/MSFT')).status).toBe(200)
    before.kill('SIGTERM')
    await once(before, 'exit')
    await redis.redis.flushdb()

    for (const vendor of PROVIDER_NAMES) sandbox.scenario({ vendor, scenario: 'down' })
    const api = startApi(services())
    const ask = await answersOf(await readyUrl(api))
    const quote = await ask('quote/MSFT')
    expect(quote.status).toBe(200)
    expect(await quote.json()).toMatchObject({ symbol: 'MSFT', provenance: { state: 'stale' } })
    const never = await ask('quote/NVDA')
    expect(never.status).toBe(503)
    const { error } = (await never.json()) as { error: { details: { attempts: { provider: string }[] } } }
    expect(error.details.attempts.map(({ provider }) => provider)).toEqual(PROVIDER_NAMES)
    sandbox.endScenarios()

    api.disconnect() // its parent is gone
    expect(await once(api, 'exit')).toEqual([0, null])
  })

  test.each([
    ['no database', { DATABASE_URL: '' }, 'DATABASE_URL'],
    ['no secret', { JWT_SECRET: '' }, 'JWT_SECRET'],
    ['a Redis that is not there', { REDIS_URL: 'redis://127.0.0.1:1' }, 'REDIS_URL']
  ])('with %s does not start, and says which variable to set', async (_name, env, variable) => {
    const api = startApi({ ...services(), ...env })
    const [stderr, [code]] = await Promise.all([text(api.stderr!), once(api, 'exit')])
    expect(code).toBe(1)
    expect(stderr).toContain(variable)
    expect(stderr).not.toMatch(/\n\s+at /)
  })
})
