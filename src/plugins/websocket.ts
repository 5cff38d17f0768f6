import websocket from '@fastify/websocket'
import type { FastifyPluginAsync } from 'fastify'
import fp from 'fastify-plugin'
import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import type { Config } from '../config/config.ts'
import { ApiError } from '../errors.ts'
import { Live } from '../hub/live-server.ts'
import type { Popularity } from '../demand/popularity.ts'
import { createSources } from './live-sources.ts'
import { createMemoryFeed } from '../market-data/memory-feed.ts'
import { QuoteWatch } from '../demand/quote-watch.ts'
import type { Intake } from '../intake/intake.ts'
import type { StalePublisher } from '../intake/stale-publisher.ts'
import type { EventLog } from '../log/log.ts'
import { watchMarketStatus } from '../intake/market-status-publisher.ts'
import type { SessionClock } from '../market/session-clock.ts'
import type { TapeStore } from '../market/tape.ts'
import { Playbacks } from '../playback/playbacks.ts'
import { retryDuringStart } from '../redis/connections.ts'
import { createCallers } from '../auth/callers.ts'
import { endWithError } from '../unrouted-answers.ts'
import { chooseProtocol } from '../auth/handshake.ts'

const KIB = 1024
/** What a peer gets to answer a closing frame. */
const CLOSE_TIMEOUT_MS = 3000

export type LivePluginOptions = {
  config: Config
  redis: Redis
  log: Logger
  eventLog: EventLog
  intake: Intake
  stalePublisher: StalePublisher
  popularity: Pick<Popularity, 'countFollowed'>
  clock: SessionClock
  stores: { readonly tape: TapeStore }
  /** What answers at the WebSocket endpoints. */
  routes: FastifyPluginAsync
}

declare module 'fastify' {
  interface FastifyInstance {
    live: Live
    playbacks: Playbacks
  }
}

/**
 * Follows the log and opens the WebSocket endpoints. The WebSocket plugin hooks into every request of its scope, so its
 * scope holds nothing else.
 */
export const live = fp<LivePluginOptions>(
  async (app, { config, redis, log, eventLog, intake, stalePublisher, popularity, clock, stores, routes }) => {
    const frameBytes = config.WS_MAX_FRAME_KIB * KIB
    const watch = new QuoteWatch({
      marketData: app.marketData,
      tellStale: (event, receivedAt) => stalePublisher.expired(event, receivedAt),
      onUnknown: (unknown) => server.context.hub.tellUnknown(unknown),
      log
    })
    const server = new Live({
      log: eventLog,
      onEntries: createMemoryFeed(app.marketData),
      redis,
      logger: log,
      sources: createSources(app.marketData),
      limits: {
        connectionsPerUser: config.WS_CONNECTIONS_PER_USER,
        subscriptionsPerUser: config.WS_SUBSCRIPTIONS_PER_USER,
        framesPerSecond: config.WS_FRAMES_PER_SECOND,
        frameBytes
      },
      maxConnections: config.WS_MAX_CONNECTIONS,
      heartbeatMs: config.WS_HEARTBEAT_MS,
      flushMs: config.WS_FLUSH_MS,
      follow: (symbol) => watch.follow(symbol),
      authenticate: createCallers(app)
    })
    await retryDuringStart(() => server.start())
    app.decorate('live', server)
    app.decorate('playbacks', new Playbacks({ live: server, store: stores.tape, log }))
    popularity.countFollowed(() => server.followedSymbols)
    app.revocations.listen(() => server.check())
    const marketStatus = watchMarketStatus({ clock, redis, intake, log })
    app.addHook('preClose', async () => {
      marketStatus.close()
      await server.close()
      await app.playbacks.closeAll()
      await watch.close()
    })

    // One address may be a WebSocket, and something else for who wants no upgrade.
    app.addConstraintStrategy({
      name: 'upgrade',
      storage: () => {
        const handlers = new Map<unknown, unknown>()
        return {
          get: (value) => (handlers.get(value) ?? null) as never,
          set: (value, handler) => void handlers.set(value, handler)
        }
      },
      deriveConstraint: ({ headers }) => headers.upgrade?.toLowerCase(),
      validate: () => undefined
    })
    await app.register(async (scope) => {
      await scope.register(websocket, {
        options: {
          maxPayload: frameBytes,
          perMessageDeflate: false,
          clientTracking: false,
          // Clients answer pings themselves: who sends them and reads nothing must not fill the memory with answers.
          autoPong: false,
          handleProtocols: chooseProtocol,
          closeTimeout: CLOSE_TIMEOUT_MS
        } as object,
        preClose: (done) => done(),
        errorHandler(error, socket) {
          log.error({ err: error }, 'a WebSocket connection could not be opened')
          socket.close(1011)
        }
      })
      scope.websocketServer.on('wsClientError', (error, socket) => {
        const answer = new ApiError('BAD_HANDSHAKE', 400, `This is no WebSocket handshake: ${error.message}`)
        endWithError(socket, answer, { 'sec-websocket-version': '13' })
      })
      await scope.register(routes)
    })
  },
  { name: 'live', dependencies: ['resources', 'tokens', 'gate', 'pressure'] }
)
