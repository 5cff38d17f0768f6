import { createPublicKey } from 'node:crypto'
import { Type, type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { ApiError } from '../errors.ts'

const FRESH_MS = 60_000
/** How long keys stay good that cannot be asked for again: a rotation that is not heard of counts in the end. */
const HELD_MS = 6 * 3_600_000
/** How often key ids that the issuer did not publish may make us ask it: forged tokens must not become a flood there. */
const SOONEST_MS = 3000
const TIMEOUT_MS = 3000
const MAX_BYTES = 256 * 1024
const RETRY_AFTER_SECONDS = 5

/** Which kind of key an algorithm takes: a key that is published for another use proves nothing. */
const KINDS: Record<string, { kty: string; crv?: string }> = {
  RS256: { kty: 'RSA' },
  ES256: { kty: 'EC', crv: 'P-256' }
}

const Key = Type.Object({
  kty: Type.String(),
  kid: Type.String(),
  crv: Type.Optional(Type.String()),
  alg: Type.Optional(Type.String()),
  use: Type.Optional(Type.String())
})
type Key = Static<typeof Key>
const keyCheck = Compile(Key)
const setCheck = Compile(Type.Object({ keys: Type.Array(Type.Unknown(), { maxItems: 100 }) }))

export type OutsideKeys = {
  /** The PEM of the issuer's key, or undefined where it has none of that id for that algorithm. */
  publicKey(alg: string, kid: string): Promise<string | undefined>
}

/**
 * Public keys of an outside token issuer, from its JSON Web Key Set. The set is asked for again when it is a minute old
 * or a key is missing from it. While the issuer does not answer, the keys it published last stay good; a key that was
 * never seen cannot be told from a forged one then, and is answered with 503.
 */
export function createOutsideKeys(jwksUrl: string, now: () => number = Date.now): OutsideKeys {
  let held: readonly Key[] | undefined
  let heldSince = 0
  let askedAt = -Infinity
  let failure: unknown
  let asking: Promise<void> | undefined

  async function ask(): Promise<void> {
    askedAt = now()
    try {
      held = await readKeys(jwksUrl)
      heldSince = askedAt
      failure = undefined
    } catch (error) {
      failure = error
      if (now() - heldSince > HELD_MS) held = undefined
    }
    asking = undefined
  }

  return {
    async publicKey(alg, kid) {
      const find = () => held?.find((key) => key.kid === kid && isFor(alg, key))
      const age = now() - askedAt
      if (age > FRESH_MS || (!find() && age > SOONEST_MS)) asking ??= ask()
      const known = find()
      if (!known) await asking
      const key = known ?? find()
      if (key) return pemOf(key)
      if (failure === undefined) return undefined
      throw new ApiError('ISSUER_UNAVAILABLE', 503, "The token issuer's keys cannot be read now", {
        retryAfterSeconds: RETRY_AFTER_SECONDS,
        cause: failure
      })
    }
  }
}

function pemOf(key: Key): string {
  return createPublicKey({ key, format: 'jwk' }).export({ type: 'spki', format: 'pem' }) as string
}

function isFor(algorithm: string, { kty, crv, alg, use }: Key): boolean {
  const kind = KINDS[algorithm]
  const fits = kind?.kty === kty && (kind.crv === undefined || kind.crv === crv)
  return fits && (alg === undefined || alg === algorithm) && (use === undefined || use === 'sig')
}

async function readKeys(url: string): Promise<Key[]> {
  const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS), redirect: 'error' })
  if (!response.ok) throw new Error(`the key set was answered with status ${response.status}`)
  const set: unknown = JSON.parse(await textOf(response))
  if (!setCheck.Check(set)) throw new Error('the key set is none')
  return set.keys.filter((key): key is Key => keyCheck.Check(key))
}

async function textOf(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength
    if (bytes > MAX_BYTES) throw new Error(`the key set is longer than ${MAX_BYTES} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
