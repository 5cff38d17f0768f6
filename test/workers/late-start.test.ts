import { expect, onTestFinished, test } from 'vitest'
import { startSandbox } from '../../src/sandbox/sandbox.ts'
import { SECRET } from '../support/api.ts'
import { lateDoor } from '../support/late-door.ts'
import { testDatabase, testRedis } from '../support/services.ts'
import { startRealApi, startRealWorker } from './process.ts'

/** Longer than a request would wait. */
const LATE_MS = 1500

test.each([
  ['a worker', 'schedules', ':repeat', startRealWorker],
  ['an API', 'the log', 'xinfo', startRealApi]
])('%s starts although Redis answers late what it asks once about %s', async (_process, _what, lateFor, start) => {
  const [sandbox, redis, database] = await Promise.all([startSandbox(), testRedis(), testDatabase()])
  onTestFinished(async () => {
    await Promise.all([sandbox.close(), redis.close(), database.close()])
  })
  const door = await lateDoor(redis.url)
  door.beLate(lateFor, LATE_MS)
  const started = await start({
    MARKET: 'sandbox',
    SANDBOX_URL: sandbox.url,
    DATABASE_URL: database.url,
    REDIS_URL: door.url,
    JWT_SECRET: SECRET
  })
  expect(door.wasLate()).toBe(true)
  expect((await fetch(`${started.url}/api/health`)).status).toBe(200)
  expect(await started.stop()).toBe(0)
})
