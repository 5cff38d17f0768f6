import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createContext, runInContext } from 'node:vm'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { freePort } from '../../src/embedded/server-process.ts'
import type { Quote } from '../../src/market/quote.ts'
import { errorOf, SECRET, startWorld, type Api, type ApiWorld } from '../support/api.ts'
import { quoteEvent } from '../support/events.ts'
import { LiveClient } from '../support/live-client.ts'

/** Of the process that the page of an example is connected to. */
const TOKEN_TTL_SECONDS = 3
const QUOTES = '/api/v1/market/ws/stock-quotes'
const MARKET = '/api/v1/market/ws/market-data'

let world: ApiWorld
let api: Api
let host: string
let token: string

beforeAll(async () => {
  world = await startWorld()
  api = await world.startApi()
  host = await listen(api)
  token = (await api.login(['market:read', 'stream:read', 'admin:read'])).token
})
afterAll(() => world.close())

async function listen({ app }: Api): Promise<string> {
  await app.listen({ host: '127.0.0.1', port: 0 })
  return `ws://127.0.0.1:${(app.server.address() as AddressInfo).port}`
}

const connect = (given = token, path = QUOTES, at = host) => new LiveClient(`${at}${path}?token=${given}`)
const priceOf = (client: LiveClient) =>
  (client.ofType('quote_update').at(-1)?.data['quote'] as Quote | undefined)?.price

describe('a dashboard', () => {
  test('gets a snapshot on subscribe with an answer per symbol, then every change', async () => {
    const client = connect()
    expect((await client.frame('welcome')).data).toMatchObject({ authenticated: true, encoding: 'json' })
    client.subscribe(['AAPL', 'msft', 'NOPE', '??'])
    expect((await client.frame('subscribed')).data).toMatchObject({
      type: 'stock_quotes',
      stream: 'quotes',
      accepted: [
        { symbol: 'AAPL', servedBy: 'nobody' },
        { symbol: 'MSFT', servedBy: 'nobody' }
      ],
      rejected: [
        { symbol: '??', code: 'INVALID_SYMBOL' },
        { symbol: 'NOPE', code: 'SYMBOL_NOT_FOUND' }
      ],
      count: 2
    })
    const snapshot = await client.frame('snapshot')
    expect(snapshot.data).toMatchObject({ quotes: [{ symbol: 'AAPL', price: 231.4 }, { symbol: 'MSFT' }] })
    await api.core.eventLog.append([quoteEvent('AAPL', 232)])
    await client.until(() => priceOf(client) === 232)
  })

  test('sees what a refresh brought, whichever process made it, and its wish drives the refresh', async () => {
    const other = await world.startApi()
    const client = connect()
    await client.frame('welcome')
    client.subscribe(['BRK.B'])
    await client.frame('snapshot')
    const followed = async () => [...(await other.core.wantedByUser()).values()].flatMap((topics) => [...topics])
    await expect.poll(followed).toContain('quotes:BRK.B')
    await other.core.marketData.refresh.quotes(['BRK.B'])
    await client.until(() => client.ofType('quote_update').some(({ data }) => data['symbol'] === 'BRK.B'))
    await client.leave()
    await expect.poll(followed).not.toContain('quotes:BRK.B')
  })

  test('follows the market-wide channels, and is told what has no value now', async () => {
    const client = connect(token, MARKET)
    await client.frame('welcome')
    const channels = ['indices', 'status', 'weather']
    client.send({ type: 'subscribe', id: 1, data: { type: 'market_data', channels } })
    expect(await client.frame('subscribed')).toMatchObject({
      id: 1,
      data: {
        accepted: [{ channel: 'indices' }, { channel: 'status', servedBy: 'calendar' }],
        rejected: [{ channel: 'weather' }]
      }
    })
    const [indices, status] = [await client.frame('snapshot'), await client.frame('snapshot', 1)]
    expect(indices.data).toMatchObject({ channel: 'indices', values: [], missing: [{ channel: 'indices' }] })
    expect(status.data['values']).toMatchObject([{ exchanges: expect.arrayContaining([]) as unknown }])
  })

  test('is sent elsewhere when a process goes down, and resumes there', async () => {
    const going = await world.startApi()
    const client = connect(token, QUOTES, await listen(going))
    await client.frame('welcome')
    client.subscribe(['AAPL'])
    const { cursor } = await client.frame('snapshot')
    await going.app.close()
    expect((await client.closing()).code).toBe(4001)
    await api.core.eventLog.append([quoteEvent('AAPL', 240)])
    const moved = connect()
    await moved.frame('welcome')
    moved.subscribe(['AAPL'], { since: cursor })
    await moved.frame('resumed')
    expect(priceOf(moved)).toBe(240)
  })
})

describe('a token', () => {
  test('is taken by header, by protocol, by query and by a first frame, on both addresses', async () => {
    for (const path of [QUOTES, MARKET]) {
      const url = host + path
      const byHeader = new LiveClient(url, [], { headers: { authorization: `Bearer ${token}` } })
      const byProtocol = new LiveClient(url, ['quotewire', `bearer.${token}`])
      const byFrame = new LiveClient(url)
      for (const client of [byHeader, byProtocol, connect(token, path)]) {
        expect((await client.frame('welcome')).data['authenticated']).toBe(true)
      }
      expect(byProtocol.socket.protocol).toBe('quotewire')
      expect((await byFrame.frame('welcome')).data).toMatchObject({ authenticated: false, authenticateWithinMs: 5000 })
      byFrame.subscribe(['AAPL'])
      expect((await byFrame.frame('error')).data['code']).toBe('NOT_AUTHENTICATED')
      byFrame.send({ type: 'auth', id: 'a', data: { token } })
      expect((await byFrame.frame('authenticated')).id).toBe('a')
      byFrame.subscribe(['AAPL'])
      await byFrame.frame('snapshot')
    }
  })

  test('that is wrong, lacks the scope or does not come in time ends the connection with its code', async () => {
    const wrong = connect('nonsense')
    expect((await wrong.frame('error')).data['code']).toBe('NOT_AUTHENTICATED')
    expect((await wrong.closing()).code).toBe(4500)
    const restOnly = connect((await api.login(['market:read'])).token)
    expect((await restOnly.frame('error')).data['code']).toBe('NOT_AUTHORIZED')
    expect((await restOnly.closing()).code).toBe(4504)
    const silent = new LiveClient(host + QUOTES)
    expect((await silent.closing()).code).toBe(4500)
    expect(silent.ofType('error')[0]!.data['code']).toBe('NOT_AUTHENTICATED')
  })

  test('that nobody can check now ends the connection, but not for good', async () => {
    const unreachable = `http://127.0.0.1:${await freePort()}/keys`
    const cut = await world.startApi({ JWKS_URL: unreachable, JWKS_ISSUER: 'https://issuer.test' })
    const [header, claims] = [{ alg: 'RS256', kid: 'theirs' }, { sub: 'ann' }].map((part) =>
      Buffer.from(JSON.stringify(part)).toString('base64url')
    )
    const client = connect(`${header}.${claims}.c2ln`, QUOTES, await listen(cut))
    expect((await client.frame('error')).data['code']).toBe('ISSUER_UNAVAILABLE')
    expect((await client.closing()).code).toBe(4005)
  })

  test('that expires ends the session, unless a new one renewed it in time', async () => {
    const brief = await world.startApi({ TOKEN_TTL_SECONDS: '3' })
    const at = await listen(brief)
    const user = await brief.login(['stream:read'])
    const [ends, renewed] = [connect(user.token, QUOTES, at), connect(user.token, QUOTES, at)]
    expect((await renewed.frame('notice')).data['code']).toBe('TOKEN_EXPIRES')
    renewed.send({ type: 'auth', data: { token: 'nonsense' } })
    expect((await renewed.frame('error')).data['code']).toBe('NOT_AUTHENTICATED')
    renewed.send({ type: 'auth', data: { token: (await api.login(['stream:read'])).token } })
    expect((await renewed.frame('error', 1)).data['code']).toBe('OTHER_USER')
    const fresh = await api.send({ method: 'POST', url: '/api/v1/auth/token', payload: { apiKey: user.key } })
    renewed.send({ type: 'auth', data: { token: (fresh.json() as { token: string }).token } })
    await renewed.frame('authenticated')
    expect((await ends.closing()).code).toBe(4003)
    expect(ends.ofType('error')[0]!.data['code']).toBe('TOKEN_EXPIRED')
    renewed.send({ type: 'ping' })
    await renewed.frame('pong')
  })

  test('that is revoked ends its sessions at once', async () => {
    const user = await api.login(['stream:read'])
    const client = connect(user.token)
    await client.frame('welcome')
    await api.app.revocations.revoke(`user:${user.userId}`)
    expect((await client.closing()).code).toBe(4500)
  })
})

describe('an operator', () => {
  test('sees connections, subscriptions, messages and lag, as JSON and for Prometheus', async () => {
    const client = connect()
    await client.frame('welcome')
    client.subscribe(['MSFT'])
    await client.frame('snapshot')
    await api.core.eventLog.append([quoteEvent('MSFT', 1)])
    await client.until(() => priceOf(client) === 1)
    const stats = (await api.get('/api/v1/market/ws/stats', token)).json()
    expect(stats).toMatchObject({
      topics: expect.arrayContaining([{ topic: 'quotes:MSFT', subscribers: 1 }]) as unknown
    })
    expect(stats).toMatchObject({ log: { connected: true }, lag: { count: expect.any(Number) as number } })
    expect((await api.get('/api/v1/market/ws/stats', (await api.login()).token)).status).toBe(403)
    const { body } = await api.get('/metrics')
    for (const line of [
      /^quotewire_ws_connections [1-9]/m,
      /^quotewire_ws_messages_total [1-9]/m,
      /^quotewire_ws_lag_seconds_bucket\{le="\+Inf"\} [1-9]/m,
      /^quotewire_ws_closed_total\{code="4500"\} [1-9]/m,
      /^quotewire_log_events_total\{result="appended"\} [1-9]/m
    ]) {
      expect(body).toMatch(line)
    }
  })

  test('reads the protocol as AsyncAPI 3, with every frame that was ever sent here', async () => {
    const document = (await api.get('/asyncapi.json')).json() as {
      asyncapi: string
      components: { messages: Record<string, { payload: { properties: { type: { const: string } } } }> }
    }
    expect(document.asyncapi).toBe('3.0.0')
    const types = Object.values(document.components.messages).map(({ payload }) => payload.properties.type.const)
    expect(types).toEqual(
      expect.arrayContaining(['subscribe', 'welcome', 'snapshot', 'gap', 'quote_update', 'market_status'])
    )
  })

  test('is told when a plain request meets a WebSocket address, and when the process is full', async () => {
    const plain = await api.get(QUOTES)
    expect(plain.status).toBe(426)
    expect(errorOf(plain).code).toBe('UPGRADE_REQUIRED')
    const h2c = await fetch(`${host.replace('ws', 'http')}/api/health/live`)
    expect(h2c.status).toBe(200)
    const small = await world.startApi({ WS_MAX_CONNECTIONS: '1' })
    const at = await listen(small)
    await connect(token, QUOTES, at).frame('welcome')
    const refused = connect(token, QUOTES, at)
    const status = new Promise((resolve) => {
      refused.socket.on('unexpected-response', (_request, response) => resolve(response.statusCode))
    })
    expect(await status).toBe(503)
  })
})

test('asking for symbols is paid for as over REST, so that nobody spends the vendors on names that do not exist', async () => {
  const limited = await world.startApi({ RATE_LIMIT_PER_MINUTE: '4' })
  const at = await listen(limited)
  const login = await limited.login(['market:read', 'stream:read'])
  const names = (prefix: string, count: number) => Array.from({ length: count }, (_, nth) => `${prefix}${nth}`)
  const client = connect(login.token, QUOTES, at)
  await client.frame('welcome')
  client.subscribe(['AAPL', ...names('X', 249)])
  expect((await client.frame('subscribed')).data['rejected']).toHaveLength(249)
  const asked = limited.vendor.asked.length
  client.send({ type: 'subscribe', id: 2, data: { type: 'stock_quotes', symbols: names('Y', 101) } })
  const refused = await client.frame('error')
  expect(refused).toMatchObject({ id: 2, data: { code: 'RATE_LIMITED', details: { limitPerMinute: 4 } } })
  expect(refused.data['details']).toHaveProperty('retryAfterSeconds')
  client.subscribe(['AAPL'])
  client.send({ type: 'subscribe', data: { type: 'market_data', channels: ['status'] } })
  await client.frame('subscribed', 2)
  expect(limited.vendor.asked.length).toBe(asked)
  expect((await limited.get('/api/v1/market/quote/AAPL', login.token)).status).toBe(200)
  expect((await limited.get('/api/v1/market/quote/AAPL', login.token)).status).toBe(429)
})

/** The API in a process of its own, on the services of this world. Its vendors cannot be reached. */
async function startProcess(port: string) {
  const env = {
    ...process.env,
    MARKET: 'live',
    YAHOO_BASE_URL: 'http://127.0.0.1:1',
    DATABASE_URL: world.databaseUrl,
    REDIS_URL: world.redisUrl,
    JWT_SECRET: SECRET,
    PORT: port,
    LOG_LEVEL: 'error'
  }
  const server = spawn(process.execPath, [...process.execArgv, 'src/server.ts'], {
    env,
    stdio: ['ignore', 'ignore', 'inherit', 'ipc']
  })
  onTestFinished(() => void server.kill('SIGKILL'))
  await once(server, 'message')
  return server
}

describe('docs/websocket.md', () => {
  const example = async (language: string) => {
    const text = await readFile(join(import.meta.dirname, '../../docs/websocket.md'), 'utf8')
    return new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``).exec(text)![1]!
  }

  test('has an example for Node whose quotes survive a killed server, each once', { timeout: 60_000 }, async () => {
    const port = String(await freePort())
    const { key } = await api.login(['stream:read'])
    // The process of the example reaches no vendor: what is known is in the database.
    expect((await api.get('/api/v1/market/quotes?symbols=AAPL,MSFT', token)).status).toBe(200)
    let server = await startProcess(port)
    const child = spawn(process.execPath, ['--input-type=module', '-e', await example('js node')], {
      env: { PATH: process.env.PATH, QUOTEWIRE_URL: `http://127.0.0.1:${port}`, QUOTEWIRE_KEY: key }
    })
    onTestFinished(() => void child.kill())
    let printed = ''
    child.stdout.on('data', (chunk) => (printed += chunk))
    child.stderr.on('data', (chunk) => (printed += chunk))
    const patiently = { timeout: 40_000, interval: 50 }
    await expect.poll(() => printed, patiently).toMatch(/AAPL [\d.]+\nMSFT [\d.]+/)
    const publish = (price: number) => api.core.eventLog.append([quoteEvent('AAPL', price)])
    await publish(771)
    await expect.poll(() => printed, patiently).toContain('AAPL 771')
    server.kill('SIGKILL')
    await publish(772)
    server = await startProcess(port)
    await publish(773)
    await expect.poll(() => printed, patiently).toContain('AAPL 773')
    for (const price of [771, 772, 773]) expect(printed.split(`AAPL ${price}`)).toHaveLength(2)
  })

  test('has an example for browsers that fills a table, past the end of its token', { timeout: 30_000 }, async () => {
    const brief = await world.startApi({ TOKEN_TTL_SECONDS: String(TOKEN_TTL_SECONDS) })
    const at = await listen(brief)
    const { key: apiKey } = await brief.login(['stream:read', 'market:read'])
    const newToken = async () => {
      const answer = await brief.send({ method: 'POST', url: '/api/v1/auth/token', payload: { apiKey } })
      return new Response((answer.json() as { token: string }).token)
    }
    const [, script] = /<script>([\s\S]*)<\/script>/.exec(await example('html browser'))!
    const rows: { textContent: string }[] = []
    const insertRow = () => rows[rows.push({ textContent: '' }) - 1]
    const sockets: WebSocket[] = []
    class RememberedWebSocket extends WebSocket {
      constructor(url: string, protocols: string[]) {
        super(url, protocols)
        sockets.push(this)
      }
    }
    const page = {
      WebSocket: RememberedWebSocket,
      URLSearchParams,
      setTimeout,
      fetch: newToken,
      location: { hash: `#tokenUrl=/token&host=${at}` },
      document: { getElementById: () => ({ insertRow }) },
      console
    }
    runInContext(script!, createContext(page))
    onTestFinished(() => sockets.forEach((socket) => socket.close()))
    await expect.poll(() => rows[0]?.textContent).toMatch(/^AAPL/)
    const shownAt = Date.now()
    await expect.poll(() => Date.now() - shownAt).toBeGreaterThan(2 * TOKEN_TTL_SECONDS * 1000)
    expect(sockets).toHaveLength(1)
    await api.core.eventLog.append([quoteEvent('AAPL', 888)])
    await expect.poll(() => rows[0]!.textContent).toBe('AAPL 888')
  })
})
