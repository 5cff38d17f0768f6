import jwt from '@fastify/jwt'
import rateLimit from '@fastify/rate-limit'
import fastify from 'fastify'
import { Redis } from 'ioredis'
import { destination } from 'pino'
import { Histogram } from 'prom-client'
import { reportReady } from '../../src/embedded/child.ts'
import { Quote } from '../../src/market/quote.ts'

/**
 * The reference for the usual stack: @fastify/jwt, a rate limit in Redis, a Redis GET, JSON.parse, a response schema,
 * a prom-client histogram and Fastify's request log, each used as its documentation shows. It reads the cache
 * entries that the measured server wrote.
 */
const redis = new Redis(process.env['REDIS_URL']!)
const histogram = new Histogram({ name: 'http_request_seconds', help: 'seconds', labelNames: ['route', 'status'] })
const app = fastify({ logger: { level: 'info', stream: destination({ dest: '/dev/null', sync: false }) } })

await app.register(jwt, { secret: process.env['JWT_SECRET']! })
await app.register(rateLimit, {
  global: false,
  max: 10_000_000,
  timeWindow: '1 minute',
  redis,
  nameSpace: 'conventional:',
  keyGenerator: (request) => (request.user as { sub: string }).sub
})
app.addHook('onResponse', async (request, reply) => {
  histogram.observe({ route: request.routeOptions.url ?? '', status: reply.statusCode }, reply.elapsedTime / 1000)
})
app.get(
  '/api/v1/market/quote/:symbol',
  {
    onRequest: async (request) => request.jwtVerify(),
    preHandler: app.rateLimit(),
    schema: { response: { 200: Quote } }
  },
  async (request) => {
    const entry = await redis.get(`quote:${(request.params as { symbol: string }).symbol}`)
    if (entry === null) throw new Error('not in the cache')
    return (JSON.parse(entry) as { value: Quote }).value
  }
)
await app.listen({ host: '127.0.0.1', port: 0 })
const address = app.server.address()
reportReady(`http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`)
