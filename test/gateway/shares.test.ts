import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { createGateway, type Gateway } from '../../src/gateway/gateway.ts'
import { createUserShare } from '../../src/gateway/user-share.ts'
import { testRedis, type TestRedis } from '../support/services.ts'
import { aQuote, marketOf, quoteProvider } from './market.ts'

let server: TestRedis
const open: Gateway[] = []
beforeAll(async () => {
  server = await testRedis()
})
afterAll(() => server.close())
beforeEach(() => server.redis.flushdb())
afterEach(() => {
  for (const gateway of open.splice(0)) gateway.close()
})

function gatewayOf(budget: string, percent = 25, answer?: Parameters<typeof quoteProvider>[1]) {
  const knowsAll = async (symbols: readonly string[]) => new Map(symbols.map((symbol) => [symbol, aQuote(symbol)]))
  const yahoo = quoteProvider('yahoo', answer ?? knowsAll)
  const gateway = createGateway(
    marketOf({ redis: server.redis, providers: [yahoo], budgets: { yahoo: budget }, userSharePercent: () => percent })
  )
  open.push(gateway)
  let asked = 0
  const quoteFor = async (user: string | undefined) => {
    const symbol = `S${asked++}`
    return (await gateway.quotes([symbol], { priority: 'interactive', user })).get(symbol)
  }
  return { gateway, yahoo, quoteFor }
}

test("one user cannot spend a vendor's day for the others, in however many processes", async () => {
  const [here, there] = [gatewayOf('40/day'), gatewayOf('40/day')]
  const answers = await Promise.all(
    Array.from({ length: 60 }, (_, index) => (index % 2 ? here : there).quoteFor('mallory'))
  )
  expect(answers.filter((answer) => !(answer instanceof Error))).toHaveLength(10)
  const refused = await here.quoteFor('mallory')
  expect(refused).toMatchObject({
    statusCode: 503,
    isUnconfirmed: false,
    details: {
      attempts: [{ provider: 'yahoo', outcome: 'budget_spent', detail: expect.stringContaining('your share') }]
    }
  })
  expect((refused as { retryAfterSeconds?: number }).retryAfterSeconds).toBeGreaterThan(0)
  for (const gateway of [here, there]) expect(await gateway.quoteFor('alice')).toMatchObject({ price: 100 })
  expect(await here.quoteFor(undefined)).toMatchObject({ price: 100 })
})

test('a share that is smaller than one call still buys one', async () => {
  const { quoteFor } = gatewayOf('3/day')
  expect(await quoteFor('alice')).toMatchObject({ price: 100 })
  expect(await quoteFor('alice')).toMatchObject({ statusCode: 503 })
  expect(await quoteFor('bob')).toMatchObject({ price: 100 })
})

test('a user who is alone may spend all, until there is a second one', async () => {
  let [users, now] = [1, 0]
  const share = createUserShare({ percent: 25, count: async () => users, now: () => now })
  await expect.poll(share).toBe(100)
  users = 2
  now += 60_000
  await expect.poll(share).toBe(25)
})
