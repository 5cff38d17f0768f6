import { createRemoteJWKSet, customFetch, errors, jwtVerify, type JWTPayload, type JWTVerifyGetKey } from 'jose'
import { ApiError, NotAuthenticated } from '../errors.ts'
import { HOUR_MS } from '../market/time.ts'
import { tokenExpired } from './credential.ts'

const ALGORITHMS = ['RS256', 'ES256']
/** The issuer's clock may be ahead of ours. */
const CLOCK_TOLERANCE_SECONDS = 5
const FRESH_MS = 60_000
/** How long keys stay good that cannot be asked for again: a rotation that is not heard of counts in the end. */
const HELD_MS = 6 * HOUR_MS
/** How often key ids that the issuer did not publish may make us ask it: forged tokens must not become a flood there. */
const SOONEST_MS = 3000
const TIMEOUT_MS = 3000
const MAX_BYTES = 256 * 1024
const RETRY_AFTER_SECONDS = 5

export type OutsideIssuerOptions = {
  jwksUrl: string
  issuer: string
  audience: string
  /** From a token's `iat` on. */
  maxTokenLifeSeconds: number
}

/**
 * Verifies the tokens of an outside issuer by its JSON Web Key Set. The set is asked for again when it is a minute old or
 * a key is missing from it. While the issuer does not answer, the keys it published last stay good; a key that was never
 * seen cannot be told from a forged one then, and is answered with 503.
 */
export function createOutsideIssuer({ jwksUrl, issuer, audience, maxTokenLifeSeconds }: OutsideIssuerOptions) {
  let askedAt = -Infinity
  const keys = createRemoteJWKSet(new URL(jwksUrl), {
    timeoutDuration: TIMEOUT_MS,
    cooldownDuration: SOONEST_MS,
    cacheMaxAge: HELD_MS,
    async [customFetch](url, init) {
      // The cooldown counts from the last answer that was good; during an outage there is none.
      if (Date.now() - askedAt < SOONEST_MS) throw new Error('the key set could not be read a moment ago')
      askedAt = Date.now()
      return bounded(await fetch(url, init))
    }
  })

  const keyOf: JWTVerifyGetKey = async (header, token) => {
    if (Date.now() - askedAt > FRESH_MS) keys.reload().catch(() => undefined) // nobody waits for it while keys are held
    try {
      return await keys(header, token)
    } catch (cause) {
      if (cause instanceof errors.JWKSNoMatchingKey || cause instanceof errors.JWKSMultipleMatchingKeys) throw cause
      throw new ApiError('ISSUER_UNAVAILABLE', 503, "The token issuer's keys cannot be read now", {
        retryAfterSeconds: RETRY_AFTER_SECONDS,
        cause
      })
    }
  }
  const options = {
    algorithms: ALGORITHMS,
    issuer,
    audience,
    requiredClaims: ['sub', 'iat', 'exp'],
    clockTolerance: CLOCK_TOLERANCE_SECONDS,
    maxTokenAge: maxTokenLifeSeconds // refuses an iat that is ahead, too
  }

  return {
    /** The token's claims. Rejects with NotAuthenticated, or with ISSUER_UNAVAILABLE. */
    async verify(token: string): Promise<JWTPayload> {
      try {
        return (await jwtVerify(token, keyOf, options)).payload
      } catch (error) {
        throw error instanceof ApiError ? error : refusalOf(error)
      }
    }
  }
}

/** In words of ours: those of jose can repeat parts of the token. */
function refusalOf(error: unknown): NotAuthenticated {
  if (error instanceof errors.JWTExpired && error.claim === 'iat') {
    return new NotAuthenticated('expired', 'The token is older than tokens of its issuer may be here')
  }
  if (error instanceof errors.JWTExpired) return tokenExpired(error.payload.exp)
  if (error instanceof errors.JWSSignatureVerificationFailed) return untrusted('The signature of the token is wrong')
  if (error instanceof errors.JWKSNoMatchingKey) {
    return untrusted('The token is not signed by a key that is trusted here')
  }
  if (error instanceof errors.JOSEAlgNotAllowed) {
    return untrusted('The token is not signed with an algorithm that is accepted here')
  }
  if (error instanceof errors.JWKSMultipleMatchingKeys) {
    return untrusted('The token does not say which key it is signed by')
  }
  if (!(error instanceof errors.JWTClaimValidationFailed)) {
    return new NotAuthenticated('malformed', 'The token cannot be read')
  }
  if (error.claim === 'iat' && error.reason === 'check_failed') return untrusted('The token was issued in the future')
  if (error.claim === 'nbf') return untrusted('The token is not valid yet')
  if (error.reason === 'check_failed') return untrusted('The token was made by or for somebody else')
  return untrusted('The token lacks a claim that is required here')
}

const untrusted = (message: string) => new NotAuthenticated('untrusted', message)

function bounded(response: Response): Response {
  let bytes = 0
  const limit = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      bytes += chunk.byteLength
      if (bytes > MAX_BYTES) throw new Error(`the key set is longer than ${MAX_BYTES} bytes`)
      controller.enqueue(chunk)
    }
  })
  return new Response(response.body?.pipeThrough(limit), response)
}
