import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { hasProgram } from './programs.ts'

const UNTIL_IT_LISTENS = { timeout: 10_000, interval: 50 }

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

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await once(server.close(), 'close')
  return port
}

describe.skipIf(!hasProgram('caddy', 'version'))('the proxy (skipped where caddy is not installed)', () => {
  let upstream: Awaited<ReturnType<typeof startUpstream>>
  let caddy: ChildProcess
  let address: string

  beforeAll(async () => {
    upstream = await startUpstream()
    address = `127.0.0.1:${await freePort()}`
    caddy = spawn('caddy', ['run', '--config', 'deploy/Caddyfile', '--adapter', 'caddyfile'], {
      stdio: 'ignore',
      env: {
        ...process.env,
        SITE_ADDRESS: `http://${address}`,
        API_HOST: '127.0.0.1',
        API_PORT: `${upstream.port}`,
        CADDY_ADMIN: `127.0.0.1:${await freePort()}`
      }
    })
    await vi.waitFor(() => fetch(`http://${address}/`), UNTIL_IT_LISTENS)
  })

  afterAll(async () => {
    caddy.kill()
    await once(caddy, 'exit')
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
