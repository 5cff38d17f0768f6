import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type, type Static } from 'typebox'
import { presentedBy } from '../auth/handshake.ts'
import { addressOf, networkOf } from '../auth/network.ts'
import { ApiError, InvalidField, NotAuthenticated, notAuthorized } from '../errors.ts'
import { CannotAuthenticateNow, type Caller } from '../hub/context.ts'
import type { SubscribeData } from '../hub/client-frame.ts'
import { EventStream, type StreamEncoding } from '../hub/event-stream.ts'
import { CHANNELS, MAX_CONFLATE_MS, MAX_CURSOR_LENGTH, MAX_NAME_LENGTH, STREAMS } from '../hub/protocol.ts'
import { splitCursors } from '../hub/resume-places.ts'
import { bestAccepted } from './row-formats.ts'
import { processIsFull, refuseWhenFull } from './upgrade.ts'

/** Of the head of a request, which has 16 KiB, cookies and a token included. */
const MAX_LIST_LENGTH = 12_000
const CONTENT_TYPES = { sse: 'text/event-stream', ndjson: 'application/x-ndjson' } as const
const RETRY_AFTER_SECONDS = 5

const StreamQuery = Type.Object(
  {
    symbols: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: MAX_LIST_LENGTH,
        description: 'Separated by commas, each in any usual spelling',
        examples: ['AAPL,MSFT']
      })
    ),
    stream: Type.Enum([...STREAMS], { default: 'quotes', description: 'What of the symbols' }),
    channels: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 200,
        description: `Separated by commas, of ${CHANNELS.join(', ')}; beside symbols or without them`,
        examples: ['indices,status']
      })
    ),
    conflateMs: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: MAX_CONFLATE_MS,
        description: 'The newest quote per symbol so often; 0 is every one'
      })
    ),
    since: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 2 * MAX_CURSOR_LENGTH + 1,
        pattern: '^[\\w.,~-]+$',
        title: 'cursor that this server gave out',
        description:
          'Cursor of the last frame that came, to go on behind it: what `Last-Event-ID` says too, which comes before it. With symbols and channels both: the cursor of each, `~` between them'
      })
    ),
    format: Type.Optional(
      Type.Enum(['sse', 'ndjson'], { description: 'Without it `Accept` decides, else server-sent events' })
    ),
    token: Type.Optional(Type.String({ maxLength: 8192, description: 'An API key or a token; proxies log it' })),
    ticket: Type.Optional(Type.String({ maxLength: 200, description: 'Of POST /api/v1/auth/ticket' }))
  },
  { additionalProperties: false }
)
type StreamQuery = Static<typeof StreamQuery>

/** The live protocol for whoever cannot or need not open a WebSocket: the same engine, frames and limits. */
export const eventStreamRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const { live } = app
  const traffic = app.traffic.route('GET', `${app.prefix}/stream`)

  app.get(
    '/stream',
    {
      exposeHeadRoute: false,
      config: { access: 'none' },
      schema: {
        operationId: 'streamEvents',
        summary: 'What happens, as server-sent events or lines of JSON, for as long as the connection lasts',
        description:
          'Frames are those of the WebSocket (/asyncapi.json). As server-sent events each has its type in `event` and, ' +
          'where it has a place to go on from, that in `id`. Takes a key or token of the scope stream:read.',
        tags: ['market'],
        security: [{ bearer: [] }, { apiKey: [] }],
        querystring: StreamQuery,
        response: {
          200: {
            description: 'Frames as they come; the last one is `close`, which says why the stream ended',
            content: {
              [CONTENT_TYPES.sse]: { schema: Type.String({ description: 'Server-sent events' }) },
              [CONTENT_TYPES.ndjson]: { schema: Type.String({ description: 'A frame per line' }) }
            }
          },
          ...Object.fromEntries([401, 403, 429].map((status) => [status, Type.Ref('ErrorBody#')]))
        }
      },
      onRequest: refuseWhenFull(app)
    },
    async (request, reply) => {
      const asked = subscriptionsOf(request)
      const caller = await callerOf(request)
      // In the same turn as its connection is counted.
      refuseWhereFull(caller)
      const { socket } = reply.raw
      if (!socket) throw new ApiError('MALFORMED_REQUEST', 400, 'A stream takes a connection of its own')
      const encoding = request.query.format ?? bestAccepted(request.headers.accept, CONTENT_TYPES) ?? 'sse'
      sendHead(reply, encoding)
      traffic.finished(request, reply.raw.statusCode)
      const stream = new EventStream({
        raw: socket,
        encoding,
        kinds: new Map(asked.map(({ type, since }) => [type, since]))
      })
      const address = addressOf(request)
      const arrival = { transport: stream, credential: caller, binary: false, address, network: networkOf(address) }
      const client = live.accept(arrival)
      for (const data of asked) void client?.subscribe(data).then(() => stream.begun(data.type))
      return reply
    }
  )

  async function callerOf(request: FastifyRequest): Promise<Caller> {
    const { token } = presentedBy(request)
    if (token === undefined) {
      throw new NotAuthenticated(
        'missing',
        'This takes an API key or a token: send Authorization: Bearer <key>, or ?ticket='
      )
    }
    const caller = await live.context.authenticate(token, networkOf(addressOf(request))).catch((error: unknown) => {
      throw error instanceof CannotAuthenticateNow ? error.cause : error
    })
    if (!caller.mayStream) throw notAuthorized('stream:read')
    return caller
  }

  function refuseWhereFull({ userId }: Caller): void {
    if (live.isFull) throw processIsFull()
    const { users, limits } = live.context
    if (users.connectionsOf(userId) < limits.connectionsPerUser) return
    const message = `A user may have ${limits.connectionsPerUser} live connections to a process`
    throw new ApiError('TOO_MANY_CONNECTIONS', 429, message, { retryAfterSeconds: RETRY_AFTER_SECONDS })
  }

  /** One for the symbols, one for the channels. Throws INVALID_REQUEST. */
  function subscriptionsOf(request: FastifyRequest<{ Querystring: StreamQuery }>): SubscribeData[] {
    const { symbols, channels, stream, conflateMs, since } = request.query
    const options = conflateMs !== undefined && { conflateMs }
    const wanted: SubscribeData[] = []
    if (symbols !== undefined) {
      wanted.push({ type: 'stock_quotes', stream, symbols: namesIn(symbols, 'symbols'), ...options })
    }
    if (channels !== undefined)
      wanted.push({ type: 'market_data', channels: namesIn(channels, 'channels'), ...options })
    if (wanted.length === 0) throw new InvalidField('symbols', 'is missing; or name channels')
    const lastEventId = [request.headers['last-event-id'] ?? []].flat()[0]
    const place = lastEventId || since
    if (place === undefined) return wanted
    const cursors = splitCursors(place, wanted.length)
    if (!cursors?.every((cursor) => live.isCursor(cursor))) {
      throw new InvalidField(lastEventId ? 'Last-Event-ID' : 'since', 'is no cursor that was given out for this stream')
    }
    return wanted.map((data, index) => ({ ...data, since: cursors[index]! }))
  }
}

function namesIn(list: string, field: string): string[] {
  const names = [...new Set(list.split(',').map((name) => name.trim()))].filter((name) => name !== '')
  if (names.length === 0) throw new InvalidField(field, 'names nothing')
  const long = names.find((name) => name.length > MAX_NAME_LENGTH)
  if (long) throw new InvalidField(field, `holds a name of more than ${MAX_NAME_LENGTH} characters`)
  return names
}

/** The body has no length and no pieces: it ends with the connection, so that frames are written as they are. */
function sendHead(reply: FastifyReply, encoding: StreamEncoding): void {
  reply.hijack()
  reply.raw.useChunkedEncodingByDefault = false
  reply.raw.shouldKeepAlive = false
  reply.raw.writeHead(200, {
    ...(reply.getHeaders() as Record<string, string>),
    'content-type': `${CONTENT_TYPES[encoding]}; charset=utf-8`,
    'cache-control': 'no-store',
    // nginx would gather events otherwise.
    'x-accel-buffering': 'no',
    vary: 'accept'
  })
  reply.raw.flushHeaders()
}
