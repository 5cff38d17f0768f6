import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { ApiError, NotAuthenticated } from '../errors.ts'
import { HOUR_MS } from '../market/time.ts'
import type { ApiKeys } from './api-keys.ts'
import { SESSION_COOKIE } from './credential.ts'
import type { Principal } from './principal.ts'
import { SESSION_LIFE_MS, type Tokens } from './tokens.ts'

const CSRF_HEADER = 'x-csrf-token'
/** A cookie that is so old is replaced when the browser asks who it is. */
const RENEW_AFTER_MS = HOUR_MS

/**
 * Verifies a session's token as the key is verified that it was had for: by looking that key up, so that what the key
 * grants now counts, and nothing once it is revoked.
 */
export function createSessionCheck(tokens: Pick<Tokens, 'verify'>, apiKeys: Pick<ApiKeys, 'holderOf'>) {
  return async function verify(token: string): Promise<Principal> {
    const { keyId, tokenId, issuedAt, expiresAt } = await tokens.verify(token, 'console')
    if (keyId === undefined || tokenId === undefined)
      throw new NotAuthenticated('untrusted', 'The session was had for no key')
    const lookedUpAt = Date.now()
    const holder = await apiKeys.holderOf(keyId)
    return {
      ...holder,
      credential: 'session',
      tokenId,
      issuedAt,
      expiresAt: Math.min(expiresAt, holder.expiresAt),
      renewal: { issuedAt: lookedUpAt, expiresAt: holder.expiresAt }
    }
  }
}

/** What a session's page sends along with whatever changes something. No other site can know it: it follows from the cookie. */
export function csrfTokenOf({ tokenId }: Principal): string {
  return createHash('sha256').update(`csrf:${tokenId}`).digest('base64url')
}

/** Why a request that came with a session's cookie may not change anything; undefined where it may, or only reads. */
export function csrfFault(principal: Principal, { method, headers }: FastifyRequest): ApiError | undefined {
  if (method === 'GET' || method === 'HEAD') return undefined
  const expected = Buffer.from(csrfTokenOf(principal))
  const given = Buffer.from(String(headers[CSRF_HEADER] ?? ''))
  if (given.length === expected.length && timingSafeEqual(given, expected)) return undefined
  const how = `With the cookie alone nothing can be changed: send X-CSRF-Token, as GET /api/v1/auth/session tells it`
  return new ApiError('CSRF_TOKEN', 403, how)
}

/**
 * Browsers say which site makes them send something; a request that says another one, or nothing, is refused. Where the
 * connection is encrypted they say it of the whole origin: what a page of the same name over plain HTTP sends is foreign.
 */
export function refuseOtherSites({ headers, host }: FastifyRequest): void {
  const { origin, 'sec-fetch-site': site } = headers
  // The origin of a page that has none, as of a file or a sandboxed frame, is the word null.
  const isOurs = site === undefined ? URL.parse(origin ?? '')?.host === host : site === 'same-origin'
  if (!isOurs) throw new ApiError('NOT_AUTHORIZED', 403, 'This must be sent from the page itself')
}

/** Signs the browser in as the holder, or keeps it signed in. */
export function setSession(app: Pick<FastifyInstance, 'tokens'>, request: FastifyRequest, reply: FastifyReply) {
  return (holder: Principal): Date => {
    const { token, expiresAt } = app.tokens.issue(holder, 'console')
    const maxAgeSeconds = Math.floor((expiresAt.getTime() - Date.now()) / 1000)
    reply.header('set-cookie', cookieOf(request, token, maxAgeSeconds))
    return expiresAt
  }
}

/** Makes the browser forget its session. */
export function clearSession(request: FastifyRequest, reply: FastifyReply): void {
  reply.header('set-cookie', cookieOf(request, '', 0))
}

/** Whether a session's cookie is to be replaced, so that whoever goes on looking stays signed in. */
export function isDueForRenewal({ expiresAt }: Principal, now: number): boolean {
  return expiresAt - now < SESSION_LIFE_MS - RENEW_AFTER_MS
}

function cookieOf({ protocol }: FastifyRequest, token: string, maxAgeSeconds: number): string {
  const secure = protocol === 'https' ? '; Secure' : ''
  return `${SESSION_COOKIE}=${token}; Path=/; Max-Age=${maxAgeSeconds}; HttpOnly; SameSite=Strict${secure}`
}
