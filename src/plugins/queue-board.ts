import type { onRouteHookHandler, onSendHookHandler, preSerializationHookHandler } from 'fastify'
import { Type } from 'typebox'
import { ApiError } from '../errors.ts'
import { TASK_ID } from '../jobs/queue.ts'

const MAX_PRIORITY = 2 ** 21 - 1
const MAX_ATTEMPTS = 100

const milliseconds = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER / 2 })
const Kept = Type.Union([Type.Boolean(), Type.Integer(), Type.Object({})])
/** What somebody may say of a job beside its name and data. BullMQ throws plain errors at the rest, or hangs a job on it. */
const NewJob = Type.Object({
  options: Type.Optional(
    Type.Object(
      {
        delay: Type.Optional(milliseconds),
        priority: Type.Optional(Type.Integer({ minimum: 0, maximum: MAX_PRIORITY })),
        attempts: Type.Optional(Type.Integer({ minimum: 1, maximum: MAX_ATTEMPTS })),
        backoff: Type.Optional(
          Type.Union([
            milliseconds,
            Type.Object({
              type: Type.Enum(['fixed', 'exponential']),
              delay: Type.Optional(milliseconds),
              jitter: Type.Optional(Type.Number({ minimum: 0, maximum: 1 }))
            })
          ])
        ),
        lifo: Type.Optional(Type.Boolean()),
        removeOnComplete: Type.Optional(Kept),
        removeOnFail: Type.Optional(Kept),
        keepLogs: Type.Optional(Type.Integer({ minimum: 0 })),
        stackTraceLimit: Type.Optional(Type.Integer({ minimum: 0 })),
        timestamp: Type.Optional(milliseconds)
      },
      { additionalProperties: false }
    )
  )
})
const JobParams = Type.Object({ jobId: Type.String({ title: 'task id', pattern: TASK_ID.source }) })

/** Gives the board's routes a schema for what its own checks let through to Redis. */
export const checkBoardRoute: onRouteHookHandler = (route) => {
  if (route.url.includes('/:jobId')) route.schema = { ...route.schema, params: JobParams }
  if (route.url.endsWith('/add')) route.schema = { ...route.schema, body: NewJob }
}

const FROM_ELSEWHERE = /<link [^>]*href="https?:[^>]*>/g

/** The board's page would have its fonts fetched from elsewhere, which the policy refuses: it is not asked to. */
export const withoutForeignFonts: onSendHookHandler = (_request, reply, payload, done) => {
  const isPage = typeof payload === 'string' && String(reply.getHeader('content-type')).startsWith('text/html')
  done(null, isPage ? payload.replaceAll(FROM_ELSEWHERE, '') : payload)
}

/** What BullMQ says of a job that is not in the state for it, or is gone; all else is a failure of ours. */
export function refusalOf(error: Error): Error {
  const isRefusal = 'code' in error && typeof error.code === 'number' && error.code < 0
  return isRefusal ? new ApiError('JOB_STATE', 409, error.message, { cause: error }) : error
}

/** As the board's handlers refuse: a key of the texts that its page shows, and what belongs into the text. */
type Refusal = { error: { key: string; options?: Record<string, unknown> } }

/**
 * Brings what the board's handlers refuse into the one body. The fields that its page reads stay beside those: without
 * them it could not say in anybody's language what is wrong.
 */
export const inOneBody: preSerializationHookHandler = (request, reply, payload, done) => {
  if (reply.statusCode < 400 || !isRefusal(payload)) return done(null, payload)
  const { error, ...rest } = payload
  const code = error.key.split('.').at(-1)!
  const words = code.toLowerCase().replaceAll('_', ' ')
  const message = words.charAt(0).toUpperCase() + words.slice(1)
  reply.header('x-request-id', request.id)
  done(null, { error: { code, message, requestId: request.id, details: error.options, ...error }, ...rest })
}

function isRefusal(payload: unknown): payload is Refusal {
  const { error } = (payload ?? {}) as { error?: { key?: unknown } }
  return typeof error?.key === 'string'
}
