import { parseArgs } from 'node:util'
import closeWithGrace from 'close-with-grace'
import { ConfigError, loadConfig } from '../config/config.ts'
import { onParentGone, reportReady } from '../embedded/child.ts'
import { createLogger } from '../logger.ts'
import { startSandbox } from './sandbox.ts'

const STOP_TIMEOUT_MS = 5000

/**
 * Serves the simulated market at SANDBOX_URL. SANDBOX_TICK_MS and SANDBOX_HOURS say how often and when its prices move;
 * `--seed 7` makes another market.
 */
async function main(): Promise<void> {
  const { values } = parseArgs({ options: { seed: { type: 'string' } } })
  const config = loadConfig(process.env)
  const log = createLogger(config)
  const { hostname, port } = new URL(config.SANDBOX_URL)
  const sandbox = await startSandbox({
    host: hostname.replaceAll(/[[\]]/g, ''),
    port: Number(port || 80),
    alwaysOpen: config.SANDBOX_HOURS === 'always',
    tickMs: config.SANDBOX_TICK_MS,
    // Whoever starts it on a free port finds TWS behind that one, as the configuration says.
    ...(config.streams.tws && { twsPort: config.IBKR_PORT ?? 'next', twsMaxLines: config.IBKR_MAX_LINES }),
    ...(values.seed !== undefined && { seed: seedOf(values.seed) })
  })
  const grace = closeWithGrace({ delay: STOP_TIMEOUT_MS, logger: false }, async ({ err, signal }) => {
    if (err) log.fatal({ err }, 'the sandbox stops after an error nobody handled')
    else log.info({ signal }, 'the sandbox stops')
    await sandbox.close()
  })
  onParentGone(grace.close)
  log.info({ url: sandbox.url, seed: sandbox.exchange.seed }, 'the sandbox listens')
  reportReady(sandbox.url)
}

function seedOf(text: string): number {
  const seed = Number(text)
  if (!Number.isSafeInteger(seed)) throw new ConfigError(['--seed must be a whole number'])
  return seed
}

try {
  await main()
} catch (error) {
  process.stderr.write(`${error instanceof ConfigError ? error.message : String(error)}\n`)
  process.exit(1)
}
