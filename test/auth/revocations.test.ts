import { expect, onTestFinished, test } from 'vitest'
import { Revocations } from '../../src/auth/revocations.ts'
import { connectFailFast, ready } from '../../src/redis/connections.ts'
import { lateDoor } from '../support/late-door.ts'
import { testRedis } from '../support/services.ts'

const FIRST_ANSWER_LATE_MS = 1500
const token = { keyId: 'stolen', userId: 'alice', issuedAt: 1 }

async function revocationsOver(url: string) {
  const redis = connectFailFast(url)
  await ready(redis, 'REDIS_URL')
  const warnings: unknown[] = []
  const log = { warn: (entry: unknown) => void warnings.push(entry) }
  const revocations = new Revocations({ redis, log, onRevoked: () => undefined })
  onTestFinished(async () => {
    await revocations.close()
    redis.disconnect()
  })
  await revocations.start()
  return { revocations, warnings }
}

test('a stolen key stays revoked in a process that Redis answered late when it started', async () => {
  const redis = await testRedis()
  onTestFinished(() => redis.close())
  const { revocations: elsewhere } = await revocationsOver(redis.url)
  await elsewhere.revoke('key:stolen')
  const door = await lateDoor(redis.url)
  door.beLate('zrangebyscore', FIRST_ANSWER_LATE_MS)
  const { revocations, warnings } = await revocationsOver(door.url)
  expect(door.wasLate()).toBe(true)
  await expect.poll(() => revocations.isRevoked(token)).toBe(true)
  expect(warnings).toHaveLength(1)
})
