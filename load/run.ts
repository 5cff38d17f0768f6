import { run as bars } from './bars.ts'
import { run as fanOut } from './fan-out.ts'
import { run as ingest } from './ingest.ts'
import { run as instruments } from './instruments.ts'
import { run as log } from './log.ts'
import { run as quotes } from './quotes.ts'
import { run as reconnect } from './reconnect.ts'
import { run as storage } from './storage.ts'
import { run as warm } from './warm.ts'

/** `npm run load -- NAME`: each load prints a table for people and, as its last line on stdout, one line of JSON. */
const loads: Record<string, () => Promise<Record<string, unknown>>> = {
  bars,
  'fan-out': fanOut,
  ingest,
  instruments,
  log,
  quotes,
  reconnect,
  storage,
  warm
}

const [name = '', ...rest] = process.argv.slice(2)
const load = loads[name]
if (!load || rest.length > 0) {
  console.error(`usage: npm run load -- NAME, where NAME is one of: ${Object.keys(loads).join(', ')}`)
  process.exit(2)
}
console.log(JSON.stringify({ load: name, ...(await load()) }))
