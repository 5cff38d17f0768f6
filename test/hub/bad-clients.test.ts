import { connect as connectTcp, type Socket } from 'node:net'
import { once } from 'node:events'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Quote } from '../../src/market/quote.ts'
import { quoteEvent, tradeEvent } from '../support/events.ts'
import { LiveClient } from '../support/live-client.ts'
import { startLive, testLog, type LiveServer } from '../support/live-server.ts'

const LIMITS = { connectionsPerUser: 3, subscriptionsPerUser: 100, framesPerSecond: 20, frameBytes: 262_144 }
const start = async (options = {}): Promise<LiveServer> => startLive((await testLog()).url, options)
const open = async (server: LiveServer, token?: string): Promise<LiveClient> => {
  const client = server.connect([], token)
  await client.frame('welcome')
  return client
}
const errorOf = async (client: LiveClient, nth = 0) => (await client.frame('error', nth)).data

describe('a frame that cannot be served gets an answer that says why, and the session goes on:', () => {
  test.each([
    ['text that is not JSON', 'hello', 'NOT_JSON', undefined],
    ['an empty frame', '', 'NOT_JSON', undefined],
    ['JSON of another shape', '[1,2]', 'INVALID_FRAME', 'type'],
    ['null', 'null', 'INVALID_FRAME', 'type'],
    ['an unknown type', '{"type":"buy","data":{}}', 'INVALID_FRAME', 'type'],
    ['a subscription of no kind', '{"type":"subscribe","data":{}}', 'INVALID_FRAME', 'data.type'],
    ['no data', '{"type":"subscribe"}', 'INVALID_FRAME', 'data.type'],
    ['an inherited name', '{"type":"subscribe","data":{"type":"__proto__"}}', 'INVALID_FRAME', 'data.type'],
    [
      'symbols that are no list',
      '{"type":"subscribe","data":{"type":"stock_quotes","symbols":"AAPL"}}',
      'INVALID_FRAME',
      'data.symbols'
    ],
    ['an option of another kind', '{"type":"ping","colour":1}', 'INVALID_FRAME', 'colour'],
    [
      'an unknown stream',
      '{"type":"subscribe","data":{"type":"stock_quotes","symbols":["AAPL"],"stream":"orders"}}',
      'INVALID_FRAME',
      'data.stream'
    ],
    [
      'a conflation without end',
      '{"type":"subscribe","data":{"type":"stock_quotes","symbols":["AAPL"],"conflateMs":1e9}}',
      'INVALID_FRAME',
      'data.conflateMs'
    ],
    [
      'the chain of a day that is none',
      '{"type":"subscribe","data":{"type":"option_chain","underlying":"AAPL","expiry":"friday"}}',
      'INVALID_FRAME',
      'data.expiry'
    ],
    [
      'the chain of what is no symbol',
      '{"type":"subscribe","data":{"type":"option_chain","underlying":"§"}}',
      'INVALID_SYMBOL',
      'data.underlying'
    ],
    ['a chain to be left', '{"type":"unsubscribe","data":{"type":"option_chain"}}', 'INVALID_FRAME', 'data.type']
  ])('%s', async (_what, frame, code, field) => {
    const server = await start()
    const client = await open(server)
    client.send(frame)
    const error = await errorOf(client)
    expect(error['code']).toBe(code)
    expect((error['details'] as { field?: string } | undefined)?.field).toBe(field)
    client.send({ type: 'ping', id: 'still here' })
    expect((await client.frame('pong')).id).toBe('still here')
  })

  test('binary where text is due', async () => {
    const client = await open(await start())
    client.socket.send(Buffer.from([1, 2, 3]))
    expect((await errorOf(client))['code']).toBe('TEXT_EXPECTED')
  })

  test('more subscriptions than a user may have, of which none is kept', async () => {
    const client = await open(await start({ limits: LIMITS }))
    client.send({
      type: 'subscribe',
      id: 7,
      data: { type: 'stock_quotes', symbols: Array.from({ length: 5000 }, (_, at) => `S${at}`) }
    })
    const error = await client.frame('error')
    expect(error).toMatchObject({
      id: 7,
      data: { code: 'SUBSCRIPTION_LIMIT', details: { limit: 100, held: 0, asked: 5000 } }
    })
    client.subscribe(['AAPL'])
    expect((await client.frame('subscribed')).data['count']).toBe(1)
  })
})

test('thousands of names are subscribed to that many clients send before their keys are verified', async () => {
  const server = await start()
  const symbols = Array.from({ length: 5000 }, (_, at) => `S${at}`)
  const clients = ['ann', 'bob', 'cy', 'dee', 'eve', 'fay', 'gil', 'hal'].map((user) => server.connect([], user))
  for (const client of clients) client.socket.once('open', () => client.subscribe(symbols))
  for (const client of clients) expect((await client.frame('subscribed')).data['count']).toBe(5000)
})

describe('a client that does not behave is sent away with a code that says so:', () => {
  test('it floods', async () => {
    const client = await open(await start({ limits: LIMITS }))
    for (let frame = 0; frame < 100; frame++) client.send({ type: 'ping' })
    expect((await errorOf(client))['code']).toBe('TOO_MANY_FRAMES')
    expect((await client.closing()).code).toBe(4502)
  })

  test('it sends nonsense again and again', async () => {
    const client = await open(await start())
    for (let frame = 0; frame < 20; frame++) client.send('nonsense')
    expect((await client.closing()).code).toBe(4501)
    expect(client.ofType('error')).toHaveLength(10)
  })

  test('its frames are too large, or not text at all', async () => {
    const server = await start()
    const large = await open(server)
    large.send('x'.repeat(300_000))
    expect((await large.closing()).code).toBe(1009)
    const broken = await open(server)
    broken.socket.send(Buffer.from([0xff, 0xfe]), { binary: false })
    expect((await broken.closing()).code).toBe(1007)
  })

  test('it opens more connections than its user may have', async () => {
    const server = await start({ limits: LIMITS })
    const kept = await Promise.all([1, 2, 3].map(() => open(server)))
    const excess = server.connect()
    expect((await errorOf(excess))['code']).toBe('TOO_MANY_CONNECTIONS')
    expect((await excess.closing()).code).toBe(4503)
    await kept[0]!.leave()
    await expect.poll(() => server.live.stats.connections).toBe(2)
    await open(server)
    await open(server, 'bob')
  })

  test('it says not who it is: hundreds of them leave room for those who do', { timeout: 60_000 }, async () => {
    const server = await start({ maxConnections: 200 })
    const address = server.url
    const silent = Array.from({ length: 300 }, () => new LiveClient(address))
    await Promise.all(
      silent.map((client) =>
        client.until(() => client.ofType('welcome').length > 0 || !!client.closed, 'an answer', 40_000)
      )
    )
    await expect.poll(() => server.live.stats.connections).toBeLessThanOrEqual(10)
    for (const client of silent) if (client.closed) expect(client.closed.code).toBeOneOf([4006, 1006])
    const valid = await Promise.all(Array.from({ length: 50 }, () => open(server)))
    const late = new LiveClient(address)
    await late.frame('welcome')
    late.send({ type: 'auth', data: { token: 'ann' } })
    await late.frame('authenticated')
    const more = Array.from({ length: 30 }, () => new LiveClient(address))
    await Promise.all(
      more.map((client) =>
        client.until(() => client.ofType('welcome').length > 0 || !!client.closed, 'an answer', 40_000)
      )
    )
    for (const client of [...valid, late]) {
      client.send({ type: 'ping' })
      await client.frame('pong')
    }
  })

  test('it is half open: it neither answers nor leaves', async () => {
    const server = await start({ heartbeatMs: 300 })
    const alive = await open(server)
    await upgradeByHand(server.url)
    await expect.poll(() => server.live.stats.connections).toBe(2)
    await expect.poll(() => server.live.stats.connections).toBe(1)
    expect(server.live.stats.closedByCode).toEqual({ 4012: 1 })
    alive.send({ type: 'ping' })
    await alive.frame('pong')
  })
})

describe('a client that reads nothing', () => {
  test('delays nobody, costs little, and gets every last value when it reads again', { timeout: 60_000 }, async () => {
    const server = await start({ heartbeatMs: 60_000 })
    const symbols = Array.from({ length: 50 }, (_, at) => `S${at}`)
    const [healthy, stalled] = await Promise.all([open(server), open(server)])
    for (const client of [healthy, stalled]) client.subscribe(symbols)
    await Promise.all([healthy.frame('snapshot'), stalled.frame('snapshot')])
    stalled.socket.pause()

    const before = process.memoryUsage()
    const name = 'x'.repeat(500)
    let last = 0
    for (let turn = 1; server.live.stats.slow === 0 || turn <= 600; turn++) {
      last = turn * symbols.length
      await server.log.append(symbols.map((symbol, at) => quoteEvent(symbol, last - 49 + at, { name })))
      await healthy.until(() => healthy.frames.length >= last)
    }
    const pricesOf = (client: LiveClient) => client.ofType('quote_update').map(({ data }) => data['quote'] as Quote)
    await healthy.until(() => pricesOf(healthy).at(-1)?.price === last)
    expect(pricesOf(healthy)).toHaveLength(last)
    expect(process.memoryUsage().external - before.external).toBeLessThan(100 * 1024 * 1024)

    stalled.socket.resume()
    await stalled.until(() => pricesOf(stalled).at(-1)?.price === last, 'the last value', 20_000)
    const newest = new Map(pricesOf(stalled).map((quote) => [quote.symbol, quote.price]))
    expect(symbols.map((symbol) => newest.get(symbol))).toEqual(symbols.map((_, at) => last - 49 + at))
    expect(pricesOf(stalled).length).toBeLessThan(last)
    await server.log.append([quoteEvent('S0', 0.5)])
    await stalled.until(() => pricesOf(stalled).at(-1)?.price === 0.5, 'a live value')
  })

  test('loses no trade: it is told, sent away, and resumes where it was', { timeout: 60_000 }, async () => {
    const server = await start({ heartbeatMs: 60_000 })
    const client = await open(server)
    client.subscribe(['AAPL'], { stream: 'trades' })
    await client.frame('snapshot')
    client.socket.pause()
    let price = 0
    while (server.live.stats.closedByCode[4008] === undefined) {
      await server.log.append(Array.from({ length: 500 }, () => tradeEvent('AAPL', ++price, 1)))
    }
    client.socket.resume()
    expect((await client.closing()).code).toBeOneOf([4008, 1006])
    const trades = (of: LiveClient) => of.ofType('trade').map(({ data }) => (data['trade'] as Quote).price)
    const cursor = client.ofType('trade').at(-1)!.cursor
    const again = await open(server)
    again.subscribe(['AAPL'], { stream: 'trades', since: cursor })
    await again.frame('resumed')
    expect([...trades(client), ...trades(again)]).toEqual(Array.from({ length: price }, (_, at) => at + 1))
  })
})

/** A peer that speaks just enough WebSocket to be let in, and then nothing. */
async function upgradeByHand(url: string): Promise<Socket> {
  const socket = connectTcp(Number(new URL(url).port), '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  socket.write(
    'GET /?token=ann HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n'
  )
  await once(socket, 'data')
  return socket
}
