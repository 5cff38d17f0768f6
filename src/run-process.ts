import { setFlagsFromString } from 'node:v8'
import closeWithGrace from 'close-with-grace'
import type { Logger } from 'pino'
import { ConfigError, loadConfig, type Config } from './config/config.ts'
import { onParentGone, reportReady } from './embedded/child.ts'
import { createLogger } from './logger.ts'

const STOP_TIMEOUT_MS = 10_000
/**
 * V8 marks its whole heap whenever 64 MiB of buffers were made, in use or not: beside a busy log that is every few seconds. With
 * this they count as part of the heap, whose collections of what is young free most of them. Later versions of Node may not know it.
 */
const BUFFERS_COUNT_AS_HEAP = '--external-memory-accounted-in-global-limit'

/** `url`: where the process listens, if it does. */
export type RunningProcess = { readonly url: string | undefined; close(): Promise<void> }

/** What the log says when the process runs, and when it stops. */
export type ProcessMessages = { readonly runs: string; readonly stops: string }

/**
 * Runs a process of the server by its environment, until a signal, an error that nobody handled or its parent's end stops it.
 * Where it cannot start, it says why in a line and ends with code 1.
 */
export async function runProcess(
  start: (config: Config, log: Logger) => Promise<RunningProcess>,
  { runs, stops }: ProcessMessages
): Promise<void> {
  setFlagsFromString(BUFFERS_COUNT_AS_HEAP)
  try {
    const config = loadConfig(process.env)
    const log = createLogger(config)
    for (const line of config.misspelt) log.warn(line)
    const running = await start(config, log)
    const grace = closeWithGrace({ delay: STOP_TIMEOUT_MS, logger: false }, async ({ err, signal }) => {
      if (err) log.fatal({ err }, `${stops} after an error nobody handled`)
      else log.info({ signal }, stops)
      await running.close()
    })
    onParentGone(grace.close)
    log.info({ market: config.MARKET, url: running.url }, runs)
    reportReady(running.url)
  } catch (error) {
    process.stderr.write(`${error instanceof ConfigError ? error.message : String(error)}\n`)
    process.exit(1)
  }
}
