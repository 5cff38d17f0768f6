import { createServer, type AddressInfo } from 'node:net'
import * as fc from 'fast-check'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { parseBudget, periodAt, periodOf, type Purchase } from '../../src/gateway/budget.ts'
import { Ledger } from '../../src/gateway/ledger.ts'
import type { Priority } from '../../src/market/market-data.ts'
import { testRedis, type TestRedis } from '../support/services.ts'
import { silentLog } from './market.ts'
import { runsOf } from '../support/depth.ts'

const MIDNIGHT = Date.parse('2026-03-02T00:00:00Z')
const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

let server: TestRedis
let time = MIDNIGHT
beforeAll(async () => {
  server = await testRedis()
})
afterAll(() => server.close())
beforeEach(async () => {
  time = MIDNIGHT
  await server.redis.flushdb()
})

const ledgerOf = (budget: string, redis = server.redis, reservePercent = 30, log = silentLog) =>
  new Ledger({
    redis,
    budgets: new Map([['tiingo', parseBudget(budget)]]),
    reservePercent,
    userSharePercent: () => 25,
    log,
    now: () => time
  })
const purchase = (parts: Partial<Purchase> = {}): Purchase => ({
  requests: 1,
  symbols: [],
  priority: 'interactive',
  ...parts
})
async function spendUntilRefused(ledger: Ledger, priority: Priority = 'interactive'): Promise<number> {
  let spent = 0
  while (!(await ledger.spend('tiingo', purchase({ priority })))) spent++
  return spent
}

test('a refusal names the reopening and spends in no other window', async () => {
  const ledger = ledgerOf('2/minute, 100/day')
  expect(await spendUntilRefused(ledger)).toBe(2)
  expect(await ledger.spend('tiingo', purchase())).toEqual({ outcome: 'budget_spent', opensAt: MIDNIGHT + MINUTE })
  const { budget } = await ledger.use('tiingo')
  expect(budget.map(({ per, used, left }) => [per, used, left])).toEqual([
    ['minute', 2, 0],
    ['day', 2, 98]
  ])
  time += MINUTE
  expect(await ledger.spend('tiingo', purchase())).toBeUndefined()
})

test('a call that costs two requests never squeezes into room for one', async () => {
  const ledger = ledgerOf('3/day')
  expect(await ledger.spend('tiingo', purchase({ requests: 2 }))).toBeUndefined()
  expect(await ledger.spend('tiingo', purchase({ requests: 2 }))).toMatchObject({ outcome: 'budget_spent' })
  expect(await ledger.spend('tiingo', purchase())).toBeUndefined()
})

test('a symbol counted already this month costs nothing more', async () => {
  const ledger = ledgerOf('100/day, 2 symbols/month')
  expect(await ledger.spend('tiingo', purchase({ symbols: ['AAPL', 'MSFT'] }))).toBeUndefined()
  expect(await ledger.spend('tiingo', purchase({ symbols: ['NVDA'] }))).toMatchObject({
    opensAt: Date.parse('2026-04-01T00:00:00Z')
  })
  expect(await ledger.spend('tiingo', purchase({ symbols: ['MSFT'] }))).toBeUndefined()
})

test('background work leaves its share of the day to people', async () => {
  const ledger = ledgerOf('10/day')
  expect(await spendUntilRefused(ledger, 'background')).toBe(7)
  expect(await spendUntilRefused(ledger, 'interactive')).toBe(3)
})

describe("a vendor's own day", () => {
  const iso = (instant: number) => new Date(instant).toISOString()
  const dayOf = (provider: 'alpha-vantage' | 'tiingo', at: string, per: 'day' | 'month' = 'day') => {
    const { startsAt, endsAt } = periodOf(provider, per, Date.parse(at))
    return `${iso(startsAt)} ${iso(endsAt)}`
  }

  test('begins and ends at its midnight, also when the clocks change', () => {
    expect(dayOf('tiingo', '2026-03-08T03:00:00Z')).toBe('2026-03-08T00:00:00.000Z 2026-03-09T00:00:00.000Z')
    expect(dayOf('alpha-vantage', '2026-03-08T03:00:00Z')).toBe('2026-03-07T05:00:00.000Z 2026-03-08T05:00:00.000Z')
    expect(dayOf('alpha-vantage', '2026-03-08T05:00:00Z')).toBe('2026-03-08T05:00:00.000Z 2026-03-09T04:00:00.000Z')
    expect(dayOf('alpha-vantage', '2026-11-01T12:00:00Z')).toBe('2026-11-01T04:00:00.000Z 2026-11-02T05:00:00.000Z')
    const december = '2026-12-01T05:00:00.000Z 2027-01-01T05:00:00.000Z'
    expect(dayOf('alpha-vantage', '2027-01-01T04:59:59Z', 'month')).toBe(december)
  })

  test('every instant is in exactly one of its days', () => {
    const instants = fc.integer({ min: MIDNIGHT - 400 * DAY, max: MIDNIGHT + 400 * DAY })
    fc.assert(
      fc.property(instants, fc.constantFrom('day', 'month'), (instant, per) => {
        const { startsAt, endsAt } = periodOf('alpha-vantage', per, instant)
        expect(startsAt <= instant && instant < endsAt).toBe(true)
        expect(periodOf('alpha-vantage', per, endsAt).startsAt).toBe(endsAt)
        expect(periodOf('alpha-vantage', per, startsAt - 1).endsAt).toBe(startsAt)
      })
    )
  })
})

describe("after a vendor's 429", () => {
  test('every process waits for its Retry-After', async () => {
    const [here, there] = [ledgerOf('100/day'), ledgerOf('100/day')]
    const rest = () => here.rest('tiingo', { retryAfterMs: 30_000, scope: 'minute' })
    expect(await rest()).toBe(MIDNIGHT + 30_000)
    // Where Redis takes longer than a request may wait, on a busy machine, only this process knows it.
    await expect
      .poll(async () => rest().then(() => there.use('tiingo')))
      .toMatchObject({ closedUntil: MIDNIGHT + 30_000 })
    for (const ledger of [here, there]) {
      expect(await ledger.spend('tiingo', purchase())).toEqual({ outcome: 'rate_limited', opensAt: MIDNIGHT + 30_000 })
      expect((await ledger.use('tiingo')).closedUntil).toBe(MIDNIGHT + 30_000)
    }
    time += 30_000
    expect(await there.spend('tiingo', purchase())).toBeUndefined()
  })

  test.each([
    ['second', MIDNIGHT + SECOND],
    ['minute', MIDNIGHT + MINUTE],
    ['hour', MIDNIGHT + HOUR],
    ['day', MIDNIGHT + 6 * HOUR],
    ['month', MIDNIGHT + 6 * HOUR],
    ['address', MIDNIGHT + 10 * MINUTE],
    [undefined, MIDNIGHT + MINUTE]
  ] as const)(
    'of the %s without Retry-After it is left alone long enough, and never for a wrong guess',
    async (scope, until) => {
      expect(await ledgerOf('100/day').rest('tiingo', { scope, retryAfterMs: undefined })).toBe(until)
    }
  )

  test.each([
    [0, SECOND],
    [1_760_000_000_000, DAY]
  ])(
    'a Retry-After of %i ms neither lets requests rain nor shuts the vendor out for ever',
    async (retryAfterMs, rest) => {
      expect(await ledgerOf('100/day').rest('tiingo', { retryAfterMs, scope: 'minute' })).toBe(MIDNIGHT + rest)
    }
  )

  test('a shorter rest does not cut a longer one', async () => {
    const ledger = ledgerOf('100/day')
    await ledger.rest('tiingo', { retryAfterMs: HOUR, scope: 'hour' })
    await ledger.rest('tiingo', { retryAfterMs: SECOND, scope: 'second' })
    expect((await ledgerOf('100/day').use('tiingo')).closedUntil).toBe(MIDNIGHT + HOUR)
  })
})

test('no window is ever overdrawn, however callers, processes and clocks interleave', async () => {
  const windows = parseBudget('3/second, 7/minute, 20/hour, 6 symbols/day')
  const order = fc.record({
    waitMs: fc.constantFrom(0, 0, 0, 300, 900, 20_000, 40 * MINUTE),
    process: fc.nat(1),
    requests: fc.integer({ min: 1, max: 3 }),
    symbols: fc.subarray(['A', 'B', 'C', 'D', 'E', 'F', 'G', 'H'], { maxLength: 3 }),
    priority: fc.constantFrom<Priority>('interactive', 'background')
  })
  await fc.assert(
    fc.asyncProperty(fc.array(order, { minLength: 10, maxLength: 60 }), async (orders) => {
      await server.redis.flushdb()
      time = MIDNIGHT
      const budget = '3/second, 7/minute, 20/hour, 6 symbols/day'
      let wentAlone = false
      const log = { ...silentLog, warn: () => void (wentAlone = true) }
      const ledgers = [1, 2].map(() => ledgerOf(budget, server.redis, 30, log))
      const granted: { at: number; requests: number; symbols: string[] }[] = []
      const underWay: Promise<void>[] = []
      for (const { waitMs, process, ...wanted } of orders) {
        if (waitMs > 0) await Promise.all(underWay.splice(0))
        time += waitMs
        const at = time
        const spending = ledgers[process]!.spend('tiingo', wanted)
        underWay.push(spending.then((refusal) => void (refusal ?? granted.push({ at, ...wanted }))))
      }
      await Promise.all(underWay)
      // On a busy machine Redis can take longer than a request may wait.
      fc.pre(!wentAlone)
      for (const { unit, per, limit } of windows) {
        const periods = Map.groupBy(granted, ({ at }) => periodAt(per, at).startsAt)
        for (const period of periods.values()) {
          const requests = period.reduce((sum, each) => sum + each.requests, 0)
          const symbols = new Set(period.flatMap((each) => each.symbols)).size
          expect(unit === 'requests' ? requests : symbols).toBeLessThanOrEqual(limit)
        }
      }
    }),
    { numRuns: runsOf(12) }
  )
})

test.each(['1/second, 25/day', '50/hour, 1000/day, 500 symbols/month', '250/minute, 250/day'])(
  'a day on the free plan %s never exceeds it, and people are served whatever background work wants',
  async (budget) => {
    const ledger = ledgerOf(budget)
    const daily = parseBudget(budget).find(({ per }) => per === 'day')!.limit
    const people = Math.floor(daily * 0.3)
    let [byPeople, byJobs] = [0, 0]
    for (let second = 0; second < DAY / SECOND; second += 60) {
      time = MIDNIGHT + second * SECOND
      for (let job = 0; job < 4; job++) {
        if (!(await ledger.spend('tiingo', purchase({ priority: 'background', symbols: [`S${job}`] })))) byJobs++
      }
      time += 1500
      const peopleSoFar = Math.floor((people * (second + 60)) / (DAY / SECOND))
      while (byPeople < peopleSoFar) {
        expect(await ledger.spend('tiingo', purchase({ symbols: ['AAPL'] }))).toBeUndefined()
        byPeople++
      }
    }
    expect(byPeople).toBe(people)
    expect(byPeople + byJobs).toBeLessThanOrEqual(daily)
    expect(byJobs).toBeGreaterThan(daily / 2)
  }
)

describe('while Redis is away', () => {
  test('each process goes on with a careful share, and books it afterwards', async () => {
    const redis = new Redis(server.url)
    const ledger = ledgerOf('100/day', redis)
    for (let spent = 0; spent < 20; spent++) await ledger.spend('tiingo', purchase())
    redis.disconnect()
    await expect.poll(() => redis.status).toBe('end')

    expect(await spendUntilRefused(ledger)).toBe(20)
    expect((await ledger.use('tiingo')).budget).toMatchObject([{ used: 40 }])

    await redis.connect()
    expect(await ledger.spend('tiingo', purchase())).toBeUndefined()
    expect((await ledgerOf('100/day').use('tiingo')).budget).toMatchObject([{ used: 41 }])
    redis.disconnect()
  })

  test('four processes together do not spend more than a whole day allows', async () => {
    const connections = Array.from({ length: 4 }, () => new Redis(server.url))
    const ledgers = connections.map((redis) => ledgerOf('25/day, 10 symbols/month', redis))
    await Promise.all(ledgers.map((ledger) => ledger.spend('tiingo', purchase({ symbols: ['AAPL'] }))))
    for (const redis of connections) redis.disconnect()
    await expect.poll(() => connections.every(({ status }) => status === 'end')).toBe(true)
    const spent = await Promise.all(ledgers.map((ledger) => spendUntilRefused(ledger)))
    expect(4 + spent.reduce((sum, each) => sum + each, 0)).toBeLessThanOrEqual(25)
  })

  test('a Redis that is mute costs one caller a moment and the next one nothing', async () => {
    const mute = createServer()
    await new Promise<void>((listening) => mute.listen(0, '127.0.0.1', listening))
    const { port } = mute.address() as AddressInfo
    const redis = new Redis({ port, host: '127.0.0.1' })
    const ledger = ledgerOf('100/day', redis)
    const startedAt = performance.now()
    for (let spent = 0; spent < 10; spent++) expect(await ledger.spend('tiingo', purchase())).toBeUndefined()
    expect(performance.now() - startedAt).toBeLessThan(1500)
    redis.disconnect()
    mute.close()
  })
})
