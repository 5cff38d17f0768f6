import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { errorOf, startWorld, type Answer, type Api, type ApiWorld } from '../support/api.ts'

let world: ApiWorld
let api: Api

beforeAll(async () => {
  world = await startWorld()
  api = await world.startApi({ MAX_EVENT_LOOP_DELAY_MS: '1000' })
})
afterAll(() => world.close())

const ask = () => api.get('/api/v1/market/quote/AAPL')

/** Nothing else is done meanwhile, as in a process that computes. */
function holdUp(ms: number): void {
  const until = performance.now() + ms
  while (performance.now() < until);
}

test('a process that starting held up takes its first requests; one that is held up later refuses them, until it is over', async () => {
  const begunAt = performance.now()
  while (performance.now() - begunAt < 2500) {
    holdUp(1200)
    await delay(1)
    expect((await ask()).status).toBe(401)
  }

  let answer: Answer | undefined
  for (let times = 0; times < 10 && answer?.status !== 503; times++) {
    holdUp(1200)
    await delay(1)
    answer = await ask()
  }
  expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '5' } })
  expect(errorOf(answer!).code).toBe('OVERLOADED')
  await expect.poll(async () => (await ask()).status).toBe(401)
}, 40_000)
