import { once } from 'node:events'
import type { AddressInfo, Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { Traffic } from '../../src/hub/traffic.ts'
import { WebSocketTransport } from '../../src/hub/transport.ts'
import { Outbox } from '../../src/socket-io/outbox.ts'
import { PlainPeer } from '../../src/socket-io/plain-peer.ts'
import { startWorld, type Api, type ApiWorld } from '../support/api.ts'
import { quoteEvent, quoteOf } from '../support/events.ts'

type Told = { event: string; id?: unknown; data: Record<string, unknown> }

const UNTIL_IT_COMES = { timeout: 30_000 }

let world: ApiWorld
let api: Api
let address: string
let key: string
let token: string

beforeAll(async () => {
  world = await startWorld()
  api = await world.startApi({ WS_CONNECTIONS_PER_USER: '3', WS_SUBSCRIPTIONS_PER_USER: '5', WS_HEARTBEAT_MS: '1000' })
  await api.app.listen({ host: '127.0.0.1', port: 0 })
  address = `127.0.0.1:${(api.app.server.address() as AddressInfo).port}`
  ;({ key, token } = await api.login(['market:read', 'stream:read']))
})
afterAll(() => world.close())

/** A client as wscat is one. */
async function connected(
  path = '/stocks',
  headers: Record<string, string> = { 'x-api-key': key },
  protocols: string[] = [],
  options: { autoPong?: boolean } = {}
) {
  const socket = new WebSocket(new URL(path, `ws://${address}`), protocols, { headers, ...options })
  const told: Told[] = []
  let code: number | undefined
  socket.on('message', (text: Buffer) => told.push(JSON.parse(text.toString()) as Told))
  socket.on('close', (ended: number) => (code = ended))
  onTestFinished(() => socket.terminate())
  await once(socket, 'open')
  const until = (event: string, matches: (data: Told['data']) => boolean = () => true) =>
    vi.waitFor(() => {
      const found = told.find((each) => each.event === event && matches(each.data))
      if (!found) throw new Error(`${event} did not come: ${JSON.stringify(told.slice(-5))}`)
      return found
    }, UNTIL_IT_COMES)
  const send = (frame: unknown) => socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame))
  return { socket, told, send, until, code: () => code }
}
const subscribe = (...symbols: string[]) => ({ event: 'subscribe', data: { symbols } })

describe('wscat, as it is printed, with a key', () => {
  test('gets flat prices of what it subscribes to, at once and with every change, until it unsubscribes', async () => {
    const { send, told, until } = await connected()
    send('{"event": "subscribe", "data": {"symbols": ["AAPL", "GOOGL"]}}')
    const first = await until('priceUpdate', ({ symbol }) => symbol === 'AAPL')
    expect(first.data).toMatchObject({ price: 231.4, timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT/) as string })
    expect((await until('subscribed')).data).toMatchObject({
      accepted: ['AAPL'],
      rejected: [{ symbol: 'GOOGL', code: 'SYMBOL_NOT_FOUND' }],
      servedBy: [{ symbol: 'AAPL', stream: 'quotes' }]
    })
    expect((await until('error')).data).toMatchObject({ code: 'SYMBOLS_REJECTED' })

    const change = { change: 2.15, changePercent: 1.24, volume: 45_623_100 }
    await api.core.eventLog.append([quoteEvent('AAPL', 175.23, change)])
    const update = await until('priceUpdate', ({ price }) => price === 175.23)
    expect(update.data).toEqual({ symbol: 'AAPL', price: 175.23, ...change, timestamp: expect.any(String) as string })

    send({ event: 'unsubscribe', id: 7, data: { symbols: ['aapl'] } })
    expect(await until('unsubscribed')).toMatchObject({ id: 7, data: { removed: ['AAPL'] } })
    send(subscribe('MSFT'))
    await until('priceUpdate', ({ symbol }) => symbol === 'MSFT')
    await api.core.eventLog.append([quoteEvent('AAPL', 176), quoteEvent('MSFT', 500)])
    await until('priceUpdate', ({ price }) => price === 500)
    expect(told.some(({ data }) => data['price'] === 176)).toBe(false)
  })

  test('shares its address with the list of stocks, which curl gets', async () => {
    const headers = { 'x-api-key': key }
    const listed = await fetch(`http://${address}/stocks`, { headers })
    expect(listed.status).toBe(200)
    expect(await listed.json()).toMatchObject({ stocks: [], state: 'current' })
    expect((await fetch(`http://${address}/stocks`)).status).toBe(401)
    expect((await fetch(`http://${address}/stocks/AAPL/price`, { headers })).status).toBe(200)
    // Whoever offers another protocol is answered as one who offers none.
    const { status } = await api.get('/stocks', token, { upgrade: 'h2c' })
    expect(status).toBe(200)
    expect((await api.get('/stocks', token, { upgrade: 'websocket' })).status).toBe(426)
  })
})

describe('who connects', () => {
  test.each([
    ['a key in Authorization', async () => connected('/stocks', { authorization: `Bearer ${key}` })],
    ['a token as a sub-protocol', async () => connected('/stocks', {}, ['quotewire', `bearer.${token}`])],
    ['a token in the query', async () => connected(`/stocks?token=${token}`, {})],
    ['a ticket in the query', async () => connected(`/stocks?ticket=${await ticket()}`, {})],
    [
      'a first frame',
      async () => {
        const client = await connected('/stocks', {})
        client.send(subscribe('AAPL'))
        expect((await client.until('error')).data).toMatchObject({ code: 'NOT_AUTHENTICATED' })
        client.send({ event: 'auth', data: { token: key } })
        return client
      }
    ]
  ])('by %s is served', async (_, connect) => {
    const { send, until, socket } = await connect()
    send(subscribe('AAPL'))
    await until('priceUpdate')
    socket.close()
    await once(socket, 'close')
  })

  test.each([
    ['a wrong key', () => ({ 'x-api-key': 'qw_wrong' }), 'NOT_AUTHENTICATED', 4500],
    ['a key that may not stream', async () => ({ 'x-api-key': (await api.login()).key }), 'NOT_AUTHORIZED', 4504]
  ])('with %s is told so and sent away', async (_, headers, reason, ending) => {
    const { until, code } = await connected('/stocks', await headers())
    expect((await until('error')).data).toMatchObject({ code: reason })
    await expect.poll(() => code()).toBe(ending)
  })

  test('more often than is allowed, is told so, and has room again once one is gone', async () => {
    const user = { 'x-api-key': (await api.login(['market:read', 'stream:read'])).key }
    const clients = await Promise.all([1, 2, 3].map(() => connected('/stocks', user)))
    for (const client of clients) client.send(subscribe('AAPL'))
    for (const client of clients) await client.until('subscribed')
    const late = await connected('/stocks', user)
    expect((await late.until('error')).data).toMatchObject({ code: 'TOO_MANY_CONNECTIONS' })
    await expect.poll(() => late.code()).toBe(4503)
    const connections = () => api.app.eventClients.bridge.stats.namespaces[0]!.connections
    const before = connections()
    clients[0]!.socket.close()
    await expect.poll(() => connections()).toBe(before - 1)
    const next = await connected('/stocks', user)
    next.send(subscribe('AAPL', 'MSFT', 'BRK.B', 'BTC-USD'))
    expect((await next.until('error')).data).toMatchObject({
      code: 'SUBSCRIPTION_LIMIT',
      details: { limit: 5, held: 2, asked: 4 }
    })
  })

  test('and loses the key, or gives no sign of life, is disconnected', async () => {
    const { key: other, userId } = await api.login(['market:read', 'stream:read'])
    const revoked = await connected('/stocks', { 'x-api-key': other })
    const silent = await connected('/stocks', { 'x-api-key': key }, [], { autoPong: false })
    revoked.send(subscribe('AAPL'))
    await revoked.until('subscribed')
    const admin = (await api.login(['admin:write'])).token
    const { status } = await api.send({ method: 'DELETE', url: `/api/v1/admin/users/${userId}` }, admin)
    expect(status).toBe(200)
    expect((await revoked.until('error')).data).toMatchObject({ code: 'NOT_AUTHENTICATED' })
    await expect.poll(() => revoked.code()).toBe(4500)
    await expect.poll(() => silent.code()).toBeDefined()
  })
})

test('who is connected while the process goes down, or says too much before who it is, is told where to go from there', async () => {
  const going = await world.startApi()
  const url = await going.app.listen({ host: '127.0.0.1', port: 0 })
  const { send, until, code } = await connected(`${url.replace('http', 'ws')}/stocks`)
  send(subscribe('AAPL'))
  await until('subscribed')
  await going.app.close()
  await expect.poll(() => code()).toBe(4001)

  const long = await connected('/stocks', {})
  long.send({ event: 'auth', data: { token: 'x'.repeat(17_000) } })
  await expect.poll(() => long.code()).toBe(4501)
})

async function ticket(): Promise<string> {
  const answer = await api.send({ method: 'POST', url: '/api/v1/auth/ticket' }, token)
  return (answer.json() as { ticket: string }).ticket
}

test('what is no request is answered, and whoever goes on with it is sent away', async () => {
  const { send, told, until, code, socket } = await connected()
  for (const [frame, reason] of [
    ['hello', 'NOT_JSON'],
    ['{"type":"subscribe"}', 'INVALID_FRAME'],
    ['[1,2]', 'INVALID_FRAME'],
    ['null', 'INVALID_FRAME'],
    [{ event: 'subscribe', data: { symbols: [1] } }, 'INVALID_FRAME'],
    [{ event: 'subscribe' }, 'INVALID_FRAME'],
    [{ event: 'disconnect', data: {} }, 'UNKNOWN_EVENT'],
    [{ event: '__proto__', data: {} }, 'UNKNOWN_EVENT']
  ] as const) {
    const before = told.length
    send(frame)
    await expect.poll(() => told.slice(before)).toMatchObject([{ event: 'error', data: { code: reason } }])
  }
  socket.send(Buffer.from([1, 2, 3]))
  await until('error', (data) => data['code'] === 'TEXT_EXPECTED')
  for (let turn = 0; turn < 10; turn++) send('garbage')
  await expect.poll(() => code()).toBe(4501)
})

test('a client that reads nothing for a while costs a bounded number of frames, and then gets what is newest', async () => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false })
  onTestFinished(() => {
    server.close()
  })
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const client = new WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate: false })
  const [[socket, request]] = (await Promise.all([once(server, 'connection'), once(client, 'open')])) as unknown as [
    [WebSocket, { socket: Socket }]
  ]
  const hub = { sequence: 0, settle: () => undefined }
  const traffic = new Traffic()
  const transport = new WebSocketTransport(socket, request.socket)
  const peer = new PlainPeer({
    id: 'x',
    address: '127.0.0.1',
    transport,
    hub,
    traffic,
    heartbeatMs: 60_000,
    now: Date.now
  })
  const padding = 'x'.repeat(64 * 1024)
  const counts = { messages: 0, conflated: 0 }
  const dialect = {
    namespace: '/',
    streams: [],
    messagesOf: (update: object) => [['price', { ...update, padding }]] as const
  }
  const outbox = new Outbox({ peer, dialect, counts })
  const gone = vi.fn()
  peer.listen({ admits: () => true, requested: () => undefined, taken: () => outbox.taken(), gone })
  client.pause()
  const topic = {} as never
  for (let price = 1; price <= 2000; price++) outbox.take({ topic, quote: quoteOf('AAPL', price), isTraded: false })
  expect(counts.messages).toBeLessThan(300)
  const prices: number[] = []
  client.on('message', (text: Buffer) => {
    prices.push((JSON.parse(text.toString()) as { data: { quote: { price: number } } }).data.quote.price)
  })
  client.resume()
  await expect.poll(() => prices.at(-1)).toBe(2000)
  outbox.take({ topic, quote: quoteOf('AAPL', 2001), isTraded: false })
  await expect.poll(() => prices.at(-1)).toBe(2001)
  client.terminate()
  await expect.poll(() => gone).toHaveBeenCalledOnce()
})
