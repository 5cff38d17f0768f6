import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { VERSION } from '../version.ts'

const FOLDER = join(import.meta.dirname, '../pages')
/** Every file of the page; there is no other way into the folder. */
const FILES = { 'page.css': 'text/css', 'page.js': 'text/javascript', 'icon.svg': 'image/svg+xml' } as const
const PAGE = 'text/html'

/** Only what comes from this server is loaded, run or connected to. */
const PAGE_HEADERS = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'"
  ].join('; '),
  'cross-origin-opener-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-cache'
}

const Home = Type.Object({
  name: Type.String(),
  version: Type.String(),
  market: Type.Enum(['sandbox', 'live']),
  links: Type.Record(Type.String(), Type.String(), { description: 'Paths of this server' })
})

const LINKS = {
  documentation: '/docs',
  openapi: '/openapi.json',
  asyncapi: '/asyncapi.json',
  health: '/api/health',
  metrics: '/metrics',
  queues: '/admin/queues'
}

/** What stands at `/`: a page for a person, who says that HTML is accepted, and JSON for a program. */
export const homeRoutes: FastifyPluginAsyncTypebox<{ market: 'sandbox' | 'live' }> = async (app, { market }) => {
  const config = { access: 'none' } as const
  const page = readFileSync(join(FOLDER, 'index.html'), 'utf8')

  app.get(
    '/',
    {
      config,
      schema: {
        operationId: 'getHome',
        summary: 'What this is and where things are: JSON, or a page for who accepts text/html',
        tags: ['operations'],
        response: {
          200: {
            content: { 'application/json': { schema: Home }, [PAGE]: { schema: Type.String() } }
          }
        }
      }
    },
    async (request, reply) => {
      reply.header('vary', 'accept')
      if (request.headers.accept?.includes(PAGE)) {
        return reply.headers(PAGE_HEADERS).type(`${PAGE}; charset=utf-8`).send(page)
      }
      return reply.send({ name: 'quotewire', version: VERSION, market, links: LINKS })
    }
  )

  for (const [file, type] of Object.entries(FILES)) {
    const content = readFileSync(join(FOLDER, file))
    app.get(`/pages/${file}`, { config, schema: { hide: true } }, async (_request, reply) =>
      reply.headers(PAGE_HEADERS).type(`${type}; charset=utf-8`).send(content)
    )
  }
}
