import compress from '@fastify/compress'
import type { onSendHookHandler, RouteOptions } from 'fastify'
import fp from 'fastify-plugin'

/** What fits into one or two packets is not worth the work. */
const MIN_BYTES = 2048
/** Larger answers are compressed aside, in the threads of libuv, where they hold nobody up. */
const MAX_BYTES_AT_ONCE = 16 * 1024
/** Parquet is compressed already. */
const TEXTS = /^(text\/csv|application\/(json|x-ndjson))(;|$)/
const ENCODINGS = ['zstd', 'br', 'gzip'] as const

/**
 * Compresses the long answers of the routes that are registered behind it in the same scope, for clients that take that. What
 * is asked most, single quotes and batches of them, stays outside: compressing it would cost more than all else of it.
 */
export const compression = fp(
  async (app) => {
    app.addHook('onSend', varyByEncoding)
    await app.register(compress, {
      encodings: [...ENCODINGS],
      threshold: MIN_BYTES,
      syncThreshold: MAX_BYTES_AT_ONCE,
      customTypes: TEXTS,
      // Bodies of requests are short.
      globalDecompression: false
    })
    // The library's own hook is the last one of a route by now.
    app.addHook('onRoute', (route: RouteOptions) => {
      route.onSend = [route.onSend ?? [], weakenTag].flat()
    })
  },
  { name: 'compression' }
)

/** Also where it was not compressed: a cache on the way must not give one client what another takes. */
const varyByEncoding: onSendHookHandler = (_request, reply, payload, done) => {
  const vary = [reply.getHeader('vary') ?? []].flat().join(', ')
  reply.header('vary', vary === '' ? 'accept-encoding' : `${vary}, accept-encoding`)
  done(null, payload)
}

/** A strong tag names bytes, and these are others. */
const weakenTag: onSendHookHandler = (_request, reply, payload, done) => {
  const tag = reply.getHeader('etag')
  const isCompressed = reply.getHeader('content-encoding') !== undefined
  if (isCompressed && typeof tag === 'string' && !tag.startsWith('W/')) reply.header('etag', `W/${tag}`)
  done(null, payload)
}
