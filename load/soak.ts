import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { ask } from './conversation.ts'
import { cpuSecondsOf, startServer, type Server } from './processes.ts'
import { SYMBOLS } from './ticks.ts'

const VENDORS = ['ibkr', 'upstox'] as const
export type SoakVendor = (typeof VENDORS)[number]

/** What an adapter told, since it began unless it says otherwise. */
export type Heard = {
  events: number
  /** Topics that the vendor carries, or refuses, now. */
  carried: number
  refused: number
  /** Messages, or fields of them, of which nothing could be made. */
  refusals: number
  gaps: number
  connections: number
  state: string
}

const DEFAULT_MINUTES = 3
/** Each instrument trades, and is quoted, so often: two thousand of them tell 1,300 events a second. */
const TICK_MS = 3000
/** TWS takes 50 messages a second, and an instrument needs two or three: so many are asked for at a time. */
const INSTRUMENTS_AT_ONCE = 100
const CARRIED_POLL_MS = 250
const MINUTE_MS = 60_000

type Minute = {
  readonly minute: number
  readonly standInMiB: number
  readonly adapterMiB: number
  readonly eventsPerSecond: number
  readonly silent: number
  readonly refusals: number
  readonly gaps: number
  readonly connections: number
}

/**
 * A vendor's stand-in and the adapter that listens to it, in a process each, for as many minutes as are asked for, with two
 * thousand instruments: whether their memory stays as it is, and whether something is refused, falls silent or breaks off.
 */
export async function run([vendorWord = 'ibkr', minutesWord]: readonly string[]): Promise<Record<string, unknown>> {
  const vendor = VENDORS.find((name) => name === vendorWord)
  const minutes = minutesWord === undefined ? DEFAULT_MINUTES : Number(minutesWord)
  if (!vendor || !Number.isInteger(minutes) || minutes < 1) {
    console.error(`usage: npm run load -- soak [${VENDORS.join(' | ')}] [minutes]`)
    process.exit(2)
  }
  const started: Server[] = []
  const start = async (entry: string, env: Record<string, string>) => {
    const server = await startServer(entry, env, { processor: '0,1' })
    started.push(server)
    return server
  }
  try {
    const standIn = await start('load/servers/stand-in.ts', { SANDBOX_TICK_MS: `${TICK_MS}` })
    const twsPort = await ask<number>(standIn.child, 'twsPort')
    const adapter = await start('load/servers/feed-listener.ts', {
      SOAK_VENDOR: vendor,
      SANDBOX_URL: standIn.url,
      IBKR_PORT: `${twsPort}`
    })
    await carried(adapter)
    return { vendor, minutes, instruments: SYMBOLS, ...(await watched(standIn, adapter, minutes)) }
  } finally {
    for (const server of started.toReversed()) await server.stop()
  }
}

/** Resolves once all is carried that is asked for, a part at a time. Rejects where something is refused. */
async function carried({ child }: Server): Promise<void> {
  for (let instruments = 0; instruments < SYMBOLS;) {
    instruments = Math.min(SYMBOLS, instruments + INSTRUMENTS_AT_ONCE)
    const topics = await ask<number>(child, 'want', { instruments })
    for (
      let heard = await ask<Heard>(child, 'heard');
      heard.carried < topics;
      heard = await ask<Heard>(child, 'heard')
    ) {
      if (heard.refused > 0) throw new Error(`the vendor refused ${heard.refused} of ${topics} topics`)
      await delay(CARRIED_POLL_MS)
    }
  }
}

async function watched(standIn: Server, adapter: Server, minutes: number): Promise<Record<string, unknown>> {
  const pids = { standIn: standIn.child.pid!, adapter: adapter.child.pid! }
  const spent = () => ({ standIn: cpuSecondsOf(pids.standIn), adapter: cpuSecondsOf(pids.adapter) })
  const rows: Minute[] = []
  const before = spent()
  const begun = performance.now()
  let last = await ask<Heard>(adapter.child, 'heard')
  await ask(adapter.child, 'silent')
  let [minuteAt, first] = [begun, last]
  for (let minute = 1; minute <= minutes; minute++) {
    await delay(begun + minute * MINUTE_MS - performance.now())
    const heard = await ask<Heard>(adapter.child, 'heard')
    const now = performance.now()
    const row: Minute = {
      minute,
      standInMiB: residentMiB(pids.standIn),
      adapterMiB: residentMiB(pids.adapter),
      eventsPerSecond: Math.round((1000 * (heard.events - last.events)) / (now - minuteAt)),
      silent: await ask<number>(adapter.child, 'silent'),
      refusals: heard.refusals,
      gaps: heard.gaps,
      connections: heard.connections
    }
    ;[minuteAt, last] = [now, heard]
    rows.push(row)
    console.log(
      Object.entries(row)
        .map(([name, value]) => `${name} ${value}`)
        .join(', ')
    )
  }
  console.table(rows)
  const seconds = (performance.now() - begun) / 1000
  const after = spent()
  const middle = rows[Math.floor((rows.length - 1) / 2)]!
  const end = rows.at(-1)!
  return {
    eventsPerSecond: Math.round((last.events - first.events) / seconds),
    events: last.events - first.events,
    refusals: end.refusals,
    gaps: end.gaps,
    connections: end.connections,
    minutesWithSilent: rows.filter(({ silent }) => silent > 0).length,
    standInMiB: end.standInMiB,
    adapterMiB: end.adapterMiB,
    standInGrowthMiB: end.standInMiB - middle.standInMiB,
    adapterGrowthMiB: end.adapterMiB - middle.adapterMiB,
    standInCpu: rounded((after.standIn - before.standIn) / seconds),
    adapterCpu: rounded((after.adapter - before.adapter) / seconds)
  }
}

/** Of the memory that a process has now, what is in RAM. */
function residentMiB(pid: number): number {
  const [, kibibytes = ''] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Math.round(Number(kibibytes) / 1024)
}

const rounded = (value: number) => Math.round(value * 1000) / 1000
