import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createConnection, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import { pino } from 'pino'
import { Carrier } from '../../src/demand/carrier.ts'
import { startWorld, type Api, type ApiWorld } from '../support/api.ts'
import { quoteEvent, tradeEvent } from '../support/events.ts'
import { connect, connectionOf, ended, refusalOf, type Told } from '../support/socket-io-client.ts'

const SOCKET_IO = { SOCKET_IO: 'true' }
const OPEN_TO_ALL = { ...SOCKET_IO, SOCKET_IO_ANONYMOUS: 'true', TRUST_PROXY: 'true' }

/** Long before it, the buffers of any kernel are full. */
const MAX_ROUNDS = 1200

let world: ApiWorld
let api: Api
let url: string
let openApi: Api
let open: string
let token: string

beforeAll(async () => {
  world = await startWorld()
  api = await world.startApi(SOCKET_IO)
  url = await listen(api)
  openApi = await world.startApi(OPEN_TO_ALL)
  open = await listen(openApi)
  token = (await api.login(['market:read', 'stream:read'])).token
})
afterAll(() => world.close())

async function listen({ app }: Api): Promise<string> {
  await app.listen({ host: '127.0.0.1', port: 0 })
  return `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`
}

const withToken = (given: unknown = token) => ({ transports: ['websocket'], auth: { token: given } })

describe('a client written for another server', () => {
  test('gets priceUpdate in /stocks: what is known at once, then every change, until it unsubscribes', async () => {
    const { socket, all, until } = connect(`${open}/stocks`, { transports: ['websocket'] })
    socket.emit('subscribe', { symbols: ['AAPL', 'MSFT'] })
    expect(await until('priceUpdate', ({ symbol }) => symbol === 'AAPL')).toMatchObject({
      price: expect.any(Number) as number,
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT/) as string
    })
    const change = { change: 2.15, changePercent: 1.24, volume: 45_623_100 }
    await api.core.eventLog.append([quoteEvent('AAPL', 175.23, change)])
    const update = await until('priceUpdate', ({ price }) => price === 175.23)
    expect(update).toEqual({ symbol: 'AAPL', price: 175.23, ...change, timestamp: expect.any(String) as string })

    socket.emit('unsubscribe', { symbols: ['aapl'] })
    await socket.emitWithAck('unsubscribe', { symbols: ['NFLX'] })
    await api.core.eventLog.append([quoteEvent('AAPL', 176), quoteEvent('MSFT', 500)])
    await until('priceUpdate', ({ price }) => price === 500)
    expect(all('priceUpdate').some(({ price }) => price === 176)).toBe(false)
  })

  test('that begins by long polling, as browsers do, gets the same', async () => {
    const { socket, until } = connect(`${open}/stocks`)
    const upgraded = new Promise((resolve) => socket.io.engine.once('upgrade', resolve))
    socket.emit('subscribe', { symbols: ['MSFT'] })
    await Promise.all([until('priceUpdate'), upgraded])
    await api.core.eventLog.append([quoteEvent('MSFT', 501)])
    await until('priceUpdate', ({ price }) => price === 501)
  })

  test('gets trade for one symbol: trades where there are any, and else the price of quotes', async () => {
    const { socket, all, until } = connect(open)
    socket.on('connect', () => socket.emit('subscribe', 'BRK.B'))
    const standIn = await until('trade')
    expect(standIn).toMatchObject({ symbol: 'BRK.B', basis: 'quote', timestamp: expect.any(String) as string })
    expect(standIn).not.toHaveProperty('size')

    await api.core.eventLog.append([tradeEvent('BRK.B', 150.25, 100), tradeEvent('BRK.B', 150.25, 7)])
    const trade = { symbol: 'BRK.B', price: 150.25, basis: 'trade', timestamp: expect.any(String) as string }
    await until('trade', ({ size }) => size === 7)
    expect(all('trade').slice(-2)).toEqual([
      { ...trade, size: 100 },
      { ...trade, size: 7 }
    ])
    await api.core.eventLog.append([quoteEvent('BRK.B', 151)])
    await until('market:tick', ({ price }) => price === 151)
    expect(all('trade').some(({ price }) => price === 151)).toBe(false)
  })

  test('gets market:tick for what it subscribed to', async () => {
    const { socket, until } = connect(open)
    socket.emit('subscribe', ['AAPL'])
    await until('market:tick')
    await api.core.eventLog.append([quoteEvent('AAPL', 180, { bid: 179.9, ask: 180.1 })])
    expect(await until('market:tick', ({ price }) => price === 180)).toMatchObject({
      symbol: 'AAPL',
      volume: 1000,
      bid: 179.9,
      ask: 180.1,
      basis: 'quote'
    })
  })

  test('is told who brings its symbols, and when somebody else does', async () => {
    const carrier = new Carrier({ redis: api.core.redis, log: pino({ level: 'silent' }), processId: 'stream' })
    const { socket, until } = connect(`${open}/stocks`, { transports: ['websocket'] })
    const nobody = { symbol: 'AAPL', stream: 'quotes', servedBy: 'nobody' }
    expect(await socket.emitWithAck('subscribe', ['AAPL'])).toMatchObject({ accepted: ['AAPL'], servedBy: [nobody] })
    carrier.announce([['quotes:AAPL', { state: 'carried', source: 'alpaca', feed: 'iex', since: 0 }]])
    const carried = { servedBy: 'stream', source: 'alpaca', feed: 'iex', since: '1970-01-01T00:00:00.000Z' }
    expect(await until('servedBy')).toEqual({ symbols: [{ ...nobody, ...carried }] })
    await carrier.close()
    await until('servedBy', (payload) => JSON.stringify(payload) === JSON.stringify({ symbols: [nobody] }))
  })

  test('drives the refresh jobs by what it wants, as long as it is there', async () => {
    const { socket, until } = connect(`${open}/stocks`, { transports: ['websocket'] })
    socket.emit('subscribe', { symbols: ['BRK.B'] })
    await until('priceUpdate')
    const followed = async () => [...(await api.core.wantedByUser()).values()].flatMap((topics) => [...topics])
    await expect.poll(followed).toContain('quotes:BRK.B')
    socket.disconnect()
    await expect.poll(followed).not.toContain('quotes:BRK.B')
  })
})

describe('a token', () => {
  test('is needed unless the operator says otherwise, and must grant streaming', async () => {
    const restOnly = (await api.login(['market:read'])).token
    expect(await refusalOf(connect(url).socket)).toMatchObject({ code: 'NOT_AUTHENTICATED' })
    expect(await refusalOf(connect(url, withToken('nonsense')).socket)).toMatchObject({ code: 'NOT_AUTHENTICATED' })
    expect(await refusalOf(connect(url, withToken({ no: 'text' })).socket)).toMatchObject({
      code: 'NOT_AUTHENTICATED'
    })
    expect(await refusalOf(connect(url, withToken(restOnly)).socket)).toMatchObject({ code: 'NOT_AUTHORIZED' })
    expect(await refusalOf(connect(open, withToken('nonsense')).socket)).toMatchObject({ code: 'NOT_AUTHENTICATED' })
  })

  test('is taken from auth, from the query and from the header', async () => {
    const extraHeaders = { authorization: `Bearer ${token}` }
    for (const options of [withToken(), { query: { token } }, { extraHeaders }]) {
      const { socket, until } = connect(`${url}/stocks`, options)
      socket.emit('subscribe', { symbols: ['AAPL'] })
      await until('priceUpdate')
    }
  })

  test('that is revoked or expires ends the connection, and a new one opens the next', async () => {
    const user = await api.login(['stream:read'])
    let given = user.token
    const { socket, until } = connect(url, {
      transports: ['websocket'],
      auth: (tell) => tell({ token: given })
    })
    await expect.poll(() => socket.connected).toBe(true)
    const end = ended(socket)
    given = token
    await api.app.revocations.revoke(`user:${user.userId}`)
    expect(await until('error')).toMatchObject({ code: 'NOT_AUTHENTICATED' })
    expect(await end).toBe('transport close')
    await expect.poll(() => socket.connected).toBe(true)

    const brief = await world.startApi({ ...SOCKET_IO, TOKEN_TTL_SECONDS: '3' })
    const expiring = connect(await listen(brief), {
      ...withToken((await brief.login(['stream:read'])).token),
      reconnection: false
    })
    expect(await expiring.until('error')).toMatchObject({ code: 'TOKEN_EXPIRED' })
  })
})

describe('bad input', () => {
  test('is answered by an error event, and by the callback where there is one', async () => {
    const { socket, all, until } = connect(url, withToken())
    const accepted = await socket.emitWithAck('subscribe', ['aapl', '??', 'NOPE'])
    expect(accepted).toMatchObject({
      accepted: ['AAPL'],
      rejected: [{ symbol: '??' }, { symbol: 'NOPE' }],
      requested: { aapl: 'AAPL' }
    })
    expect(await until('error')).toMatchObject({
      code: 'SYMBOLS_REJECTED',
      rejected: [
        { symbol: '??', code: 'INVALID_SYMBOL' },
        { symbol: 'NOPE', code: 'SYMBOL_NOT_FOUND' }
      ]
    })
    for (const wrong of [null, 7, [], [7], {}, { symbols: {} }, Buffer.from('AAPL'), 'x'.repeat(65)]) {
      expect(await socket.emitWithAck('subscribe', wrong)).toMatchObject({ error: { code: 'INVALID_FRAME' } })
    }
    socket.emit('subscribe')
    socket.emit('hello')
    await until('error', ({ code }) => code === 'UNKNOWN_EVENT')
    expect(all('error').filter(({ code }) => code === 'INVALID_FRAME')).toHaveLength(9)
  })

  test('that is no Socket.IO, too large or for another namespace ends there, and hurts nobody else', async () => {
    expect(await refusalOf(connect(`${url}/elsewhere`, withToken()).socket)).toMatchObject({
      message: 'Invalid namespace'
    })
    for (const garbage of [
      '4no packet',
      '42["subscribe"',
      Buffer.alloc(10),
      `42["subscribe","${'x'.repeat(300_000)}"]`
    ]) {
      const raw = new WebSocket(`${url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`)
      const gone = once(raw, 'close')
      raw.on('open', () => raw.send(`40{"token":"${token}"}`))
      raw.on('message', (data: Buffer) => data.toString().startsWith('40') && raw.send(garbage))
      raw.on('error', () => undefined)
      await gone
    }
    const { socket, until } = connect(url, withToken())
    socket.emit('subscribe', 'AAPL')
    await until('market:tick')
  })
})

describe('limits', () => {
  test('hold symbols, connections and requests of a user', async () => {
    const small = await world.startApi({
      ...SOCKET_IO,
      WS_SUBSCRIPTIONS_PER_USER: '2',
      WS_CONNECTIONS_PER_USER: '2',
      WS_FRAMES_PER_SECOND: '5'
    })
    const at = await listen(small)
    const [one, two] = [connect(at, withToken()), connect(at, withToken())]
    expect(await one.socket.emitWithAck('subscribe', ['AAPL', 'MSFT'])).toMatchObject({ rejected: [] })
    expect(await two.socket.emitWithAck('subscribe', 'BRK.B')).toMatchObject({
      error: { code: 'SUBSCRIPTION_LIMIT', details: { limit: 2, held: 2, asked: 1 } }
    })
    const three = connect(at, withToken())
    const end = ended(three.socket)
    expect(await three.until('error')).toMatchObject({ code: 'TOO_MANY_CONNECTIONS' })
    expect(await end).toBe('io server disconnect')

    await one.socket.emitWithAck('unsubscribe', ['AAPL', 'MSFT'])
    expect(await two.socket.emitWithAck('subscribe', 'BRK.B')).toMatchObject({ accepted: ['BRK.B'] })
    for (let sent = 0; sent < 20; sent++) two.socket.emit('unsubscribe', 'AAPL')
    expect(await two.until('error', ({ code }) => code === 'TOO_MANY_FRAMES')).toBeDefined()
  })

  test('hold what a user asks of the vendors, together with what it asks over REST', async () => {
    const small = await world.startApi({ ...SOCKET_IO, RATE_LIMIT_PER_MINUTE: '2' })
    const at = await listen(small)
    const { socket } = connect(at, { auth: { token: (await small.login(['stream:read'])).token } })
    const many = Array.from({ length: 101 }, (_, nth) => `S${nth}`)
    expect(await socket.emitWithAck('subscribe', many)).not.toHaveProperty('error')
    expect(await socket.emitWithAck('subscribe', 'AAPL')).toMatchObject({
      error: { code: 'RATE_LIMITED', details: { limitPerMinute: 2 } }
    })
  })

  test('hold anonymous clients by their address, as the proxy tells it', async () => {
    const from = (address: string) => ({
      transports: ['websocket'],
      extraHeaders: { 'x-forwarded-for': `10.0.0.1, ${address}` }
    })
    const [first, second] = [connect(open, from('2001:db8::1')), connect(open, from('2001:db8:0:0:1::2'))]
    const many = Array.from({ length: 101 }, (_, at) => `S${at}`)
    expect(await first.socket.emitWithAck('subscribe', many)).toMatchObject({ error: { code: 'SUBSCRIPTION_LIMIT' } })
    await first.socket.emitWithAck('subscribe', 'AAPL')
    expect(await second.socket.emitWithAck('subscribe', many.slice(0, 100))).toMatchObject({
      error: { details: { held: 1 } }
    })
    const elsewhere = connect(open, from('2001:db8:0:1::1'))
    for (let asked = 0; asked < 600; asked += 100) {
      expect(await elsewhere.socket.emitWithAck('subscribe', many.slice(0, 100))).not.toHaveProperty('error')
    }
    expect(await elsewhere.socket.emitWithAck('subscribe', many.slice(0, 100))).toMatchObject({
      error: { code: 'RATE_LIMITED' }
    })
  })

  test('hold connections of the process', async () => {
    const at = await listen(await world.startApi({ ...OPEN_TO_ALL, SOCKET_IO_MAX_CONNECTIONS: '1' }))
    const first = connect(at, { transports: ['websocket'] })
    await expect.poll(() => first.socket.connected).toBe(true)
    expect(await refusalOf(connect(at, { reconnection: false }).socket)).toBeDefined()
    first.socket.disconnect()
    const next = connect(at, { transports: ['websocket'], reconnectionDelay: 50 })
    await expect.poll(() => next.socket.connected).toBe(true)
  })
})

test('who only begins to connect, again and again, leaves room for clients with a token', async () => {
  const at = await listen(await world.startApi({ SOCKET_IO: 'true', SOCKET_IO_MAX_CONNECTIONS: '20' }))
  const handshake = () => fetch(`${at}/socket.io/?EIO=4&transport=polling`)
  await Promise.all(Array.from({ length: 60 }, handshake))
  const { token } = await api.login(['stream:read'])
  const client = connect(at, { auth: { token }, reconnection: false })
  await expect.poll(() => client.socket.connected).toBe(true)
  await Promise.all(Array.from({ length: 60 }, handshake))
  expect(await client.socket.emitWithAck('subscribe', 'AAPL')).toMatchObject({ accepted: ['AAPL'] })
})

describe('a slow client', () => {
  test('is told the newest value in the end, and the others every one meanwhile', async () => {
    const [fast, slow] = [connect(open, { transports: ['websocket'] }), connect(open, { transports: ['websocket'] })]
    for (const { socket } of [fast, slow]) await socket.emitWithAck('subscribe', 'MSFT')
    const connection = connectionOf(slow.socket)
    connection.pause()
    const behind = async () => /conflated_values_total [1-9]/.test(await openApi.app.metrics.render())
    let price = 1000
    for (let round = 0; round < MAX_ROUNDS && !(await behind()); round++) {
      await api.core.eventLog.append(Array.from({ length: 100 }, () => quoteEvent('MSFT', ++price)))
      await expect.poll(() => fast.last['market:tick'], { interval: 1 }).toMatchObject({ price })
    }
    expect(await behind()).toBe(true)
    const told = (all: Told[]) => all.filter((tick) => (tick['price'] as number) > 1000).length
    expect(told(fast.all('market:tick'))).toBe(price - 1000)
    connection.resume()
    await slow.until('market:tick', (tick) => tick['price'] === price)
    expect(told(slow.all('market:tick'))).toBeLessThan(price - 1000)
  })
})

describe('several processes', () => {
  test('tell the same events, and one that goes down sends its clients to another', async () => {
    const going = await world.startApi(SOCKET_IO)
    const at = await listen(going)
    const [here, there] = [connect(url, withToken()), connect(at, withToken())]
    await Promise.all([here, there].map(({ socket }) => socket.emitWithAck('subscribe', 'AAPL')))
    await api.core.eventLog.append([quoteEvent('AAPL', 333)])
    await Promise.all([here, there].map(({ until }) => until('market:tick', ({ price }) => price === 333)))
    const end = ended(there.socket)
    await going.app.close()
    expect(await end).toBe('transport close')
    expect(there.socket.active).toBe(true)
  })

  test('end without waiting for a peer that takes no part in it', async () => {
    const going = await world.startApi(OPEN_TO_ALL)
    const at = await listen(going)
    const mute = createConnection({ port: Number(new URL(at).port), host: '127.0.0.1' })
    onTestFinished(() => void mute.destroy())
    mute.on('error', () => undefined)
    const upgrade = 'Host: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13'
    const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='
    mute.write(`GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\n${upgrade}\r\n${key}\r\n\r\n`)
    await once(mute, 'data')
    const startedAt = performance.now()
    await going.app.close()
    expect(performance.now() - startedAt).toBeLessThan(5000)
  })
})

test('a log that Redis lost costs no client its symbols', async () => {
  const lossy = await startWorld()
  onTestFinished(() => lossy.close())
  const other = await lossy.startApi(OPEN_TO_ALL)
  const { socket, all, until } = connect(await listen(other), { transports: ['websocket'] })
  await socket.emitWithAck('subscribe', 'AAPL')
  await other.core.eventLog.append([quoteEvent('AAPL', 1)])
  await until('market:tick', ({ price }) => price === 1)
  await other.core.redis.flushdb()
  const told = all('market:tick').length
  await other.core.redis.xadd('log:1:{0}', '*', 'e', 'what nobody can read')
  await expect.poll(() => all('market:tick').length).toBeGreaterThan(told)
  await other.core.eventLog.append([quoteEvent('AAPL', 2)])
  await until('market:tick', ({ price }) => price === 2)
})

describe('docs/socket-io.md', () => {
  test('has an example that prints prices', async () => {
    const text = await readFile(join(import.meta.dirname, '../../docs/socket-io.md'), 'utf8')
    const [, example] = /```js node\n([\s\S]*?)```/.exec(text)!
    const child = spawn(process.execPath, ['--input-type=module', '-e', example!], {
      env: { PATH: process.env.PATH, QUOTEWIRE_URL: url, TOKEN: token }
    })
    onTestFinished(() => void child.kill())
    let printed = ''
    child.stdout.on('data', (chunk) => (printed += chunk))
    child.stderr.on('data', (chunk) => (printed += chunk))
    await expect.poll(() => printed).toMatch(/AAPL [\d.]+\nMSFT [\d.]+/)
  })
})

describe('an operator', () => {
  test('sees connections and symbols by namespace, and WebSocket clients are served as ever', async () => {
    const { socket } = connect(`${url}/stocks`, withToken())
    await socket.emitWithAck('subscribe', ['AAPL', 'MSFT'])
    const metrics = async () => (await api.get('/metrics')).body
    // Clients of other tests may be about to be gone.
    await expect.poll(metrics).toMatch(/^quotewire_socketio_connections\{namespace="\/stocks"\} 1$/m)
    expect(await metrics()).toMatch(/^quotewire_socketio_subscriptions\{namespace="\/stocks"\} 2$/m)
    expect(await metrics()).toMatch(/^quotewire_socketio_messages_total [1-9]/m)
    const plain = new WebSocket(`${url.replace('http', 'ws')}/api/v1/market/ws/stock-quotes?token=${token}`)
    onTestFinished(() => plain.terminate())
    const [welcome] = (await once(plain, 'message')) as [Buffer]
    expect(JSON.parse(welcome.toString())).toMatchObject({ type: 'welcome', data: { authenticated: true } })
  })

  test('who did not ask for it has no such address', async () => {
    const without = await listen(await world.startApi())
    expect((await fetch(`${without}/socket.io/?EIO=4&transport=polling`)).status).toBe(404)
  })
})
