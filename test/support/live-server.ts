import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pino } from 'pino'
import { onTestFinished } from 'vitest'
import { WebSocketServer } from 'ws'
import { chooseProtocol, presentedBy } from '../../src/auth/handshake.ts'
import { Live, type LiveOptions } from '../../src/hub/live-server.ts'
import type { MarketEvent } from '../../src/market/event.ts'
import { WebSocketTransport } from '../../src/hub/transport.ts'
import type { Sources } from '../../src/hub/sources.ts'
import { createLog, type EventLog } from '../../src/log/log.ts'
import { connectFailFast, ready, retryDuringStart } from '../../src/redis/connections.ts'
import { marketQuote } from './events.ts'
import { LiveClient } from './live-client.ts'
import { testRedis } from './services.ts'

const SILENT = pino({ level: 'silent' })

export type LiveServer = {
  readonly live: Live
  readonly log: EventLog
  readonly url: string
  connect(protocols?: readonly string[], token?: string): LiveClient
  close(): Promise<void>
}

/** Every symbol of up to five letters has a quote of 100; others are unknown. */
const sources: Sources = {
  async quotes(symbols) {
    const receivedAt = Date.now() - 60_000
    return symbols.map((symbol) => {
      if (symbol.length > 5) return { code: 'SYMBOL_NOT_FOUND', message: `No provider knows ${symbol}`, unknown: true }
      return marketQuote(symbol, 100, receivedAt)
    })
  },
  async channel(channel) {
    const value = { channel }
    return [{ value, body: Buffer.from(JSON.stringify(value)), receivedAt: Date.now() - 60_000 }]
  }
}

const LIMITS = { connectionsPerUser: 2000, subscriptionsPerUser: 5000, framesPerSecond: 1000, frameBytes: 262_144 }

/** An empty log on a Redis of this test alone, and what opens further processes on it. */
export async function testLog(options: { shards?: number } = {}): Promise<{ url: string; log: EventLog }> {
  const redis = await testRedis()
  onTestFinished(() => redis.close())
  const { url } = redis
  return { url, log: await openLog(url, options) }
}

export async function openLog(url: string, options: LogSizes = {}): Promise<EventLog> {
  return (await openLogOf(url, options)).log
}

/** Appends as a process that is killed as soon as the log holds it: it takes leave of nobody. */
export async function appendAndDie(url: string, events: readonly MarketEvent[]): Promise<void> {
  const { redis, log } = await openLogOf(url)
  await log.append(events)
  redis.disconnect()
}

type LogSizes = { shards?: number; retentionMs?: number; maxBytes?: number }

async function openLogOf(url: string, { shards = 1, retentionMs = 3_600_000, maxBytes = 2 ** 28 }: LogSizes = {}) {
  const redis = connectFailFast(url)
  await ready(redis, 'REDIS_URL')
  onTestFinished(() => redis.disconnect())
  const log = createLog({ redis, log: SILENT, shards, retentionMs, maxBytes })
  onTestFinished(() => log.close())
  return { redis, log }
}

/**
 * One API process's live side on a real socket: on a free port, or at `path`, where the kernel keeps little, so that a
 * client is soon behind. A token is a user's name.
 */
export async function startLive(
  redisUrl: string,
  options: Partial<LiveOptions> & { shards?: number; path?: string } = {}
): Promise<LiveServer> {
  const redis = connectFailFast(redisUrl)
  await ready(redis, 'REDIS_URL')
  const log = options.log ?? (await openLog(redisUrl, options))
  const live = new Live({
    log,
    redis,
    logger: SILENT,
    sources,
    limits: LIMITS,
    maxConnections: 10_000,
    heartbeatMs: 20_000,
    flushMs: 0,
    follow: () => () => undefined,
    authenticate: async (token) => ({
      userId: token,
      name: token,
      mayStream: true,
      isOperator: false,
      expiresAt: Date.now() + 600_000,
      knownUntil: Infinity,
      isRevoked: () => false,
      verifyAgain: () => Promise.reject(new Error('nobody asks for it')),
      pay: () => undefined,
      payForReplay: () => undefined
    }),
    ...options
  })
  await retryDuringStart(() => live.start())
  const http = createServer()
  const sockets = new WebSocketServer({
    server: http,
    perMessageDeflate: false,
    autoPong: false,
    maxPayload: LIMITS.frameBytes,
    handleProtocols: chooseProtocol
  })
  sockets.on('connection', (socket, request) => {
    socket.on('error', () => undefined)
    const query = Object.fromEntries(new URL(request.url!, 'ws://x').searchParams)
    const { token, binary } = presentedBy({ headers: request.headers, query })
    live.accept({
      transport: new WebSocketTransport(socket, request.socket),
      credential: token,
      address: '127.0.0.1',
      network: '127.0.0.1',
      binary
    })
  })
  if (options.path === undefined) http.listen(0, '127.0.0.1')
  else http.listen(options.path)
  await once(http, 'listening')
  const url = options.path ? `ws+unix:${options.path}:/` : `ws://127.0.0.1:${(http.address() as AddressInfo).port}/`
  let closed: Promise<void> | undefined
  const close = () =>
    (closed ??= (async () => {
      await live.close()
      http.closeAllConnections()
      http.close()
      redis.disconnect()
    })())
  onTestFinished(close)
  return {
    live,
    log,
    url,
    close,
    connect: (protocols, token = 'ann') => new LiveClient(`${url}?token=${token}`, protocols)
  }
}
