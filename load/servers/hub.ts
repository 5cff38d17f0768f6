import websocket from '@fastify/websocket'
import fastify from 'fastify'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { pino } from 'pino'
import { reportReady } from '../../src/embedded/child.ts'
import type { Caller } from '../../src/hub/context.ts'
import { Live } from '../../src/hub/live-server.ts'
import type { Sources } from '../../src/hub/sources.ts'
import { createLog } from '../../src/log/log.ts'
import { ErrorBody } from '../../src/errors.ts'
import { chooseProtocol } from '../../src/auth/handshake.ts'
import { connectFailFast, ready } from '../../src/redis/connections.ts'
import { liveRoutes } from '../../src/routes/websocket.ts'
import { answerQuestions } from '../conversation.ts'

/** The real hub, sessions and WebSocket plugin over a real log, to which others append. */
const CATCH_UP_MS = 5000
const POLL_MS = 5
const EPOCH = new Date(0).toISOString()
const logger = pino({ level: 'error' }, process.stderr)
const redis = connectFailFast(process.env['REDIS_URL']!)
await ready(redis, 'REDIS_URL')
const log = createLog({ redis, log: logger, shards: 1, retentionMs: 60_000, maxBytes: 64 * 2 ** 20 })

/** Known long ago, so that what the log says is newer. */
const sources: Sources = {
  async quotes(symbols) {
    return symbols.map((symbol) => {
      const provenance = { source: 'load', feed: 'sandbox', receivedAt: EPOCH, state: 'live', attempts: [] }
      const value = { symbol, price: 231.45, asOf: EPOCH, provenance }
      return { value, body: Buffer.from(JSON.stringify(value)), receivedAt: 0 }
    })
  },
  async channel() {
    return []
  }
}
/** Whoever comes, each a user, for an hour. */
class EverybodyCaller implements Caller {
  readonly userId: string
  readonly mayStream = true
  readonly isOperator = false
  readonly expiresAt = Date.now() + 3_600_000
  readonly knownUntil = Infinity

  constructor(userId: string) {
    this.userId = userId
  }

  get name() {
    return this.userId
  }

  isRevoked() {
    return false
  }

  verifyAgain() {
    return Promise.reject(new Error('nobody asks for it'))
  }

  pay() {
    return undefined
  }

  payForReplay() {
    return undefined
  }
}

const live = new Live({
  log,
  redis,
  logger,
  sources,
  limits: { connectionsPerUser: 1e5, subscriptionsPerUser: 1e7, framesPerSecond: 1000, frameBytes: 2 ** 18 },
  maxConnections: 1e5,
  heartbeatMs: 600_000,
  flushMs: 0,
  follow: () => () => undefined,
  authenticate: async (token) => new EverybodyCaller(token)
})
await live.start()

const app = fastify()
await app.register(websocket, {
  options: { perMessageDeflate: false, clientTracking: false, handleProtocols: chooseProtocol }
})
app.addSchema(ErrorBody)
app.decorate('isOverloaded', () => false)
app.decorate('live', live)
await app.register(liveRoutes)
await app.listen({ host: '127.0.0.1', port: 0 })

answerQuestions({
  /** Resolves when the hub has seen so many events; after some seconds in any case, for it may have lost some. */
  async sees({ events }: { events: number }) {
    const givenUpAt = performance.now() + CATCH_UP_MS
    while (live.context.hub.sequence < events && performance.now() < givenUpAt) await delay(POLL_MS)
  },
  redisUrl: () => process.env['REDIS_URL'],
  state() {
    globalThis.gc?.()
    const { slow, conflated, closedByCode } = live.stats
    return { rssBytes: process.memoryUsage.rss(), slow, conflated, closed: closedByCode }
  }
})
reportReady(`http://127.0.0.1:${(app.server.address() as AddressInfo).port}/ws/stock-quotes`)
