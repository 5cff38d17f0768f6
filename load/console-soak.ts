import { readFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import type { Locator } from 'playwright-core'
import { MINUTE_MS } from '../src/market/time.ts'
import { UNIVERSE } from '../src/sandbox/universe/universe.ts'
import { memoryOf, openConsolePage, openWatchlist, publishQuotes, type ConsolePage } from './console-page.ts'
import { startServer, type Server } from './processes.ts'
import { startWorld, type World } from './world.ts'

const MINUTES = 10
const ROWS = 500
const UPDATES_PER_SECOND_EACH = 10
const SYMBOL = 'AAPL'
/** Of the simulated exchange: each tick brings trades. */
const TICK_MS = 100
const MIB = 2 ** 20
const RSS = /^VmRSS:\s+(\d+) kB/m

type Streaming = {
  /** Shows something else all the time, as long as events come. */
  readonly moving: Locator
  stop(): Promise<unknown>
}
/** A page, and what streams into it for so many seconds. */
type Scene = (world: World, opened: ConsolePage, seconds: number) => Promise<Streaming>

const scenes: Record<string, Scene> = { watchlist, symbol }

/**
 * Whether what is looked at for long takes ever more memory: the page's heap, nodes and listeners, and the memory of the API
 * process, every minute. Both pages one after the other, unless one is named.
 */
export async function run([page, minutes]: readonly string[]): Promise<Record<string, unknown>> {
  const count = Number(minutes ?? MINUTES)
  const chosen = page === undefined ? Object.keys(scenes) : [page]
  if (!Number.isInteger(count) || count < 2 || chosen.some((name) => !(name in scenes))) {
    console.error(`usage: npm run load -- console-soak [${Object.keys(scenes).join(' | ')}] [minutes, at least 2]`)
    process.exit(2)
  }
  const results: Record<string, unknown> = { minutes: count }
  for (const name of chosen) results[name] = await soak(name, count)
  return results
}

async function soak(name: string, minutes: number) {
  const world = await startWorld({ isShared: true, tickMs: TICK_MS })
  try {
    const opened = await openConsolePage(world)
    try {
      const streaming = await scenes[name]!(world, opened, (minutes * MINUTE_MS) / 1000)
      try {
        return await look(name, opened, streaming.moving, minutes)
      } finally {
        await streaming.stop()
      }
    } finally {
      await opened.close()
    }
  } finally {
    await world.stop()
  }
}

/** Quotes of 500 symbols, each of which changes ten times a second. */
async function watchlist(world: World, opened: ConsolePage, seconds: number): Promise<Streaming> {
  const symbols = UNIVERSE.slice(0, ROWS).map(({ symbol }) => symbol)
  await openWatchlist(opened, symbols)
  const publishing = publishQuotes(world, { symbols, perSecondEach: UPDATES_PER_SECOND_EACH, seconds })
  // Where looking at it fails first, nobody else waits for it.
  publishing.catch(() => undefined)
  const moving = opened.page
    .getByRole('row', { name: new RegExp(`^${symbols[0]}`) })
    .locator('.number')
    .first()
  return { moving, stop: () => publishing }
}

/** A chart of minutes with all indicators, and trades and quotes of its symbol, brought by the workers that do so elsewhere. */
async function symbol(world: World, { api, context, page }: ConsolePage): Promise<Streaming> {
  const workers: Server[] = []
  const stop = async () => {
    for (const worker of workers) await worker.stop()
  }
  try {
    for (const entry of ['workers/run-ingest.ts', 'workers/run-persist.ts']) {
      workers.push(await startServer(entry, { ...world.env, METRICS_PORT: '0' }, { processor: '0,1' }))
    }
    await context.addInitScript(`
      localStorage.setItem('quotewire.chart.timeframe', '1m')
      localStorage.setItem('quotewire.chart.indicators', 'sma,ema,bollinger,rsi,macd')`)
    await page.goto(`${api.url}/symbols/${SYMBOL}`)
    const moving = page.getByRole('region', { name: 'Trades' }).locator('tbody tr').first()
    await moving.waitFor({ timeout: MINUTE_MS })
    return { moving, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

type Look = { heapMiB: number; domNodes: number; listeners: number; apiMiB: number }

async function look(name: string, { api, page }: ConsolePage, moving: Locator, minutes: number) {
  const looks: Look[] = []
  let shownBefore = ''
  console.log(`${name}  minute  heap MiB  DOM nodes  listeners  API process MiB`)
  for (let minute = 1; minute <= minutes; minute++) {
    await setTimeout(MINUTE_MS)
    const shown = await moving.innerText()
    if (shown === shownBefore) throw new Error(`the page has shown the same for a minute: ${shown}`)
    shownBefore = shown
    const { heapBytes, domNodes, listeners } = await memoryOf(page)
    const seen = { heapMiB: rounded(heapBytes / MIB), domNodes, listeners, apiMiB: residentMiB(api) }
    looks.push(seen)
    const cells = [minute, seen.heapMiB, domNodes, listeners, seen.apiMiB]
    console.log(`${name}  ${cells.map((cell) => String(cell).padStart(8)).join('  ')}`)
  }
  const last = looks.at(-1)!
  const half = looks.length >> 1
  const least = (some: readonly Look[], key: keyof Look) => Math.min(...some.map((each) => each[key]))
  // What an answer takes while it is worked on comes and goes.
  const growth = (key: keyof Look) => rounded(least(looks.slice(half), key) - least(looks.slice(0, half), key))
  return {
    heapMiB: last.heapMiB,
    heapGrowthMiB: growth('heapMiB'),
    domNodes: last.domNodes,
    domNodeGrowth: growth('domNodes'),
    listenerGrowth: growth('listeners'),
    apiMiB: last.apiMiB,
    apiGrowthMiB: growth('apiMiB')
  }
}

/** Memory of a process that is in use now, garbage included. */
function residentMiB({ child }: Server): number {
  const [, kib] = RSS.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))!
  return rounded(Number(kib) / 1024)
}

const rounded = (value: number) => Math.round(value * 100) / 100
