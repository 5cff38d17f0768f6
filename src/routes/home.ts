import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { varyBy } from './answer.ts'
import { VERSION } from '../version.ts'

const PAGE = 'text/html'

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
  liveProtocol: '/docs/live',
  llms: '/llms.txt',
  health: '/api/health',
  metrics: '/metrics',
  queues: '/admin/queues'
}

/** What stands at `/`: the console for a person, who says that HTML is accepted, and JSON for a program. */
export const homeRoutes: FastifyPluginAsyncTypebox<{ market: 'sandbox' | 'live' }> = async (app, { market }) => {
  app.get(
    '/',
    {
      config: { access: 'none' },
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
      varyBy(reply, 'accept')
      if (request.headers.accept?.includes(PAGE)) return app.sendConsole(request, reply)
      return reply.send({ name: 'quotewire', version: VERSION, market, links: LINKS })
    }
  )
}
