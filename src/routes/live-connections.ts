import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { ApiError } from '../errors.ts'
import { LiveConnection } from '../market/live-connection.ts'
import { Next } from '../market/page.ts'
import { neverKept } from './answer.ts'
import { PAGE_QUERY, pageTokens, PlaceText } from './page-token.ts'

const MAX_ID_LENGTH = 64

const ConnectionsQuery = Type.Object(
  {
    user: Type.Optional(
      Type.String({ minLength: 1, maxLength: 200, description: 'Connections of the user of this name only' })
    ),
    limit: Type.Integer({ minimum: 1, maximum: 1000, default: 100, description: 'How many' }),
    ...PAGE_QUERY
  },
  { additionalProperties: false }
)
const Connections = Type.Object({
  connections: Type.Array(LiveConnection),
  total: Type.Integer({ minimum: 0, description: 'Of all pages' }),
  processes: Type.Integer({ minimum: 0, description: 'How many API processes have answered' }),
  isComplete: Type.Boolean({ description: 'false: a process has not answered in time, or Redis is away' }),
  next: Next
})
const places = pageTokens('connections', Type.Object({ id: PlaceText }, { additionalProperties: false }))

/** Who is connected, to whichever process. */
export const liveConnectionRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const { audit } = app.stores
  const tags = ['admin']

  app.get(
    '/connections',
    {
      config: { access: 'admin:read' },
      preHandler: neverKept,
      schema: {
        operationId: 'listConnections',
        summary: 'Live connections of all API processes, in whatever protocol, with what waits for each',
        tags,
        querystring: ConnectionsQuery,
        response: { 200: Connections }
      }
    },
    async (request) => {
      const { user, limit, page } = request.query
      const { connections, ...rest } = await app.liveConnections.list({
        user,
        limit: limit + 1,
        after: places.read(page, request)?.id
      })
      const shown = connections.slice(0, limit)
      const hasMore = connections.length > limit
      return { connections: shown, ...rest, ...(hasMore && { next: places.write({ id: shown.at(-1)!.id }, request) }) }
    }
  )

  app.delete(
    '/connections/:id',
    {
      config: { access: 'admin:write' },
      preHandler: neverKept,
      schema: {
        operationId: 'endConnection',
        summary: 'Ends a live connection, in whichever process it is',
        description: 'Its client may connect again: revoke its key where it must not. It is audited.',
        tags,
        params: Type.Object({
          id: Type.String({ minLength: 1, maxLength: MAX_ID_LENGTH, description: 'Of the connection' })
        }),
        response: { 200: LiveConnection, 404: Type.Ref('ErrorBody#') }
      }
    },
    async (request) => {
      const { id } = request.params
      const ended = await app.liveConnections.dismiss(id)
      if (!ended) {
        throw new ApiError('NOT_FOUND', 404, `No process that answers has a connection ${id}`, { details: { id } })
      }
      const { user, address } = ended
      await audit.append({
        actor: request.principal!.name,
        action: 'connection.end',
        target: id,
        details: { user, address }
      })
      return ended
    }
  )
}
