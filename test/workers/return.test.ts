import { afterEach, beforeEach, expect, test } from 'vitest'
import { loadConfig } from '../../src/config/config.ts'
import { refreshQuotes } from '../../workers/jobs/refresh-quotes.ts'
import { startWorld, type Api, type ApiWorld } from '../support/api.ts'

/** How soon after the return of the first vendor its value has to be there. */
const RETURN_MS = 10_000
const SYMBOLS = ['AAPL', 'MSFT']

let world: ApiWorld
let api: Api
beforeEach(async () => {
  world = await startWorld()
  api = await world.startApi()
})
afterEach(() => world.close())

test(
  'who follows quotes live gets new ones within seconds after every vendor was away',
  { timeout: 40_000 },
  async () => {
    const { marketData } = api.core
    const config = loadConfig({})
    const context = { ...api.core, config, log: api.app.log, now: Date.now } as unknown as Parameters<
      typeof refreshQuotes
    >[1]
    const run = { signal: AbortSignal.timeout(30_000), everyMs: 30_000, dueAt: Date.now() } as Parameters<
      typeof refreshQuotes
    >[2]
    await marketData.quotes(SYMBOLS)
    api.vendor.isDown = true
    const isOpen = async () => (await marketData.providers())[0]!.breakers.quotes === 'open'
    while (!(await isOpen())) await marketData.refresh.quotes(SYMBOLS)

    const renewal = refreshQuotes({ symbols: SYMBOLS }, context, run)
    const asked = api.vendor.asked.length
    await expect.poll(() => api.vendor.asked.length, { timeout: 15_000 }).toBeGreaterThan(asked)
    api.vendor.isDown = false
    const backAt = performance.now()
    expect(await renewal).toMatchObject({ items: SYMBOLS.length, failures: 0 })
    expect(performance.now() - backAt).toBeLessThan(RETURN_MS)
  }
)
