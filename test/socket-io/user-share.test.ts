import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { startWorld, type Api, type ApiWorld } from '../support/api.ts'
import { LiveClient } from '../support/live-client.ts'
import { connect } from '../support/socket-io-client.ts'

/** Each carries 100 symbols. */
const CALLS_PER_DAY = 8
/** More than the vendor sells in a day. */
const COLD = 1000

let world: ApiWorld
let api: Api
let host: string
let greedy: string
let other: string

beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.close())

beforeEach(async () => {
  api = await world.startApi({ SOCKET_IO: 'true', YAHOO_LIMITS: `${CALLS_PER_DAY}/day` })
  await api.core.redis.flushdb()
  const scopes = ['market:read', 'stream:read'] as const
  greedy = (await api.login(scopes)).token
  other = (await api.login(scopes)).token
  await api.app.listen({ host: '127.0.0.1', port: 0 })
  host = `127.0.0.1:${(api.app.server.address() as AddressInfo).port}`
})

const symbols = Array.from({ length: COLD }, (_, at) => `COLD${at}`)
/** A quarter of the budget is one user's share. */
const share = () => expect(api.vendor.asked.length).toBeLessThanOrEqual(CALLS_PER_DAY / 4)

async function othersAreServed(): Promise<void> {
  share()
  expect(await api.get('/api/v1/market/quote/AAPL', other)).toMatchObject({ status: 200 })
}

test('who subscribes to thousands of cold symbols spends no more than a share of what others need', async () => {
  const client = new LiveClient(`ws://${host}/api/v1/market/ws/stock-quotes?token=${greedy}`)
  await client.frame('welcome')
  client.subscribe(symbols)
  await client.frame('subscribed')
  await othersAreServed()
})

test('who does so over Socket.IO spends no more either', async () => {
  const { socket } = connect(`http://${host}/stocks`, { transports: ['websocket'], auth: { token: greedy } })
  await socket.emitWithAck('subscribe', { symbols })
  await othersAreServed()
})
