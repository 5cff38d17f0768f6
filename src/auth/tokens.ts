import { createHash, randomUUID } from 'node:crypto'
import jwt from '@fastify/jwt'
import fp from 'fastify-plugin'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { Type, type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import type { Config } from '../config/config.ts'
import { NotAuthenticated, type AuthFailureReason } from '../errors.ts'
import { HOUR_MS } from '../market/time.ts'
import { tokenExpired } from './credential.ts'
import { createOutsideIssuer } from './outside-issuer.ts'
import { scopesAmong, type Plan, type Principal } from './principal.ts'

export type Tokens = {
  /**
   * Signs a token for the holder of a key; it lives TOKEN_TTL_SECONDS, one for the console SESSION_LIFE_MS, and neither
   * longer than the key. It is dated by when the key was looked up: a revocation that was made since then ends this token
   * too. A holder that has a `tokenId` is given a token of that id.
   */
  issue(holder: Principal, audience?: Audience): { token: string; expiresAt: Date }
  /** Rejects with NotAuthenticated, saying what is wrong with the token and never repeating it. */
  verify(token: string, audience?: Audience): Promise<Principal>
}

/** What a token opens: the API by its Authorization header, or by the cookie of the console. Neither takes the other's. */
export type Audience = 'api' | 'console'

/** For how long a browser stays signed in that is not used: a working day, with a laptop closed over lunch. */
export const SESSION_LIFE_MS = 12 * HOUR_MS

export type TokenOptions = {
  config: Pick<
    Config,
    | 'JWT_SECRET'
    | 'JWT_PREVIOUS_SECRET'
    | 'JWT_ISSUER'
    | 'JWT_AUDIENCE'
    | 'JWKS_URL'
    | 'JWKS_ISSUER'
    | 'JWKS_MAX_TOKEN_LIFE_SECONDS'
    | 'TOKEN_TTL_SECONDS'
  >
}

declare module 'fastify' {
  interface FastifyInstance {
    tokens: Tokens
  }
}

const REQUIRED_CLAIMS = ['iss', 'aud', 'sub', 'iat', 'exp']

/**
 * Issues and verifies tokens. Our own are HS256, signed with JWT_SECRET and told apart by `kid`, so that tokens of
 * JWT_PREVIOUS_SECRET live out their time after a rotation. With JWKS_URL an outside issuer's RS256 and ES256 tokens
 * count too. The algorithm decides whose token it is: an HS256 token is never checked against a public key.
 */
export const tokens = fp<TokenOptions>(
  async (app, { config }) => {
    const current = config.JWT_SECRET ?? failWithoutSecret()
    const secrets = new Map([config.JWT_PREVIOUS_SECRET ?? current, current].map((secret) => [keyIdOf(secret), secret]))
    const { JWKS_URL: jwksUrl, JWKS_ISSUER: issuer, JWT_AUDIENCE: audience } = config
    const maxTokenLifeSeconds = config.JWKS_MAX_TOKEN_LIFE_SECONDS
    const outside =
      jwksUrl && issuer ? createOutsideIssuer({ jwksUrl, issuer, audience, maxTokenLifeSeconds }) : undefined
    await app.register(jwt, {
      secret: current,
      sign: { algorithm: 'HS256', iss: config.JWT_ISSUER, aud: audience, kid: keyIdOf(current) },
      verify: { algorithms: ['HS256'], errorCacheTTL: 0 }
    })
    const audiences: Record<Audience, string> = { api: audience, console: `${audience}/console` }
    const rules = { allowedIss: config.JWT_ISSUER, requiredClaims: REQUIRED_CLAIMS }

    app.decorate('tokens', {
      issue({ userId, name, plan, scopes, keyId, tokenId, issuedAt, expiresAt }, audience = 'api') {
        const lifeMs = audience === 'api' ? config.TOKEN_TTL_SECONDS * 1000 : SESSION_LIFE_MS
        const iat = Math.floor(issuedAt / 1000)
        const exp = Math.floor(Math.min(Date.now() + lifeMs, expiresAt) / 1000)
        const claims = { name, plan, scopes, key: keyId, jti: tokenId ?? randomUUID(), iat, at: issuedAt, exp }
        return {
          token: app.jwt.sign(claims, { sub: userId, aud: audiences[audience] }),
          expiresAt: new Date(exp * 1000)
        }
      },
      async verify(token, audience = 'api') {
        const { alg, kid } = checked(token, () => decodeProtectedHeader(token))
        if (outside && alg !== 'HS256' && audience === 'api')
          return principalOf(await outside.verify(token), 'outside-token', maxTokenLifeSeconds)
        const key = secrets.get(kid ?? '')
        if (key === undefined)
          throw new NotAuthenticated('untrusted', 'The token is not signed by a key that is trusted here')
        const claims = checked(token, () => app.jwt.verify(token, { ...rules, allowedAud: audiences[audience], key }))
        return principalOf(claims, 'token')
      }
    } satisfies Tokens)
  },
  { name: 'tokens' }
)

/** Names a secret without telling anything about it. */
function keyIdOf(secret: string): string {
  return createHash('sha256').update(`kid:${secret}`).digest('hex').slice(0, 12)
}

function failWithoutSecret(): never {
  throw new Error('JWT_SECRET must be set: tokens cannot be signed without it')
}

type Reason = [AuthFailureReason, message: string]

/** What fast-jwt says is wrong, in words of ours: its messages differ by version and can repeat parts of the token. */
const UNREADABLE: Reason = ['malformed', 'The token cannot be read']
const EXPIRED = new Set(['FAST_JWT_EXPIRED', 'FST_JWT_AUTHORIZATION_TOKEN_EXPIRED'])
const REASONS: Record<string, Reason> = {
  FAST_JWT_INACTIVE: ['untrusted', 'The token is not valid yet'],
  FAST_JWT_INVALID_SIGNATURE: ['untrusted', 'The signature of the token is wrong'],
  FAST_JWT_MISSING_SIGNATURE: ['untrusted', 'The token is not signed'],
  FAST_JWT_INVALID_CLAIM_VALUE: ['untrusted', 'The token was made by or for somebody else'],
  FAST_JWT_MISSING_REQUIRED_CLAIM: ['untrusted', 'The token lacks a claim that is required here']
}

function checked<T>(token: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    const { code = '' } = error as { code?: string }
    // Thrown only where the signature is right.
    if (EXPIRED.has(code)) throw tokenExpired(decodeJwt(token).exp)
    throw new NotAuthenticated(...(REASONS[code] ?? UNREADABLE))
  }
}

/** Seconds that a date can still be made of. */
const Instant = Type.Number({ minimum: 0, maximum: 8.64e12 })
const Claims = Type.Object({
  sub: Type.String({ minLength: 1, maxLength: 200, pattern: '^[^\\x00-\\x1f\\x7f]+$' }),
  iat: Instant,
  exp: Instant,
  name: Type.Optional(Type.String()),
  plan: Type.Optional(Type.String()),
  scopes: Type.Optional(Type.Array(Type.String())),
  scope: Type.Optional(Type.String()), // OAuth's form: names separated by spaces
  key: Type.Optional(Type.String()),
  jti: Type.Optional(Type.String()),
  // Ours: `iat` in milliseconds, for a user may be disabled and enabled again within a second.
  at: Type.Optional(Type.Number())
})
type Claims = Static<typeof Claims>
const claimsCheck = Compile(Claims)

function principalOf(claims: unknown, credential: 'token' | 'outside-token', maxLifeSeconds = Infinity): Principal {
  const own = credential === 'token'
  if (!claimsCheck.Check(claims))
    throw new NotAuthenticated('untrusted', 'The token lacks a claim that is required here')
  const granted = claims.scopes ?? claims.scope?.split(' ') ?? []
  const plan: Plan = claims.plan === 'pro' ? 'pro' : 'standard'
  // An outside issuer numbers its own users, who may call themselves as they like: neither must ever meet ours.
  const userId = own ? claims.sub : `outside:${claims.sub}`
  return {
    credential,
    userId,
    name: (own && claims.name) || userId,
    plan,
    scopes: scopesAmong(granted),
    ...(own && claims.key !== undefined && { keyId: claims.key }),
    ...(own && claims.jti !== undefined && { tokenId: claims.jti }),
    issuedAt: (own && claims.at) || claims.iat * 1000,
    expiresAt: Math.min(claims.exp, claims.iat + maxLifeSeconds) * 1000
  }
}
