import { Redis } from 'ioredis'
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { createIntake } from '../../src/intake/intake.ts'
import { watchMarketStatus } from '../../src/intake/market-status-publisher.ts'
import type { EventLog } from '../../src/log/log.ts'
import { beginningOf } from '../../src/log/positions.ts'
import { CALENDARS } from '../../src/market/calendars.ts'
import { marketStatusAt } from '../../src/market/market-status.ts'
import { SessionClock } from '../../src/market/session-clock.ts'
import { connectFailFast, ready } from '../../src/redis/connections.ts'
import { shippedHours } from '../support/hours.ts'
import { openLog } from '../support/live-server.ts'
import { testRedis } from '../support/services.ts'
import { openDoor, throughDoor } from '../log/redis-door.ts'

const clock = new SessionClock(CALENDARS)
const log = { warn: () => undefined, debug: () => undefined }

beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'], shouldAdvanceTime: true }))
afterEach(() => void vi.useRealTimers())

async function toldIn(eventLog: EventLog): Promise<number> {
  const entries = await eventLog.read(beginningOf(0), 100)
  return entries.reduce((sum, { count }) => sum + count, 0)
}

test('a change of the market status is told once by all processes, although Redis is away just then', async () => {
  const services = await testRedis()
  onTestFinished(() => services.close())
  const door = await openDoor()
  const eventLog = await openLog(services.url)
  vi.setSystemTime(marketStatusAt(clock, Date.now()).nextChange - 1500)
  for (let process = 0; process < 2; process++) {
    const redis = connectFailFast(throughDoor(door, services.url))
    onTestFinished(() => redis.disconnect())
    await ready(redis, 'REDIS_URL')
    const intake = createIntake({ eventLog, log, record: () => undefined, quoteIntervalMs: 0, hoursOf: shippedHours })
    const watch = watchMarketStatus({ clock, redis, intake, log })
    onTestFinished(() => watch.close())
  }
  door.treat('swallow answers')
  const witness = new Redis(services.url)
  onTestFinished(() => witness.disconnect())
  await expect
    .poll(() => witness.keys('quotewire:market-status:*'), { timeout: 8000 })
    .toEqual([expect.stringContaining('market-status')])
  expect(await toldIn(eventLog)).toBe(0)
  door.cut()
  await expect.poll(() => toldIn(eventLog)).toBe(1)
}, 30_000)
