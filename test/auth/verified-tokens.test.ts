import { expect, onTestFinished, test, vi } from 'vitest'
import { NotAuthenticated } from '../../src/errors.ts'
import type { Principal } from '../../src/auth/principal.ts'
import { Bucket } from '../../src/auth/rate-limiter.ts'
import { VerifiedTokens } from '../../src/auth/verified-tokens.ts'

const ADDRESS = '192.0.2.1'
const MINUTE = 60_000
const HOUR = 60 * MINUTE
const principal = (expiresAt: number): Principal => ({
  credential: 'outside-token',
  userId: 'outside:42',
  name: 'outside:42',
  plan: 'standard',
  scopes: ['market:read'],
  issuedAt: Date.now(),
  expiresAt
})

/** Verified tokens of an issuer that may come to refuse its own tokens. */
function issuedUntil(expiresAt: number) {
  const issuer = { isTrusted: true }
  const verifiedTokens = new VerifiedTokens({
    async verify() {
      if (!issuer.isTrusted)
        throw new NotAuthenticated('untrusted', 'The token is not signed by a key that is trusted here')
      return principal(expiresAt)
    },
    isRevoked: () => false,
    bucketOf: async () => new Bucket('user:outside:42', 600, Date.now(), () => undefined)
  })
  return { verifiedTokens, issuer }
}

test('a token whose key the issuer withdrew opens nothing after five minutes, however late it ends', async () => {
  const { verifiedTokens, issuer } = issuedUntil(Date.now() + 24 * HOUR)
  const header = 'Bearer a.b.c'
  await verifiedTokens.open('a.b.c', ADDRESS)
  issuer.isTrusted = false
  expect(verifiedTokens.known(header, Date.now() + 4 * MINUTE)).toBeDefined()
  expect(verifiedTokens.known(header, Date.now() + 6 * MINUTE)).toBeUndefined()
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 6 * MINUTE })
  onTestFinished(() => void vi.useRealTimers())
  await expect(verifiedTokens.open('a.b.c', ADDRESS)).rejects.toMatchObject({ code: 'NOT_AUTHENTICATED' })
  expect(verifiedTokens.known(header, Date.now())).toBeUndefined()
})

test('a token that ends sooner is known until then', async () => {
  const { verifiedTokens } = issuedUntil(Date.now() + MINUTE)
  await verifiedTokens.open('a.b.c', ADDRESS)
  expect(verifiedTokens.known('Bearer a.b.c', Date.now() + 30_000)).toBeDefined()
  expect(verifiedTokens.known('Bearer a.b.c', Date.now() + MINUTE + 1)).toBeUndefined()
})

test('a header that ends like a known one is another', async () => {
  const { verifiedTokens } = issuedUntil(Date.now() + HOUR)
  const signature = 'x'.repeat(43)
  await verifiedTokens.open(`a.b.${signature}`, ADDRESS)
  expect(verifiedTokens.known(`Bearer a.c.${signature}`, Date.now())).toBeUndefined()
})
