import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { startWorld, type Api, type ApiWorld } from '../support/api.ts'
import { quoteEvent } from '../support/events.ts'
import { connect } from '../support/socket-io-client.ts'
import { startNameServer, type NameServer } from './name-server.ts'
import { hasProgram } from './programs.ts'
import { startProxy, type Proxy } from './proxy.ts'

const isCaddyThere = hasProgram('caddy', 'version')

/** Stands behind the proxy and says what reached it; echoes what comes over WebSocket. */
async function startUpstream(): Promise<{ server: Server; port: number }> {
  const server = createServer(({ url, headers }, response) => {
    response.end(JSON.stringify({ url, forwardedFor: headers['x-forwarded-for'], host: headers.host }))
  })
  new WebSocketServer({ server, handleProtocols: (offered) => [...offered][0] ?? false }).on('connection', (socket) =>
    socket.on('message', (message, isBinary) => socket.send(message, { binary: isBinary }))
  )
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return { server, port: (server.address() as AddressInfo).port }
}

describe.skipIf(!isCaddyThere)('the proxy (skipped where caddy is not installed)', () => {
  let upstream: Awaited<ReturnType<typeof startUpstream>>
  let proxy: Proxy
  let address: string

  beforeAll(async () => {
    upstream = await startUpstream()
    proxy = await startProxy({ API_HOST: '127.0.0.1', API_PORT: `${upstream.port}` })
    ;({ address } = proxy)
  })

  afterAll(async () => {
    await proxy.close()
    upstream.server.closeAllConnections()
    upstream.server.close()
  })

  test('passes requests on, and believes no client about its address', async () => {
    const answer = await fetch(`http://${address}/api/v1/market/quotes?symbols=AAPL,%5EGSPC`, {
      headers: { 'x-forwarded-for': '203.0.113.7' }
    })
    expect(await answer.json()).toMatchObject({
      url: '/api/v1/market/quotes?symbols=AAPL,%5EGSPC',
      forwardedFor: '127.0.0.1'
    })
  })

  test('keeps the metrics inside', async () => {
    expect((await fetch(`http://${address}/metrics`)).status).toBe(404)
  })

  test('carries WebSocket with its subprotocols, text and binary', async () => {
    const socket = new WebSocket(`ws://${address}/api/v1/market/ws/stock-quotes`, ['quotewire', 'bearer.token'])
    await once(socket, 'open')
    expect(socket.protocol).toBe('quotewire')
    for (const message of [Buffer.from('{"type":"ping"}'), Buffer.from([0, 255, 7])]) {
      const isBinary = message[0] === 0
      socket.send(message, { binary: isBinary })
      expect(await once(socket, 'message')).toEqual([message, isBinary])
    }
    socket.close()
    await once(socket, 'close')
  })
})

describe.skipIf(!isCaddyThere)('two API processes behind it (skipped where caddy is not installed)', () => {
  let world: ApiWorld
  let names: NameServer
  let proxy: Proxy
  let apis: [Api, Api]
  let token: string

  beforeAll(async () => {
    world = await startWorld()
    const env = { SOCKET_IO: 'true', TRUST_PROXY: 'true' }
    const first = await world.startApi(env)
    await first.app.listen({ host: '127.0.0.1', port: 0 })
    const { port } = first.app.server.address() as AddressInfo
    const second = await world.startApi(env)
    await second.app.listen({ host: '127.0.0.2', port })
    apis = [first, second]
    names = await startNameServer(['127.0.0.1', '127.0.0.2'])
    proxy = await startProxy({ API_PORT: `${port}` }, names.address)
    token = (await first.login(['market:read', 'stream:read'])).token
  })

  afterAll(async () => {
    await proxy?.close()
    await names?.close()
    await world.close()
  })

  /** WebSocket connections of each process, by its own metrics. */
  const connections = () =>
    Promise.all(
      apis.map(async (api) => Number(/^quotewire_ws_connections (\d+)$/m.exec((await api.get('/metrics')).body)?.[1]))
    )

  test('serve Socket.IO clients that poll, and those that poll first and then upgrade', async () => {
    const polls = Array.from({ length: 4 }, () => ({ transports: ['polling'] }))
    const clients = [...polls, {}, {}].map((options) =>
      connect(`http://${proxy.address}/stocks`, { ...options, auth: { token }, reconnection: false })
    )
    for (const { socket } of clients) {
      expect(await socket.emitWithAck('subscribe', { symbols: ['AAPL', 'MSFT'] })).toMatchObject({ rejected: [] })
    }
    const transports = () => clients.slice(polls.length).map(({ socket }) => socket.io.engine.transport.name)
    await expect.poll(transports).toEqual(['websocket', 'websocket'])
    await apis[0].core.eventLog.append([quoteEvent('AAPL', 4242)])
    for (const { until } of clients) await until('priceUpdate', ({ price }) => price === 4242)
  })

  test('share WebSocket clients, and each gets the events of both', async () => {
    const clients: { type: string; data: { quote?: { price: number } } }[][] = []
    for (let at = 0; at < 6; at++) {
      const told: (typeof clients)[number] = []
      const url = `ws://${proxy.address}/api/v1/market/ws/stock-quotes`
      const socket = new WebSocket(url, ['quotewire', `bearer.${token}`])
      onTestFinished(() => socket.terminate())
      socket.on('message', (data: Buffer) => told.push(JSON.parse(data.toString())))
      await once(socket, 'open')
      socket.send('{"type":"subscribe","data":{"type":"stock_quotes","symbols":["MSFT"]}}')
      clients.push(told)
    }
    for (const told of clients) await expect.poll(() => told.map(({ type }) => type)).toContain('snapshot')
    const shares = await connections()
    expect(shares[0]! + shares[1]!).toBe(clients.length)
    expect(Math.min(...shares)).toBeGreaterThanOrEqual(2)
    for (const [at, { core }] of apis.entries()) {
      await core.eventLog.append([quoteEvent('MSFT', 600 + at)])
      for (const told of clients) {
        await expect.poll(() => told.some(({ data }) => data.quote?.price === 600 + at)).toBe(true)
      }
    }
  })

  test('cost a request nothing when one of them is gone, while its name still leads there', async () => {
    const { server } = apis[1].app
    server.close()
    server.closeAllConnections()
    const asked = Array.from({ length: 20 }, () => fetch(`http://${proxy.address}/api/health/live`))
    expect((await Promise.all(asked)).map(({ status }) => status)).toEqual(asked.map(() => 200))
  })
})
