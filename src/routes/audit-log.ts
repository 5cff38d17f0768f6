import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { neverKept } from './answer.ts'

const AuditQuery = Type.Object(
  {
    limit: Type.Integer({ minimum: 1, maximum: 500, default: 100, description: 'How many entries at most' }),
    before: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: Number.MAX_SAFE_INTEGER,
        description: 'The id of the last entry of the page before'
      })
    )
  },
  { additionalProperties: false }
)
const AuditEntry = Type.Object({
  id: Type.Integer(),
  at: Type.String(),
  actor: Type.String(),
  action: Type.String(),
  target: Type.Optional(Type.String()),
  details: Type.Optional(Type.Record(Type.String(), Type.Unknown()))
})

/** What administrators did. */
export const auditLogRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.get(
    '/audit',
    {
      config: { access: 'admin:read' },
      preHandler: neverKept,
      schema: {
        operationId: 'listAudit',
        summary: 'What administrators did, newest first',
        tags: ['admin'],
        querystring: AuditQuery,
        response: { 200: Type.Object({ entries: Type.Array(AuditEntry) }) }
      }
    },
    async (request) => ({ entries: await app.stores.audit.list(request.query) })
  )
}
