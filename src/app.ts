import { randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import cors from '@fastify/cors'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import fastify, { type FastifyInstance, type FastifyPluginAsync } from 'fastify'
import { createHttpServer, endWithin } from './plugins/http-server.ts'
import { consolePages } from './plugins/console.ts'
import { adminPages } from './plugins/admin-pages.ts'
import { answerClientError, answerFrameworkError, errorHandler } from './plugins/error-handler.ts'
import { compression } from './plugins/compression.ts'
import { gate } from './auth/gate.ts'
import { live } from './plugins/websocket.ts'
import { liveConnections } from './plugins/live-connections.ts'
import { mcp } from './mcp/endpoint.ts'
import { openapi } from './plugins/openapi.ts'
import { pressure } from './plugins/pressure.ts'
import { resources, type Resources } from './plugins/resources.ts'
import { buildSerializer } from './plugins/serialization.ts'
import { dropIn } from './drop-in/drop-in.ts'
import { dropInStreams } from './drop-in/stream-routes.ts'
import { eventClients } from './socket-io/event-clients.ts'
import { socketIo } from './socket-io/socket-io.ts'
import { tokens } from './auth/tokens.ts'
import { traffic } from './plugins/traffic.ts'
import { validation } from './plugins/validation.ts'
import { accountRoutes } from './routes/accounts.ts'
import { analysisRoutes } from './routes/analysis.ts'
import { auditLogRoutes } from './routes/audit-log.ts'
import { authRoutes } from './routes/auth.ts'
import { bboRoutes } from './routes/bbo.ts'
import { barRoutes } from './routes/bars.ts'
import { brokerStatusRoutes } from './routes/broker-status.ts'
import { completenessRoutes } from './routes/completeness.ts'
import { eventStreamRoutes } from './routes/event-stream.ts'
import { FastLane } from './routes/fast-lane.ts'
import { healthRoutes } from './routes/health.ts'
import { feedDrillRoutes } from './routes/feed-drills.ts'
import { gapRoutes } from './routes/gaps.ts'
import { auditRoutes } from './routes/audits.ts'
import { haltRoutes } from './routes/halts.ts'
import { historicalRoutes } from './routes/historical.ts'
import { homeRoutes } from './routes/home.ts'
import { insightRoutes } from './routes/explain.ts'
import { instrumentRoutes } from './routes/instrument.ts'
import { instrumentDirectoryRoutes } from './routes/instrument-directory.ts'
import { jobRoutes } from './routes/jobs.ts'
import { languageModelRoutes } from './routes/language-models.ts'
import { liveConnectionRoutes } from './routes/live-connections.ts'
import { liveRoutes } from './routes/websocket.ts'
import { asyncApiRoutes, liveInsightRoutes } from './routes/websocket-stats.ts'
import { marketStatusRoutes } from './routes/market-status.ts'
import { marketHistoryRoutes } from './routes/market-history.ts'
import { marketRoutes } from './routes/market.ts'
import { metricsRoutes } from './routes/metrics.ts'
import { newsRoutes } from './routes/news.ts'
import { ohlcRoutes } from './routes/ohlc.ts'
import { QuoteLists } from './routes/quote-lists.ts'
import { quoteRoutes } from './routes/quotes.ts'
import { ROW_HEADERS } from './routes/row-formats.ts'
import { searchRoutes } from './routes/search.ts'
import { sessionRoutes } from './routes/sessions.ts'
import { stockStreamRoutes } from './routes/stock-stream.ts'
import { stockRoutes } from './routes/stocks.ts'
import { sparklineRoutes } from './routes/sparklines.ts'
import { storeStatsRoutes } from './routes/store-stats.ts'
import { symbolRoutes } from './routes/symbols.ts'
import { tickRoutes } from './routes/ticks.ts'

const MAX_BODY_BYTES = 64 * 1024
/** As long as Node's limit on a request's head allows: what is too long for a symbol is told so by the symbol's route. */
const MAX_PARAMETER_LENGTH = 16 * 1024
/** Only the last entry of X-Forwarded-For is the proxy's word: what stands before it a client may have written. */
const isProxy = (_address: string, hop: number): boolean => hop === 0
/** What answers on their way get when the process stops; it is ended by force after ten seconds. */
const CLOSE_TIMEOUT_MS = 5000
const ANSWER_HEADERS = [
  'ETag',
  'Age',
  'Retry-After',
  'RateLimit-Limit',
  'RateLimit-Remaining',
  'RateLimit-Reset',
  'X-Request-Id'
]
/** What scripts of other sites may send, and read beside the body. */
const CORS = {
  methods: ['GET', 'HEAD', 'POST', 'PATCH', 'DELETE'],
  exposedHeaders: ANSWER_HEADERS.concat(ROW_HEADERS),
  maxAge: 600,
  // An OPTIONS that is no preflight is answered as one, instead of by an error in a form of its own.
  strictPreflight: false
}

/** Documents print some paths without a version. */
const API_PREFIXES = [
  ['/api/v1', false],
  ['/api', true]
] as const

/** The API, not listening yet. Closing it leaves the resources open. */
export async function buildApp(given: Resources): Promise<FastifyInstance> {
  const { config, log, redis } = given
  const quoteLists = new QuoteLists(given.marketData)
  const fastLane = new FastLane(quoteLists)
  const app = fastify({
    serverFactory: (handler) =>
      createHttpServer(handler, {
        metrics: given.metrics,
        answerAtOnce: (request, response) => fastLane.answer(request, response)
      }),
    genReqId: createRequestIds(),
    bodyLimit: MAX_BODY_BYTES,
    trustProxy: config.TRUST_PROXY ? isProxy : false,
    return503OnClosing: false,
    routerOptions: { maxParamLength: MAX_PARAMETER_LENGTH },
    schemaController: { compilersFactory: { buildSerializer } },
    frameworkErrors: answerFrameworkError,
    clientErrorHandler: (error, socket) => answerClientError(error, socket, given.metrics)
  }).withTypeProvider<TypeBoxTypeProvider>()
  app.removeContentTypeParser('text/plain')

  await app.register(resources, given)
  await app.register(validation)
  if (config.corsOrigins.length > 0) {
    await app.register(cors, { ...CORS, origin: [...config.corsOrigins] })
  }
  await app.register(pressure, { config })
  await app.register(tokens, { config })
  await app.register(traffic, { config, log })
  await app.register(errorHandler, { log })
  // What answers comes after the gate, which looks at every route.
  await app.register(gate, { config, redis, log })
  await app.register(openapi)
  await app.register(consolePages)
  await app.register(adminPages, { prefix: '/admin', queues: given.queues, log })
  await app.register(eventClients, { config })
  if (config.SOCKET_IO) await app.register(socketIo, { config })
  await app.register(dropIn, { config, log, clock: given.clock })
  const market = { prefix: '/api/v1/market' }
  await app.register(live, {
    ...given,
    async routes(scope) {
      await scope.register(liveRoutes, market)
      await scope.register(stockStreamRoutes)
      await scope.register(dropInStreams, { prefix: '/drop-in', licences: config.licences })
    }
  })

  await app.register(liveConnections, { redis, log })
  await app.register(quoteRoutes, { ...market, lists: quoteLists })
  await app.register(eventStreamRoutes, market)
  await app.register(longAnswers)
  await app.register(liveInsightRoutes, market)
  await app.register(jobRoutes, { prefix: '/api/v1/market/jobs' })
  for (const [prefix, isAlias] of API_PREFIXES) await app.register(brokerStatusRoutes, { prefix, isAlias })
  await app.register(authRoutes, { prefix: '/api/v1/auth' })
  await app.register(sessionRoutes, { prefix: '/api/v1/auth' })
  await app.register(accountRoutes, { prefix: '/api/v1/admin' })
  await app.register(auditLogRoutes, { prefix: '/api/v1/admin' })
  await app.register(liveConnectionRoutes, { prefix: '/api/v1/admin' })
  await app.register(feedDrillRoutes, { prefix: '/api/v1/admin', isAllowed: config.ALLOW_FEED_DRILLS })
  await app.register(healthRoutes, { prefix: '/api', market: config.MARKET })
  await app.register(metricsRoutes)
  await app.register(homeRoutes, { market: config.MARKET })
  await app.register(asyncApiRoutes)
  await app.register(languageModelRoutes, { market: config.MARKET })
  await app.register(mcp, { config, log })

  fastLane.open(app)
  app.addHook('preClose', async () => {
    fastLane.close()
    endWithin(app.server, CLOSE_TIMEOUT_MS)
  })
  given.metrics.watch({ jobs: given.jobs, live: app.live, freshness: given.freshness, routes: app.traffic })
  return app
}

/** What is compressed for who takes that. */
const longAnswers: FastifyPluginAsync = async (app) => {
  await app.register(compression)
  const market = { prefix: '/api/v1/market' }
  await app.register(historicalRoutes, market)
  await app.register(marketHistoryRoutes, market)
  await app.register(sparklineRoutes, market)
  await app.register(instrumentRoutes, market)
  await app.register(analysisRoutes, market)
  await app.register(marketRoutes, market)
  await app.register(searchRoutes, market)
  await app.register(symbolRoutes, market)
  await app.register(newsRoutes, market)
  await app.register(insightRoutes, market)
  for (const [prefix, isAlias] of API_PREFIXES) {
    await app.register(barRoutes, { prefix: `${prefix}/bars`, isAlias })
    await app.register(stockRoutes, { prefix: `${prefix}/stocks`, isAlias })
    const stored = { prefix: `${prefix}/marketdata`, isAlias }
    await app.register(marketStatusRoutes, stored)
    await app.register(instrumentDirectoryRoutes, stored)
    await app.register(tickRoutes, stored)
    await app.register(bboRoutes, stored)
    await app.register(ohlcRoutes, stored)
    await app.register(auditRoutes, stored)
    await app.register(haltRoutes, stored)
    await app.register(gapRoutes, stored)
    await app.register(completenessRoutes, stored)
    await app.register(storeStatsRoutes, stored)
  }
  await app.register(barRoutes, { prefix: '/bars', isAlias: true })
  await app.register(stockRoutes, { prefix: '/stocks', isAlias: true })
}

const CLIENT_REQUEST_ID = /^[\w.-]{1,64}$/

/** Takes the client's X-Request-Id where it is harmless; else numbers requests behind a prefix of this process. */
function createRequestIds(): (request: IncomingMessage) => string {
  const prefix = randomBytes(5).toString('hex')
  let count = 0
  return ({ headers }) => {
    const given = headers['x-request-id']
    if (typeof given === 'string' && CLIENT_REQUEST_ID.test(given)) return given
    return `${prefix}-${(++count).toString(36)}`
  }
}
