import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pino } from 'pino'
import { WebSocketServer } from 'ws'
import { answerQuestions } from '../../load/conversation.ts'
import { reportReady } from '../../src/embedded/child.ts'
import { Live } from '../../src/hub/live-server.ts'
import { WebSocketTransport } from '../../src/hub/transport.ts'
import type { Sources } from '../../src/hub/sources.ts'
import { createLog } from '../../src/log/log.ts'
import { connectFailFast, ready } from '../../src/redis/connections.ts'
import { watchEventLoop } from '../support/event-loop.ts'
import { marketQuote, quoteEvent } from '../support/events.ts'

/** A live side in a process of its own, which watches how long it keeps its event loop. */
const ATTEMPTS = Array.from({ length: 4 }, () => ({ provider: 'yahoo', outcome: 'not_found', detail: 'x'.repeat(60) }))

const logger = pino({ level: 'error' }, process.stderr)
const redis = connectFailFast(process.env['REDIS_URL']!)
await ready(redis, 'REDIS_URL')
const log = createLog({ redis, log: logger, shards: 1, retentionMs: 3_600_000, maxBytes: 2 ** 28 })

/** Names that begin with X are unknown. */
const sources: Sources = {
  async quotes(symbols) {
    return symbols.map((symbol) =>
      symbol.startsWith('X')
        ? { code: 'SYMBOL_NOT_FOUND', message: `No provider knows ${symbol}`, details: { ATTEMPTS }, unknown: true }
        : marketQuote(symbol, 100, 0)
    )
  },
  channel: async () => []
}
const live = new Live({
  log,
  redis,
  logger,
  sources,
  limits: { connectionsPerUser: 1e5, subscriptionsPerUser: 1e7, framesPerSecond: 1e6, frameBytes: 2 ** 18 },
  maxConnections: 1e5,
  heartbeatMs: 600_000,
  flushMs: 0,
  follow: () => () => undefined,
  authenticate: async (token) => ({
    userId: token,
    name: token,
    mayStream: true,
    isOperator: false,
    expiresAt: Date.now() + 3_600_000,
    knownUntil: Infinity,
    isRevoked: () => false,
    verifyAgain: () => Promise.reject(new Error('nobody asks for it')),
    pay: () => undefined,
    payForReplay: () => undefined
  })
})
await live.start()
const http = createServer()
const sockets = new WebSocketServer({ server: http, perMessageDeflate: false, autoPong: false, maxPayload: 2 ** 18 })
sockets.on('connection', (socket, request) => {
  socket.on('error', () => undefined)
  const token = new URL(request.url!, 'ws://x').searchParams.get('token') ?? undefined
  const transport = new WebSocketTransport(socket, request.socket)
  live.accept({ transport, credential: token, binary: false, address: '127.0.0.1', network: '127.0.0.1' })
})
http.listen(0, '127.0.0.1')
await once(http, 'listening')

const loop = watchEventLoop()

answerQuestions({
  ...loop,
  async publish({ symbols, price }: { symbols: readonly string[]; price: number }) {
    await log.append(symbols.map((symbol) => quoteEvent(symbol, price)))
  },
  stats: () => live.stats
})
reportReady(`ws://127.0.0.1:${(http.address() as AddressInfo).port}/`)
