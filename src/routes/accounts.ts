import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { ApiError, InvalidField, notAuthorized } from '../errors.ts'
import { Plan, Scope } from '../auth/principal.ts'
import { Next } from '../market/page.ts'
import { neverKept } from './answer.ts'
import { DayOrUtc } from './instant.ts'
import { PAGE_QUERY, pageTokens, PlaceText } from './page-token.ts'

const idOf = (what: string) => Type.Object({ id: Type.String({ format: 'uuid', description: `Of the ${what}` }) })
const UserId = idOf('user')
const KeyId = idOf('key')
const UserName = Type.String({
  minLength: 1,
  maxLength: 100,
  pattern: '^\\w([\\w .@+-]*[\\w@+-])?$',
  description: 'No other name may look like it: case does not count, and it ends in no dot and no space',
  examples: ['research-dashboard']
})
const PLAN = 'Which rate limit holds for the user'
const NewUser = Type.Object(
  { name: UserName, plan: Type.Enum([...Plan.enum], { default: 'standard', description: PLAN }) },
  { additionalProperties: false }
)
const UserChanges = Type.Object(
  {
    plan: Type.Optional(Type.Enum([...Plan.enum], { description: PLAN })),
    disabled: Type.Optional(Type.Boolean({ description: 'true ends keys and tokens; false does not revive tokens' }))
  },
  { additionalProperties: false, minProperties: 1 }
)
const User = Type.Object({
  id: Type.String(),
  name: Type.String(),
  plan: Plan,
  disabled: Type.Boolean(),
  createdAt: Type.String()
})
const NewKey = Type.Object(
  {
    scopes: Type.Array(Scope, {
      minItems: 1,
      maxItems: Scope.enum.length,
      uniqueItems: true,
      description: 'None that the maker of the key lacks'
    }),
    label: Type.Optional(Type.String({ minLength: 1, maxLength: 100, description: 'For people: what the key is for' })),
    expiresAt: Type.Optional(
      Type.String({
        format: 'date-time',
        description: 'In the future: from then on the key opens nothing; without it, it does not end'
      })
    )
  },
  { additionalProperties: false }
)
const Key = Type.Object({
  id: Type.String(),
  userId: Type.String(),
  prefix: Type.String({ description: 'The first characters of the key' }),
  scopes: Type.Array(Type.String()),
  label: Type.Optional(Type.String()),
  createdAt: Type.String(),
  lastUsedAt: Type.Optional(Type.String({ description: 'To the minute' })),
  expiresAt: Type.Optional(Type.String()),
  revokedAt: Type.Optional(Type.String())
})
const CreatedKey = Type.Object({ key: Type.String({ description: 'Shown this once' }), ...Key.properties })
const LIMIT = Type.Integer({ minimum: 1, maximum: 1000, default: 500, description: 'How many' })
const UsersQuery = Type.Object({ limit: LIMIT, ...PAGE_QUERY }, { additionalProperties: false })
const KeyQuery = Type.Object(
  {
    userId: Type.Optional(Type.String({ format: 'uuid', description: 'Keys of this user only' })),
    limit: LIMIT,
    ...PAGE_QUERY
  },
  { additionalProperties: false }
)
const userPlaces = pageTokens('users', Type.Object({ name: PlaceText }, { additionalProperties: false }))
const keyPlaces = pageTokens(
  'keys',
  Type.Object({ createdAt: DayOrUtc, id: Type.String({ format: 'uuid' }) }, { additionalProperties: false })
)
const notFound = (what: string, id: string) =>
  new ApiError('NOT_FOUND', 404, `There is no ${what} ${id}`, { details: { id } })

const nameTaken = (name: string) =>
  new ApiError('NAME_TAKEN', 409, 'There is a user of that name, or of one that looks like it', {
    details: { field: 'name', name }
  })

/**
 * Users and their keys. Everything that changes something is written to the audit log under the name of the token; a
 * revocation does not wait for it, and ends tokens also where nothing can be written.
 */
export const accountRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const { users, keys, audit } = app.stores
  const read = { config: { access: 'admin:read' }, preHandler: neverKept } as const
  const write = { config: { access: 'admin:write' }, preHandler: neverKept } as const
  const tags = ['admin']
  const missing = { 404: Type.Ref('ErrorBody#') }

  app.get(
    '/users',
    {
      ...read,
      schema: {
        operationId: 'listUsers',
        summary: 'Users by name',
        tags,
        querystring: UsersQuery,
        response: { 200: Type.Object({ users: Type.Array(User), next: Next }) }
      }
    },
    async (request) => {
      const { limit, page } = request.query
      const found = await users.list(limit + 1, userPlaces.read(page, request)?.name ?? '')
      const shown = found.slice(0, limit)
      const last = found.length > limit ? shown.at(-1) : undefined
      return { users: shown, ...(last && { next: userPlaces.write({ name: last.name }, request) }) }
    }
  )

  app.post(
    '/users',
    {
      ...write,
      schema: {
        operationId: 'createUser',
        tags,
        body: NewUser,
        response: { 201: User, 409: Type.Ref('ErrorBody#') }
      }
    },
    async (request, reply) => {
      const user = await users.createUser(request.body)
      if (!user) throw nameTaken(request.body.name)
      const { name, plan } = user
      await audit.append({
        actor: request.principal!.name,
        action: 'user.create',
        target: user.id,
        details: { name, plan }
      })
      return reply.code(201).send(user)
    }
  )

  app.patch(
    '/users/:id',
    {
      ...write,
      schema: {
        operationId: 'changeUser',
        description:
          'Disabling ends all keys and running tokens of the user at once. A new plan counts from the next token on, and for keys ' +
          'within a minute.',
        tags,
        params: UserId,
        body: UserChanges,
        response: { 200: User, ...missing }
      }
    },
    async (request) => {
      const { id } = request.params
      const user = await users.update(id, request.body)
      if (!user) throw notFound('user', id)
      const entry = { actor: request.principal!.name, action: 'user.change', target: id, details: request.body }
      await Promise.all([audit.append(entry), request.body.disabled && app.revocations.revoke(`user:${id}`)])
      return user
    }
  )

  app.delete(
    '/users/:id',
    {
      ...write,
      schema: {
        operationId: 'deleteUser',
        summary: 'Deletes a user with all keys, and ends its running tokens, in every process',
        description: 'The audit log keeps the name. Nobody can delete the user that asks: 409.',
        tags,
        params: UserId,
        response: { 200: User, ...missing, 409: Type.Ref('ErrorBody#') }
      }
    },
    async (request) => {
      const { id } = request.params
      const { userId, name } = request.principal!
      if (id === userId) throw new ApiError('OWN_USER', 409, 'Nobody can delete the user that asks; ask as another one')
      const held = await keys.idsOf(id)
      const user = await users.remove(id)
      if (!user) throw notFound('user', id)
      const entry = { actor: name, action: 'user.delete', target: id, details: { name: user.name } }
      const endings = held.map((key) => app.revocations.revoke(`key:${key}`))
      await Promise.all([audit.append(entry), app.revocations.revoke(`user:${id}`), ...endings])
      return user
    }
  )

  app.post(
    '/users/:id/keys',
    {
      ...write,
      schema: {
        operationId: 'createKey',
        summary: 'Makes a key; the answer is the only place where it is ever shown',
        description: 'A key grants no scope that its maker lacks.',
        tags,
        params: UserId,
        body: NewKey,
        response: { 201: CreatedKey, ...missing }
      }
    },
    async (request, reply) => {
      const { id } = request.params
      const { scopes, expiresAt } = request.body
      const lacked = scopes.find((scope) => !request.principal!.scopes.includes(scope))
      if (lacked !== undefined) throw notAuthorized(lacked)
      if (expiresAt !== undefined && Date.parse(expiresAt) <= Date.now()) {
        throw new InvalidField('expiresAt', 'must lie in the future')
      }
      if (!(await users.find(id))) throw notFound('user', id)
      const { key, record } = await keys.createKey({ userId: id, ...request.body })
      const details = { userId: id, ...request.body }
      await audit.append({ actor: request.principal!.name, action: 'key.create', target: record.id, details })
      return reply.code(201).send({ key, ...record })
    }
  )

  app.get(
    '/keys',
    {
      ...read,
      schema: {
        operationId: 'listKeys',
        summary: 'Keys, oldest first, revoked ones among them',
        tags,
        querystring: KeyQuery,
        response: { 200: Type.Object({ keys: Type.Array(Key), next: Next }) }
      }
    },
    async (request) => {
      const { userId, limit, page } = request.query
      const found = await keys.list({ userId, limit: limit + 1, after: keyPlaces.read(page, request) })
      const shown = found.slice(0, limit)
      const { createdAt, id } = shown.at(-1) ?? {}
      const hasMore = found.length > limit && createdAt !== undefined && id !== undefined
      return { keys: shown, ...(hasMore && { next: keyPlaces.write({ createdAt, id }, request) }) }
    }
  )

  app.delete(
    '/keys/:id',
    {
      ...write,
      schema: {
        operationId: 'revokeKey',
        summary: 'Revokes a key and ends its running tokens, in every process',
        tags,
        params: KeyId,
        response: { 200: Key, ...missing }
      }
    },
    async (request) => {
      const { id } = request.params
      const key = await keys.revoke(id)
      if (!key) throw notFound('key', id)
      const entry = { actor: request.principal!.name, action: 'key.revoke', target: id }
      await Promise.all([audit.append(entry), app.revocations.revoke(`key:${id}`)])
      return key
    }
  )
}
