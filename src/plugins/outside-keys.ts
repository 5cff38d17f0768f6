import buildGetJwks from 'get-jwks'
import { ApiError } from '../errors.ts'

/** How often key ids that were never seen may make us ask the issuer: forged tokens must not become a flood there. */
const MAX_UNKNOWN_LOOKUPS_PER_MINUTE = 20
const MAX_KNOWN_KEYS = 100

export type OutsideKeys = {
  /** The PEM of the issuer's key, or undefined where it has none of that id and algorithm. */
  publicKey(alg: string, kid: string): Promise<string | undefined>
}

/** Public keys of an outside token issuer, from its JSON Web Key Set; kept for a minute, then asked for again. */
export function createOutsideKeys(jwksUrl: string, now: () => number = Date.now): OutsideKeys {
  const { origin, pathname, search } = new URL(jwksUrl)
  const jwks = buildGetJwks({ jwksPath: pathname + search, max: MAX_KNOWN_KEYS })
  const known = new Set<string>()
  let minute = 0
  let lookups = 0

  function mayLookUp(id: string): boolean {
    if (known.has(id)) return true
    const current = Math.floor(now() / 60_000)
    if (current !== minute) [minute, lookups] = [current, 0]
    lookups += 1
    return lookups <= MAX_UNKNOWN_LOOKUPS_PER_MINUTE
  }

  return {
    async publicKey(alg, kid) {
      const id = `${alg}:${kid}`
      if (!mayLookUp(id)) return undefined
      try {
        const pem = await jwks.getPublicKey({ domain: origin, alg, kid })
        if (known.size < MAX_KNOWN_KEYS) known.add(id)
        return pem
      } catch (error) {
        if ((error as { code?: string }).code === 'JWK_NOT_FOUND') return undefined
        throw new ApiError('ISSUER_UNAVAILABLE', 503, "The token issuer's keys cannot be read now", {
          retryAfterSeconds: 5,
          cause: error
        })
      }
    }
  }
}
