import type { Logger } from 'pino'
import { buildApp } from './app.ts'
import type { Config } from './config/config.ts'
import { createCore } from './core.ts'
import { shippedCalendars } from './exchange-calendars.ts'
import { createDataFreshness } from './market/data-freshness.ts'
import { SessionClock } from './market/session-clock.ts'
import { createVendors } from './vendors.ts'
import { runProcess } from './run-process.ts'

export type ApiServer = { url: string; close(): Promise<void> }

/** Starts the API: resources first, listening last; `close` stops in reverse. */
export async function startServer(config: Config, log: Logger): Promise<ApiServer> {
  const clock = new SessionClock(shippedCalendars(config))
  const vendors = createVendors(config, clock.hoursOf)
  const core = await createCore({ config, log, clock, vendors, replicaUrl: config.DATABASE_REPLICA_URL })
  try {
    const app = await buildApp({ ...core, config, log, freshness: createDataFreshness() })
    const url = await app.listen({ host: config.HOST, port: config.PORT })
    return {
      url,
      async close() {
        await app.close()
        await core.close()
      }
    }
  } catch (error) {
    await core.close()
    throw error
  }
}

if (import.meta.main) await runProcess(startServer, { runs: 'the API listens', stops: 'the API stops' })
