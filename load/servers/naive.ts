import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { WebSocketServer, type WebSocket } from 'ws'
import { reportReady } from '../../src/embedded/child.ts'
import { answerQuestions } from '../conversation.ts'
import { publishAtPace, type Pace } from '../pace.ts'
import { stampNow, symbolAt, tickOf, type Stream } from '../ticks.ts'

/** The reference that tutorials show: each tick is compared with every client's symbols, and encoded for each of them. */
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

answerQuestions({
  publish: ({ stream, ...pace }: Pace & { stream: Stream }) =>
    publishAtPace(pace, (indexes) => {
      for (const index of indexes) {
        const symbol = symbolAt(index)
        const tick = tickOf(stream, symbol, stampNow())
        for (const [socket, symbols] of clients) {
          if (symbols.has(symbol)) socket.send(JSON.stringify(tick))
        }
      }
    })
})
http.listen(0, '127.0.0.1', () => reportReady(`http://127.0.0.1:${(http.address() as AddressInfo).port}`))
