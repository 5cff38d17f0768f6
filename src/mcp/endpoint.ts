import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import type { Logger } from 'pino'
import type { Config } from '../config/config.ts'
import { ApiError } from '../errors.ts'
import { askerOf } from '../routes/asker.ts'
import type { Caller, Mcp } from './protocol.ts'

const MAX_BODY_BYTES = 16 * 1024

export type McpOptions = { config: Pick<Config, 'mcpHosts' | 'corsOrigins'>; log: Logger }

/**
 * `POST /mcp`, where agents call tools over the Model Context Protocol. It has a scope and a budget of its own. The
 * protocol's library is loaded when the first one comes: most servers never need it.
 */
export const mcp: FastifyPluginAsync<McpOptions> = async (app, { config, log }) => {
  let loading: Promise<Mcp> | undefined
  const load = async () => (await import('./protocol.ts')).createMcp(log)
  const hosts = new Set(config.mcpHosts)
  const origins = new Set([...hosts, ...config.corsOrigins.map((origin) => new URL(origin).hostname)])

  app.post(
    '/mcp',
    { config: { access: 'mcp:read', budget: 'mcp' }, bodyLimit: MAX_BODY_BYTES, schema: { hide: true } },
    async (request, reply) => {
      refuseForeignNames(request, hosts, origins)
      if (Array.isArray(request.body)) {
        throw new ApiError('INVALID_REQUEST', 400, 'One request at a time: a batch is not taken')
      }
      const server = await (loading ??= load())
      return reply.send(await server.answer(webRequestOf(request, reply), request.body, callerOf(request)))
    }
  )
  app.addHook('onClose', async () => (await loading)?.close())

  function callerOf(request: FastifyRequest): Caller {
    const { marketData, archive, freshness } = app
    const bucket = request.bucket!
    return {
      marketData,
      archive,
      freshness,
      asker: askerOf(request),
      requestId: request.id,
      budget: () => ({ limitPerMinute: bucket.limit, remaining: bucket.remaining, resetSeconds: bucket.resetSeconds })
    }
  }
}

/**
 * A page of a browser may reach this machine by a name of its own (DNS rebinding), or call from another origin: what it is
 * called by and where it is called from must be known names. Without an Origin it was no page.
 */
function refuseForeignNames({ headers }: FastifyRequest, hosts: Set<string>, origins: Set<string>): void {
  const host = hostnameOf(`http://${headers.host}`)
  if (host === undefined || !hosts.has(host)) {
    const message = `This server is not called ${host ?? 'so'} here; MCP_ALLOWED_HOSTS has the names that it may be called by`
    throw new ApiError('HOST_NOT_ALLOWED', 403, message)
  }
  const { origin } = headers
  if (origin === undefined || origins.has(hostnameOf(origin) ?? '')) return
  throw new ApiError('ORIGIN_NOT_ALLOWED', 403, 'Pages of this origin may not call; CORS_ORIGINS has those that may')
}

const hostnameOf = (address: string): string | undefined =>
  URL.canParse(address) ? new URL(address).hostname : undefined

/** The request as the protocol's library reads it, without a credential; it ends where the client leaves. */
function webRequestOf(request: FastifyRequest, reply: FastifyReply): Request {
  const gone = new AbortController()
  reply.raw.once('close', () => gone.abort())
  const headers = new Headers()
  for (const name of ['accept', 'content-type', ...Object.keys(request.headers).filter(isOfProtocol)]) {
    const value = request.headers[name]
    if (typeof value === 'string') headers.set(name, value)
  }
  return new Request('http://localhost/mcp', { method: 'POST', headers, signal: gone.signal })
}

const isOfProtocol = (name: string): boolean => name.startsWith('mcp-')
