import { setTimeout } from 'node:timers/promises'
import { UNIVERSE } from '../src/sandbox/universe/universe.ts'
import { memoryOf, openConsolePage, openWatchlist, publishQuotes } from './console-page.ts'
import { quantileOf } from './processes.ts'
import { startWorld } from './world.ts'

const ROWS = 500
const UPDATES_PER_SECOND_EACH = 10
const WARM_UP_SECONDS = 5
const SECONDS = 30
const PUBLISHING_SECONDS = WARM_UP_SECONDS + SECONDS + 2
const MIB = 2 ** 20

/** Kept by the page itself: how long each frame took, and tasks that took more than 50 ms. */
const MEASURING = `
  window.measured = { frames: [], longTasks: [] }
  new PerformanceObserver((list) => window.measured.longTasks.push(...list.getEntries().map(({ duration }) => duration)))
    .observe({ type: 'longtask' })
  let before = performance.now()
  requestAnimationFrame(function frame(now) {
    window.measured.frames.push(now - before)
    before = now
    requestAnimationFrame(frame)
  })`
const FIRST_PAINT = `performance.getEntriesByName('first-contentful-paint')[0].startTime`

type Measured = { frames: number[]; longTasks: number[] }

/**
 * The console in a browser: how soon it is seen when the browser knows its files, and how evenly it draws a watchlist of 500
 * rows each of which changes ten times a second.
 */
export async function run(): Promise<Record<string, number>> {
  const world = await startWorld({ isShared: true })
  const opened = await openConsolePage(world).catch(async (error: unknown) => {
    await world.stop()
    throw error
  })
  const { api, page } = opened
  try {
    await page.goto(api.url)
    await page.getByRole('heading', { name: 'Market overview' }).waitFor()
    await page.reload()
    await page.getByRole('heading', { name: 'Market overview' }).waitFor()
    const firstPaintMs = await page.evaluate<number>(FIRST_PAINT)

    const symbols = UNIVERSE.slice(0, ROWS).map(({ symbol }) => symbol)
    await openWatchlist(opened, symbols)
    const pace = { symbols, perSecondEach: UPDATES_PER_SECOND_EACH, seconds: PUBLISHING_SECONDS }
    const publishing = publishQuotes(world, pace)
    await setTimeout(WARM_UP_SECONDS * 1000)
    const before = await memoryOf(page)
    await page.evaluate(MEASURING)
    await setTimeout(SECONDS * 1000)
    const measured = await page.evaluate<Measured>('window.measured')
    const after = await memoryOf(page)
    const published = await publishing
    const heapGrowthMiB = (after.heapBytes - before.heapBytes) / MIB
    return report(measured, { firstPaintMs, heapGrowthMiB, published })
  } finally {
    await opened.close()
    await world.stop()
  }
}

type Told = { firstPaintMs: number; heapGrowthMiB: number; published: number }

function report({ frames, longTasks }: Measured, { firstPaintMs, heapGrowthMiB, published }: Told) {
  const sorted = Float64Array.from(frames).sort()
  const [p50, p95, p99] = [0.5, 0.95, 0.99].map((quantile) => quantileOf(sorted, quantile))
  const result = {
    firstPaintMs: rounded(firstPaintMs),
    rows: ROWS,
    publishedPerSecond: Math.round(published / PUBLISHING_SECONDS),
    frames: frames.length,
    frameP50Ms: rounded(p50!),
    frameP95Ms: rounded(p95!),
    frameP99Ms: rounded(p99!),
    longTasks: longTasks.length,
    longestTaskMs: rounded(Math.max(0, ...longTasks)),
    heapGrowthMiB: rounded(heapGrowthMiB)
  }
  console.log(`first paint with a warm cache: ${result.firstPaintMs} ms`)
  console.log(`${ROWS} rows, ${result.publishedPerSecond} changes a second, ${SECONDS} s: ${frames.length} frames`)
  console.log(`frame time p50 ${result.frameP50Ms}, p95 ${result.frameP95Ms}, p99 ${result.frameP99Ms} ms`)
  console.log(`tasks over 50 ms: ${longTasks.length}; heap grew by ${result.heapGrowthMiB} MiB`)
  return result
}

const rounded = (value: number) => Math.round(value * 10) / 10
