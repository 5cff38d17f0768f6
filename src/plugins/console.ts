import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { ApiError } from '../errors.ts'
import { readConsole, type ConsoleFile, type ConsoleFiles, type Encoding } from './console-files.ts'

/** Addresses that people see and send each other; what stands there is the page's own matter. */
const PAGES = ['/watchlist', '/symbols/*', '/operations', '/operations/*', '/sign-in', '/about']
const FOR_EVER = 'public, max-age=31536000, immutable'

/** Only what comes from this server is loaded, run or connected to; no text becomes markup but lit's own templates. */
const PAGE_HEADERS = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    'trusted-types lit-html'
  ].join('; '),
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
  'cache-control': 'no-cache'
}

declare module 'fastify' {
  interface FastifyInstance {
    /** Answers with the console's page, whatever the address. */
    sendConsole(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply>
  }
}

/** The console: its page at every address that it has, and its files, which are read when somebody first opens it. */
export const consolePages = fp(
  async (app) => {
    const options = { config: { access: 'none' }, schema: { hide: true } } as const
    let reading: Promise<ConsoleFiles> | undefined
    const read = () =>
      (reading ??= readConsole().catch((error: unknown) => {
        reading = undefined
        throw error
      }))

    app.decorate('sendConsole', async (request: FastifyRequest, reply: FastifyReply) => {
      const { page } = await read()
      return send(request, reply.headers(PAGE_HEADERS), page)
    })
    for (const path of PAGES) app.get(path, options, (request, reply) => app.sendConsole(request, reply))

    // For pages that are not the console's, under an address that stays.
    app.get('/icon.svg', options, async (request, reply) => {
      const { files } = await read()
      return send(request, reply.header('cache-control', 'no-cache'), files.get('console/icon.svg')!)
    })
    app.get<{ Params: { version: string; '*': string } }>('/console/:version/*', options, async (request, reply) => {
      const { version, files } = await read()
      const file = request.params.version === version ? files.get(request.params['*']) : undefined
      if (!file) throw new ApiError('ROUTE_NOT_FOUND', 404, 'There is no such file in this version of the console')
      return send(request, reply.header('cache-control', FOR_EVER), file)
    })
  },
  { name: 'console', dependencies: ['gate'] }
)

async function send(request: FastifyRequest, reply: FastifyReply, file: ConsoleFile): Promise<FastifyReply> {
  const encoding = encodingOf(request)
  reply.header('vary', 'accept, accept-encoding').type(file.type)
  if (encoding === undefined) return reply.send(file.content)
  return reply.header('content-encoding', encoding).send(await file.compressed(encoding))
}

/** Browsers offer Brotli where the connection is secure; all of them take gzip. */
function encodingOf({ headers }: FastifyRequest): Encoding | undefined {
  const accepted = headers['accept-encoding'] ?? ''
  if (/\bbr\b(?!\s*;\s*q=0(\.0*)?(?![.\d]))/.test(accepted)) return 'br'
  return /\bgzip\b(?!\s*;\s*q=0(\.0*)?(?![.\d]))/.test(accepted) ? 'gzip' : undefined
}
