import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { WebSocketServer, type WebSocket } from 'ws'
import { reportReady } from '../../src/embedded/child.ts'

/**
 * WebSocket clients as tutorials keep them. Returns what sends them a tick: it is compared with every client's symbols, and
 * encoded for each of them.
 */
export function serveNaively(): (symbol: string, tick: object) => void {
  const clients = new Map<WebSocket, Set<string>>()
  const http = createServer()
  const sockets = new WebSocketServer({ server: http, perMessageDeflate: false })
  sockets.on('connection', (socket) => {
    clients.set(socket, new Set())
    socket.on('close', () => clients.delete(socket))
    socket.on('message', (data: Buffer) => {
      const { symbols } = JSON.parse(data.toString()) as { symbols: string[] }
      clients.set(socket, new Set(symbols))
      socket.send('{"type":"subscribed"}')
    })
  })
  http.listen(0, '127.0.0.1', () => reportReady(`http://127.0.0.1:${(http.address() as AddressInfo).port}`))
  return (symbol, tick) => {
    for (const [socket, symbols] of clients) {
      if (symbols.has(symbol)) socket.send(JSON.stringify(tick))
    }
  }
}
