import { run as bars } from './bars.ts'
import { run as bbo } from './bbo.ts'
import { run as consoleSoak } from './console-soak.ts'
import { run as browser } from './console.ts'
import { run as fanOut } from './fan-out.ts'
import { run as ingest } from './ingest.ts'
import { run as instruments } from './instruments.ts'
import { run as log } from './log.ts'
import { run as quotes } from './quotes.ts'
import { run as reconnect } from './reconnect.ts'
import { run as soak } from './soak.ts'
import { run as stocks } from './stocks.ts'
import { run as storage } from './storage.ts'
import { run as warm } from './warm.ts'

/** `npm run load -- NAME`: each load prints a table for people and, as its last line on stdout, one line of JSON. */
const loads: Record<string, (words: readonly string[]) => Promise<Record<string, unknown>>> = {
  bars,
  bbo,
  console: browser,
  'console-soak': consoleSoak,
  'fan-out': fanOut,
  ingest,
  instruments,
  log,
  quotes,
  reconnect,
  soak,
  stocks,
  storage,
  warm
}

/** These take words of their own, and say which. */
const withWords: ReadonlySet<unknown> = new Set([soak, consoleSoak])

const [name = '', ...rest] = process.argv.slice(2)
const load = loads[name]
if (!load || (rest.length > 0 && !withWords.has(load))) {
  console.error(`usage: npm run load -- NAME, where NAME is one of: ${Object.keys(loads).join(', ')}`)
  process.exit(2)
}
console.log(JSON.stringify({ load: name, ...(await load(rest)) }))
