import { migrate } from '../../db/migrate.ts'
import { keptSince } from '../../db/retention.ts'
import { loadConfig } from '../config/config.ts'

/**
 * `node bin/run.mjs src/commands/migrate.ts` brings the database of DATABASE_URL to the newest schema and claims it for MARKET,
 * as a step of a deployment; `npm start` does the same by itself. Exits with 1, saying why, where it cannot.
 */
try {
  const config = loadConfig(process.env)
  const { DATABASE_URL, MARKET } = config
  if (!DATABASE_URL) throw new Error('DATABASE_URL is not set: it names the database to migrate')
  await migrate(DATABASE_URL, MARKET, keptSince(config, Date.now()).partitioned)
  process.stdout.write(`The database is up to date and holds the ${MARKET} market\n`)
} catch (error) {
  process.stderr.write(`Not migrated. ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
