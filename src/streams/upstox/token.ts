import { isWire } from '../fields.ts'

/** What a token says of itself. */
export type TokenClaims = {
  /** The vendor's number of the user; undefined where the token does not tell. */
  readonly user: string | undefined
  /** Until when it is taken, epoch milliseconds; undefined where the token does not tell. */
  readonly until: number | undefined
}

const NO_CLAIMS: TokenClaims = { user: undefined, until: undefined }

/**
 * Reads a token's claims, unverified: only the vendor can do that. Access tokens end at 03:30 in India, whenever they were
 * given; those for analytics live for about a year.
 */
export function claimsOf(token: string): TokenClaims {
  const [, payload = ''] = token.split('.')
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString())
    if (!isWire(claims)) return NO_CLAIMS
    const { sub, exp } = claims
    return {
      user: typeof sub === 'string' && sub !== '' ? sub : undefined,
      until: typeof exp === 'number' && Number.isFinite(exp) ? exp * 1000 : undefined
    }
  } catch {
    return NO_CLAIMS
  }
}
