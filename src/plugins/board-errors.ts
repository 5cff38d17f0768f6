import type { preSerializationHookHandler } from 'fastify'

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
