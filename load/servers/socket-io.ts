import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Server } from 'socket.io'
import { reportReady } from '../../src/embedded/child.ts'
import { answerQuestions } from '../conversation.ts'
import { publishAtPace, type Pace } from '../pace.ts'
import { stampNow, symbolAt, tickOf, type Stream } from '../ticks.ts'

/** The reference with Socket.IO: a room per symbol, WebSocket transport only, no compression. */
const http = createServer()
const io = new Server(http, { transports: ['websocket'], perMessageDeflate: false, serveClient: false })
io.on('connection', (socket) => {
  socket.on('subscribe', async (symbols: string[]) => {
    await socket.join(symbols)
    socket.emit('subscribed')
  })
})

answerQuestions({
  publish: ({ stream, ...pace }: Pace & { stream: Stream }) =>
    publishAtPace(pace, (indexes) => {
      for (const index of indexes) {
        const symbol = symbolAt(index)
        io.to(symbol).emit('tick', tickOf(stream, symbol, stampNow()))
      }
    })
})
http.listen(0, '127.0.0.1', () => reportReady(`http://127.0.0.1:${(http.address() as AddressInfo).port}`))
