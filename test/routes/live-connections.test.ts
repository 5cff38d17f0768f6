import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { LiveConnection } from '../../src/market/live-connection.ts'
import { errorOf, startWorld, type Api, type ApiWorld } from '../support/api.ts'
import { EventStreamClient } from '../support/event-stream-client.ts'
import { LiveClient } from '../support/live-client.ts'
import { connect as connectSocketIo, ended } from '../support/socket-io-client.ts'

type Page = {
  connections: LiveConnection[]
  total: number
  processes: number
  isComplete: boolean
  next?: string
}

const PATH = '/api/v1/admin/connections'
const FORWARDED = { 'x-forwarded-for': '203.0.113.9, 198.51.100.4' }

let world: ApiWorld
let here: Api
let there: Api
let hosts: Record<'here' | 'there', string>
let operator: string
let userId: string
let key: string

beforeAll(async () => {
  world = await startWorld()
  ;[here, there] = await Promise.all([world.startApi({ SOCKET_IO: 'true' }), world.startApi({ TRUST_PROXY: 'true' })])
  hosts = { here: await listen(here), there: await listen(there) }
  operator = (await here.login(['admin:read', 'admin:write'])).token
  ;({ userId, key } = await here.login(['market:read', 'stream:read']))
})
afterAll(() => world.close())

async function listen({ app }: Api): Promise<string> {
  await app.listen({ host: '127.0.0.1', port: 0 })
  return `127.0.0.1:${(app.server.address() as AddressInfo).port}`
}

const open = (at: string, path: string, headers: Record<string, string> = { 'x-api-key': key }) =>
  new LiveClient(`ws://${at}${path}`, [], { headers })
const page = async (query = '', api = here) => (await api.get(`${PATH}?${query}`, operator)).json() as Page
const end = (id: string, api = here) => api.send({ method: 'DELETE', url: `${PATH}/${id}` }, operator)

test('operators see who is connected to every process, by which protocol and from where, and end any of them', async () => {
  const quotes = '/api/v1/market/ws/stock-quotes'
  const own = open(hosts.here, quotes)
  const session = String((await own.frame('welcome')).data['session'])
  own.subscribe(['AAPL', 'MSFT'], { conflateMs: 250 })
  await own.frame('subscribed')
  const far = open(hosts.there, quotes, { 'x-api-key': key, ...FORWARDED })
  const events = new EventStreamClient(`http://${hosts.there}/api/v1/market/stream?symbols=AAPL`, {
    headers: { 'x-api-key': key }
  })
  const stocks = open(hosts.here, '/stocks')
  const alpaca = open(hosts.there, '/drop-in/alpaca/v2/iex', { 'apca-api-key-id': 'any', 'apca-api-secret-key': key })
  const { socket: socketIo } = connectSocketIo(`http://${hosts.here}/stocks`, { auth: { token: key } })
  await Promise.all([far.frame('welcome'), events.frame('subscribed')])
  await alpaca.until(() => alpaca.frames.length > 1)
  await expect.poll(async () => (await page()).total).toBe(6)

  const all = await page()
  expect(all).toMatchObject({ total: 6, processes: 2, isComplete: true })
  const byProtocol = Object.groupBy(all.connections, ({ protocol }) => protocol)
  expect(all.connections.find(({ id }) => id === session)).toMatchObject({
    protocol: 'websocket',
    userId,
    address: '127.0.0.1',
    subscriptions: 2,
    conflateMs: 250,
    bufferedBytes: 0,
    conflated: 0
  })
  expect(new Set(byProtocol.websocket!.map(({ address }) => address))).toEqual(new Set(['127.0.0.1', '198.51.100.4']))
  for (const protocol of ['sse', 'stocks', 'alpaca', 'socket.io'] as const)
    expect(byProtocol[protocol], protocol).toMatchObject([{ userId, address: '127.0.0.1' }])

  const first = await page('limit=4')
  const rest = await page(`limit=4&page=${first.next}`, there)
  expect([first.connections.length, rest.connections.length, rest.next]).toEqual([4, 2, undefined])
  expect([...first.connections, ...rest.connections]).toEqual(all.connections)
  const named = byProtocol.sse![0]!.user!
  expect((await page(`user=${named}`)).total).toBe(6)

  const closed = Promise.all([far.closing(), stocks.closing(), alpaca.closing(), ended(socketIo)])
  const idOf = (protocol: LiveConnection['protocol']) => byProtocol[protocol]![0]!.id
  const { id: farId } = byProtocol.websocket!.find(({ address }) => address === '198.51.100.4')!
  for (const id of [farId, idOf('stocks'), idOf('alpaca'), idOf('socket.io'), idOf('sse')])
    expect((await end(id)).status).toBe(200)
  expect(await closed).toMatchObject([{ code: 4007 }, { code: 4007 }, {}, 'transport close'])
  expect((await events.frame('close')).data).toMatchObject({ code: 4007 })
  await expect.poll(async () => (await page()).connections.map(({ id }) => id)).toEqual([session])
  expect(own.closed).toBeUndefined()

  expect(errorOf(await end(farId)).code).toBe('NOT_FOUND')
  const [audited] = await here.core.stores.audit.list({ limit: 5 })
  expect(audited).toMatchObject({ action: 'connection.end', target: idOf('sse') })
})

test('who has not said who it is yet is listed without a name', async () => {
  const nobody = open(hosts.there, '/api/v1/market/ws/stock-quotes', {})
  const session = String((await nobody.frame('welcome')).data['session'])
  const { connections } = await page()
  const shown = connections.find(({ id }) => id === session)
  expect(shown).toMatchObject({ protocol: 'websocket', address: '127.0.0.1', subscriptions: 0 })
  expect(shown).not.toHaveProperty('user')
})

test('who may not look after the server sees no address and ends nothing', async () => {
  const { token } = await here.login(['market:read', 'stream:read', 'admin:read'])
  expect((await here.get(PATH, key)).status).toBe(403)
  expect((await here.send({ method: 'DELETE', url: `${PATH}/x` }, token)).status).toBe(403)
})
