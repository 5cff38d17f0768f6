import type { IncomingHttpHeaders } from 'node:http'
import { NotAuthenticated } from '../errors.ts'

const API_KEY_PREFIX = 'qw_'
const SCHEME = /^([A-Za-z][\w-]{0,19})\s/
const BEARER = /^Bearer +(\S+)$/i
const TOKEN = /^[\w-]+\.[\w-]+\.[\w-]*$/

/** The name of the cookie that keeps a browser signed in. */
export const SESSION_COOKIE = 'quotewire_session'
const SESSION = new RegExp(`(?:^|; )${SESSION_COOKIE}=([\\w.-]+)`)

/** The token of a browser's cookie. No header carries one: it is an object, so that no text that came can be taken for it. */
export type SessionToken = { readonly session: string }
/** What somebody shows to be let in: an API key or a token as text, or the cookie. */
export type Presented = string | SessionToken

const HOW = 'Authorization: Bearer <API key or token>, or X-API-Key: <API key>'

export const isApiKey = (credential: string): boolean => credential.startsWith(API_KEY_PREFIX)
export const isToken = (credential: string): boolean => TOKEN.test(credential)

/**
 * The API key or token of a request, not verified: from `Authorization` with the scheme Bearer, or from `X-API-Key`;
 * undefined where there is neither. Throws NotAuthenticated for another scheme, and for two headers that disagree.
 */
export function credentialIn(headers: IncomingHttpHeaders): string | undefined {
  const { authorization } = headers
  const byKeyHeader = headers['x-api-key']
  const byAuthorization = authorization === undefined ? undefined : bearerIn(authorization)
  if (typeof byKeyHeader !== 'string' || byKeyHeader === '') return byAuthorization
  if (byAuthorization !== undefined && byAuthorization !== byKeyHeader) {
    throw new NotAuthenticated('contradiction', 'Authorization and X-API-Key disagree; send one of them')
  }
  return byKeyHeader
}

/** The cookie's token, not verified; undefined where there is none, and where a header says who it is. */
export function sessionIn({ authorization, cookie, ...headers }: IncomingHttpHeaders): string | undefined {
  if (cookie === undefined || authorization !== undefined || headers['x-api-key'] !== undefined) return undefined
  return SESSION.exec(cookie)?.[1]
}

/** The cookie's token, or else as `requiredCredentialIn`. */
export function presentedIn(headers: IncomingHttpHeaders): Presented {
  const session = sessionIn(headers)
  return session === undefined ? requiredCredentialIn(headers) : { session }
}

/** As `credentialIn`. Throws NotAuthenticated also where there is neither header. */
function requiredCredentialIn(headers: IncomingHttpHeaders): string {
  const credential = credentialIn(headers)
  if (credential === undefined) {
    throw new NotAuthenticated('missing', `This takes an API key or a token: send ${HOW}`)
  }
  return credential
}

function bearerIn(authorization: string): string {
  const credential = BEARER.exec(authorization)?.[1]
  if (credential !== undefined) return credential
  throw new NotAuthenticated('scheme', `The Authorization header ${faultOf(authorization)}; send ${HOW}`)
}

function faultOf(authorization: string): string {
  const bare = authorization.trim()
  if (/^bearer$/i.test(bare)) return 'has nothing after Bearer'
  if (isApiKey(bare) || isToken(bare)) return 'lacks the word Bearer before what it holds'
  const scheme = SCHEME.exec(authorization)?.[1]
  return scheme === undefined || /^bearer$/i.test(scheme) ? 'cannot be read' : `has the scheme ${scheme}`
}

/** `endedAt` is a token's `exp`, in seconds. */
export function tokenExpired(endedAt: unknown): NotAuthenticated {
  const end = new Date(Number(endedAt) * 1000)
  const at = Number.isNaN(end.getTime()) ? '' : `: it ended at ${end.toISOString()}`
  return new NotAuthenticated('expired', `The token has expired${at}`)
}
