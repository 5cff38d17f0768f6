import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Policy } from '../../src/cache/policy.ts'
import { TieredCache } from '../../src/cache/tiered-cache.ts'
import { testRedis } from '../support/services.ts'
import { countingSource, live, prices, type Price } from './market-under-test.ts'
import { runsOf } from '../support/depth.ts'

const START = 1_750_000_000_000
const silent = { warn: () => undefined, info: () => undefined }
/** A price is of the instant in its `receivedAt`, whenever it came. */
const ordered: Policy<Price> = { ...prices, order: ({ receivedAt, price }) => [receivedAt, price] }

let services: Awaited<ReturnType<typeof testRedis>>
let caches: TieredCache[]
let now: number

beforeEach(async () => {
  services = await testRedis()
  caches = []
  now = START
})
afterEach(async () => {
  for (const cache of caches) cache.close()
  await services.close()
})

function startProcess() {
  const cache = new TieredCache({ redis: services.redis, log: silent, now: () => now })
  caches.push(cache)
  return cache.namespace(ordered)
}

const says = (price: Price) => countingSource(() => price).source

describe('a value that comes behind the one that is held', () => {
  test('leaves it as it is while it is fresh, and is no failure', async () => {
    const process = startProcess()
    await process.get('AAPL', says(live(150, START)))
    const refreshed = (await process.refresh(['AAPL'], says(live(149, START - 60_000)))).get('AAPL')
    expect(refreshed).toMatchObject({ value: { price: 150, state: 'live' } })
    expect((await process.get('AAPL', says(live(1)))).value).toEqual(live(150, START))
  })

  test('renews nothing: past its freshness the held value is stale', async () => {
    const process = startProcess()
    await process.get('AAPL', says(live(150, START)))
    now += 100_000
    const answer = await process.get('AAPL', says(live(149, START - 60_000)))
    expect(answer.value).toMatchObject({ price: 150, state: 'stale' })
  })

  test('never takes its place in Redis, whichever process loaded it later', async () => {
    const [one, two] = [startProcess(), startProcess()]
    await one.refresh(['AAPL'], says(live(150, START)))
    await two.refresh(['AAPL'], says(live(149, START - 60_000)))
    expect((await startProcess().get('AAPL', says(live(1)))).value.price).toBe(150)
  })
})

test('no process ever shows a price before the one that it showed, and all end with the newest', async () => {
  const step = fc.record({ process: fc.integer({ min: 0, max: 2 }), instant: fc.integer({ min: 0, max: 9 }) })
  let run = 0
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 8 }), async (steps) => {
      const key = `S${run++}`
      const processes = [startProcess(), startProcess(), startProcess()]
      const shown = processes.map(() => -Infinity)
      for (const { process, instant } of steps) {
        await processes[process]!.refresh([key], says(live(instant, START + instant)))
        for (const [at, each] of processes.entries()) {
          const held = (await each.held([key])).get(key)
          if (!held) continue
          expect(held.value.price).toBeGreaterThanOrEqual(shown[at]!)
          shown[at] = held.value.price
        }
      }
      const newest = Math.max(...steps.map(({ instant }) => instant))
      expect((await startProcess().get(key, says(live(-1)))).value.price).toBe(newest)
    }),
    { numRuns: runsOf(12) }
  )
}, 60_000)
