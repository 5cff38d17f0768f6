import { existsSync } from 'node:fs'
import { pino } from 'pino'
import type { BrowserContext, Page } from 'playwright-core'
import { quoteUpdate } from '../src/market/event.ts'
import { createLog } from '../src/log/log.ts'
import { connectFailFast, ready } from '../src/redis/connections.ts'
import { publishAtPace } from './pace.ts'
import { startServer, type Server } from './processes.ts'
import type { World } from './world.ts'

const CHROMIUM = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium'
const LOG_BYTES = 64 * 2 ** 20
/** Collections of garbage before memory is read, at most; none is needed once one has freed less than this leaves. */
const MAX_COLLECTIONS = 6
const SETTLED_SHARE = 0.99

export type ConsolePage = {
  readonly api: Server
  readonly context: BrowserContext
  readonly page: Page
  close(): Promise<void>
}

/** An API process, and a browser that is signed in to its console, with a page that shows nothing yet. */
export async function openConsolePage(world: World): Promise<ConsolePage> {
  if (!existsSync(CHROMIUM)) throw new Error(`this load needs ${CHROMIUM}; CHROMIUM_PATH names another`)
  const { chromium } = await import('playwright-core')
  const api = await startServer('src/server.ts', world.env, { processor: '0,1' })
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] })
  const close = async () => {
    await browser.close()
    await api.stop()
  }
  try {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 } })
    const data = { apiKey: await world.createKey('console') }
    await context.request.post(`${api.url}/api/v1/auth/session`, { data, headers: { origin: api.url } })
    return { api, context, page: await context.newPage(), close }
  } catch (error) {
    await close()
    throw error
  }
}

/** Lets the browser watch these symbols, from its next page on; resolves once the first of them is live. */
export async function openWatchlist({ api, context, page }: ConsolePage, symbols: readonly string[]): Promise<void> {
  await context.addInitScript(`localStorage.setItem('quotewire.watchlist', '${JSON.stringify(symbols)}')`)
  await page.goto(`${api.url}/watchlist`)
  await page
    .getByRole('row', { name: new RegExp(`^${symbols[0]}`) })
    .getByText('live')
    .waitFor()
}

export type PageMemory = {
  /** What the page's scripts hold once garbage is collected. */
  readonly heapBytes: number
  readonly domNodes: number
  readonly listeners: number
}

export async function memoryOf(page: Page): Promise<PageMemory> {
  const session = await page.context().newCDPSession(page)
  let heapBytes = Infinity
  // What the browser's own objects held is garbage only once they are gone: the next collection frees it.
  for (let rounds = 0; rounds < MAX_COLLECTIONS; rounds++) {
    await session.send('HeapProfiler.collectGarbage')
    const { usedSize } = await session.send('Runtime.getHeapUsage')
    const isSettled = usedSize > heapBytes * SETTLED_SHARE
    heapBytes = Math.min(heapBytes, usedSize)
    if (isSettled) break
  }
  const { nodes, jsEventListeners } = await session.send('Memory.getDOMCounters')
  await session.detach()
  return { heapBytes, domNodes: nodes, listeners: jsEventListeners }
}

export type QuotePace = {
  readonly symbols: readonly string[]
  readonly perSecondEach: number
  readonly seconds: number
}

/** Prices that move with every event, of each symbol as often as said. Resolves with how many there were. */
export async function publishQuotes(
  { redisUrl }: World,
  { symbols, perSecondEach, seconds }: QuotePace
): Promise<number> {
  const redis = connectFailFast(redisUrl)
  await ready(redis, 'REDIS_URL')
  const logger = pino({ level: 'warn' }, process.stderr)
  const log = createLog({ redis, log: logger, shards: 1, retentionMs: 600_000, maxBytes: LOG_BYTES })
  const pace = { ticksPerSecond: symbols.length * perSecondEach, seconds, symbols: symbols.length }
  const appending = new Set<Promise<void>>()
  let failure: unknown
  let count = 0
  try {
    const published = await publishAtPace(pace, (indexes) => {
      const asOf = new Date().toISOString()
      const provenance = { source: 'sandbox', feed: 'sandbox', receivedAt: asOf, state: 'live', attempts: [] } as const
      const quotes = indexes.map((index) => {
        const price = Math.round(10_000 + 500 * Math.sin(++count / 50)) / 100
        const change = Math.round((price - 100) * 100) / 100
        const quote = { symbol: symbols[index]!, price, change, changePercent: change, volume: count, currency: 'USD' }
        return quoteUpdate({ ...quote, asOf, provenance: { ...provenance, attempts: [] } })
      })
      const append = log
        .append(quotes)
        .catch((error: unknown) => (failure ??= error))
        .then(() => void appending.delete(append))
      appending.add(append)
    })
    await Promise.all(appending)
    if (failure !== undefined) throw failure
    return published
  } finally {
    redis.disconnect()
  }
}
