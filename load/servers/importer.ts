import { pino } from 'pino'
import { createDatabase } from '../../db/client.ts'
import { createStores } from '../../db/stores.ts'
import { loadConfig } from '../../src/config/config.ts'
import { shippedCalendars } from '../../src/exchange-calendars.ts'
import { SessionClock } from '../../src/market/session-clock.ts'
import type { JobContext, Run } from '../../workers/handler.ts'
import { importInstruments } from '../../workers/jobs/import-instruments.ts'

/** Runs the job once, as a worker does, in a process that does nothing else; prints a line of JSON. */
const config = loadConfig(process.env)
const database = createDatabase({ url: config.DATABASE_URL! })
const context: Pick<JobContext, 'config' | 'stores' | 'clock' | 'now' | 'log'> = {
  config,
  stores: createStores(database),
  clock: new SessionClock(shippedCalendars(config)),
  now: Date.now,
  log: pino({ level: 'silent' })
}
const run: Run = {
  signal: new AbortController().signal,
  dueAt: Date.now(),
  everyMs: undefined,
  earlierProgress: undefined,
  progress: async () => undefined
}
const startedAt = performance.now()
const { note } = await importInstruments({}, context as JobContext, run)
const seconds = Math.round(performance.now() - startedAt) / 1000
console.log(JSON.stringify({ seconds, rssMiB: Math.round(process.resourceUsage().maxRSS / 1024), note }))
await database.close()
