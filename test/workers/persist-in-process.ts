import { pino } from 'pino'
import { onTestFinished } from 'vitest'
import type { Database } from '../../db/client.ts'
import { createLogLeaseStore } from '../../db/log-leases.ts'
import { createIntake } from '../../src/intake/intake.ts'
import type { EventLog } from '../../src/log/log.ts'
import { ALWAYS_OPEN } from '../../src/market/calendars.ts'
import { SessionClock } from '../../src/market/session-clock.ts'
import { createPersistStats } from '../../src/metrics/persist-gauges.ts'
import { ShardOwner } from '../../workers/persist/shard-owner.ts'
import { shippedHours } from '../support/hours.ts'

const SILENT = pino({ level: 'silent' })

/** Writes the log into a database, in this process, until it is closed or the test is over. */
export function persist(database: Database, eventLog: EventLog) {
  const stats = createPersistStats()
  const clock = new SessionClock(ALWAYS_OPEN)
  const leases = createLogLeaseStore(database)
  const intake = createIntake({
    eventLog,
    log: SILENT,
    record: () => undefined,
    quoteIntervalMs: 200,
    hoursOf: shippedHours
  })
  const owner = new ShardOwner({
    leases,
    eventLog,
    intake,
    database,
    clock,
    batchSize: 500,
    batchMs: 20,
    keepsBbo: true,
    stats,
    log: SILENT
  })
  onTestFinished(() => owner.close())
  return { stats, close: () => owner.close() }
}
