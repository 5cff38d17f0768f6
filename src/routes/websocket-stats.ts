import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { asyncApi } from '../hub/async-api.ts'
import { LiveStats } from '../hub/stats.ts'
import { neverKept } from './answer.ts'
import { liveReference } from './live-reference.ts'

/** What the live side of this process does, for operators. */
export const liveInsightRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.get(
    '/ws/stats',
    {
      config: { access: 'admin:read' },
      preHandler: neverKept,
      schema: {
        operationId: 'getLiveStats',
        summary: 'Connections, subscriptions, messages and lag of this process',
        tags: ['admin'],
        response: { 200: LiveStats }
      }
    },
    () => app.live.fullStats()
  )
}

/** No script runs on the page, and nothing comes from elsewhere. */
const PAGE_HEADERS = {
  'content-security-policy': [
    "default-src 'none'",
    "style-src 'self'",
    "img-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'"
  ].join('; '),
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-cache'
}

/** The protocol of the WebSocket endpoints as an AsyncAPI document: at /asyncapi.json, and as a page at /docs/live. */
export const asyncApiRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const document = JSON.stringify(asyncApi)
  const style = readFileSync(join(import.meta.dirname, 'live-reference.css'))
  const options = { config: { access: 'none' }, schema: { hide: true } } as const
  let page: string | undefined

  app.get('/asyncapi.json', options, async (_request, reply) =>
    reply.type('application/json; charset=utf-8').send(document)
  )
  app.get('/docs/live', options, async (_request, reply) =>
    reply
      .headers(PAGE_HEADERS)
      .type('text/html; charset=utf-8')
      .send((page ??= liveReference()))
  )
  app.get('/docs/live.css', options, async (_request, reply) =>
    reply.headers(PAGE_HEADERS).type('text/css; charset=utf-8').send(style)
  )
}
