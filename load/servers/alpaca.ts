import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { WebSocketServer, type WebSocket } from 'ws'
import { reportReady } from '../../src/embedded/child.ts'
import { AlpacaConnection } from '../../src/sandbox/streams/alpaca/connection.ts'
import { answerQuestions } from '../conversation.ts'
import { atPace } from '../pace.ts'
import { stampNow, SYMBOLS, type TapeOrder } from '../ticks.ts'
import { frameOf, type LoadTrade } from './trade-frames.ts'

/** Stands in for Alpaca, and sends trades of all symbols as fast as it is told. */
const MAX_TRADES_PER_FRAME = 1000
const clients = new Map<WebSocket, AlpacaConnection>()
let trades = 0
let lastStamp = 0

const http = createServer()
const sockets = new WebSocketServer({ server: http, perMessageDeflate: false })
sockets.on('connection', (socket) => {
  const connection = new AlpacaConnection({
    socket,
    isBinary: false,
    maxSymbolsOf: () => Infinity,
    hasChannel: () => true,
    admits: () => undefined,
    isDead: () => false
  })
  clients.set(socket, connection)
  socket.on('close', () => clients.delete(socket))
})

/** Trades that are due now, each with a stamp of its own, which is so many microseconds before now at most. */
function dueTrades(count: number): LoadTrade[] {
  const now = stampNow()
  const since = Date.now() * 1000 - now
  return Array.from({ length: count }, (_, at) => {
    lastStamp = Math.max(lastStamp + 1, now - (count - 1 - at))
    const symbol = Math.floor(Math.random() * SYMBOLS)
    return { symbol, number: trades++, stamp: lastStamp, microseconds: since + lastStamp }
  })
}

function send(all: readonly LoadTrade[]): void {
  for (let first = 0; first < all.length; first += MAX_TRADES_PER_FRAME) {
    const frame = frameOf(all.slice(first, first + MAX_TRADES_PER_FRAME))
    for (const socket of clients.keys()) socket.send(frame, { binary: false })
  }
}

answerQuestions({
  /** How many symbols' trades the clients have subscribed to. */
  subscribed: () => Math.max(0, ...Array.from(clients.values(), ({ symbols }) => symbols.size)),
  /** Sends trades and writes down which: pairs of a symbol's index and a stamp. Resolves with how many they were. */
  async flow({ ticksPerSecond, seconds, tapeFile }: TapeOrder): Promise<number> {
    const tape: number[] = []
    const count = await atPace(ticksPerSecond, seconds, (due) => {
      const all = dueTrades(due)
      send(all)
      for (const { symbol, stamp } of all) tape.push(symbol, stamp)
    })
    await writeFile(tapeFile, new Uint8Array(Float64Array.from(tape).buffer))
    return count
  }
})
http.listen(0, '127.0.0.1', () => reportReady(`ws://127.0.0.1:${(http.address() as AddressInfo).port}`))
