import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { ApiError } from '../errors.ts'
import { FeedDrill } from '../market/feed-drill.ts'
import { neverKept } from './answer.ts'

const { feed } = FeedDrill.properties

/** Cutting streams on purpose. `isAllowed`: a server says so itself before anybody may. */
export const feedDrillRoutes: FastifyPluginAsyncTypebox<{ isAllowed: boolean }> = async (app, { isAllowed }) => {
  const { audit } = app.stores
  const route = { config: { access: 'admin:write' }, preHandler: neverKept } as const
  const tags = ['admin']

  function mustBeAllowed(): void {
    if (isAllowed) return
    const message = 'No feed is cut on purpose here: set ALLOW_FEED_DRILLS=true for the API and the ingestion first'
    throw new ApiError('DRILLS_NOT_ALLOWED', 403, message)
  }

  app.post(
    '/feed-drills',
    {
      ...route,
      schema: {
        operationId: 'beginFeedDrill',
        summary: "Cuts a vendor's streams on purpose, or makes them mute, for a while",
        description: 'For servers that allow it (ALLOW_FEED_DRILLS). It ends by itself, or by DELETE. It is audited.',
        tags,
        body: FeedDrill,
        response: { 201: FeedDrill }
      }
    },
    async (request, reply) => {
      mustBeAllowed()
      const { body, principal } = request
      await audit.append({ actor: principal!.name, action: 'feed-drill.begin', target: body.feed, details: body })
      await app.feedDrills.begin(body)
      return reply.code(201).send(body)
    }
  )

  app.delete(
    '/feed-drills/:feed',
    {
      ...route,
      schema: {
        operationId: 'endFeedDrill',
        summary: "Lets a vendor's streams be again",
        tags,
        params: Type.Object({ feed }),
        response: { 200: Type.Object({ feed }), 404: Type.Ref('ErrorBody#') }
      }
    },
    async (request) => {
      mustBeAllowed()
      const { params, principal } = request
      const wasGoingOn = await app.feedDrills.end(params.feed)
      if (!wasGoingOn) throw new ApiError('NOT_FOUND', 404, `There is no drill of ${params.feed}`)
      await audit.append({ actor: principal!.name, action: 'feed-drill.end', target: params.feed })
      return params
    }
  )
}
