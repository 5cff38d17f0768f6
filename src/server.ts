import closeWithGrace from 'close-with-grace'
import type { Logger } from 'pino'
import { buildApp } from './app.ts'
import { ConfigError, loadConfig, type Config } from './config/config.ts'
import { createCore } from './core.ts'
import { shippedCalendars } from './exchange-calendars.ts'
import { createDataFreshness } from './market/data-freshness.ts'
import { onParentGone, reportReady } from './embedded/child.ts'
import { createLogger } from './logger.ts'
import { SessionClock } from './market/session-clock.ts'
import { createVendors } from './vendors.ts'

const STOP_TIMEOUT_MS = 10_000

export type ApiServer = { url: string; close(): Promise<void> }

/** Starts the API: resources first, listening last; `close` stops in reverse. */
export async function startServer(config: Config, log: Logger): Promise<ApiServer> {
  const clock = new SessionClock(shippedCalendars(config))
  const core = await createCore({ config, log, clock, vendors: createVendors(config, clock.hoursOf) })
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

async function main(): Promise<void> {
  const config = loadConfig(process.env)
  const log = createLogger(config)
  for (const line of config.misspelt) log.warn(line)
  const server = await startServer(config, log)
  const grace = closeWithGrace({ delay: STOP_TIMEOUT_MS, logger: false }, async ({ err, signal }) => {
    if (err) log.fatal({ err }, 'the API stops after an error nobody handled')
    else log.info({ signal }, 'the API stops')
    await server.close()
  })
  onParentGone(grace.close)
  log.info({ url: server.url, market: config.MARKET }, 'the API listens')
  reportReady(server.url)
}

if (import.meta.main) {
  try {
    await main()
  } catch (error) {
    process.stderr.write(`${error instanceof ConfigError ? error.message : String(error)}\n`)
    process.exit(1)
  }
}
