import { describe, expect, test } from 'vitest'
import { seedCalendars } from '../../db/calendars.ts'
import { pricePointsOf } from '../../db/market-history.ts'
import type { JobRun } from '../../src/jobs/job-run.ts'
import { CALENDARS } from '../../src/market/calendars.ts'
import { sessionOn } from '../../src/market/session.ts'
import { storesUnderTest } from './stores-under-test.ts'
import { provenance, quote } from './values.ts'

const held = storesUnderTest()

describe('price history', () => {
  const at = (receivedAt: string, price: number) => quote({ price, provenance: provenance({ receivedAt }) })
  const day = [Date.parse('2024-03-05'), Date.parse('2024-03-06')] as const

  test('an instant asked twice is one row, a correction replaces it and a late answer does not', async () => {
    const { marketHistory } = held.stores
    expect(await marketHistory.addPrices(pricePointsOf(at('2024-03-05T21:00:02.000Z', 170)))).toBe(1)
    expect(await marketHistory.addPrices(pricePointsOf(at('2024-03-05T21:01:02.000Z', 170)))).toBe(0)
    expect(await marketHistory.addPrices(pricePointsOf(at('2024-03-05T21:02:02.000Z', 171)))).toBe(1)
    expect(await marketHistory.addPrices(pricePointsOf(at('2024-03-05T21:00:30.000Z', 169)))).toBe(0)
    expect(await marketHistory.prices('AAPL', ...day, 10)).toMatchObject([{ price: 171, session: 'regular' }])
  })

  test('a price after hours is kept beside the regular one', async () => {
    const late = quote({
      symbol: 'MSFT',
      extendedHours: { session: 'post', price: 401.5, asOf: '2024-03-05T22:10:00.000Z' }
    })
    await held.stores.marketHistory.addPrices(pricePointsOf(late))
    const points = await held.stores.marketHistory.prices('MSFT', ...day, 10)
    expect(points.map(({ session, price }) => [session, price])).toEqual([
      ['regular', 170.12],
      ['post', 401.5]
    ])
  })
})

describe('price history of what may cost less than nothing', () => {
  const day = [Date.parse('2020-04-20'), Date.parse('2020-04-21')] as const
  const [settled] = pricePointsOf(
    quote({ symbol: 'CL=F', price: -37.63, bid: -38, ask: 0, asOf: '2020-04-20T18:30:00.000Z' })
  )

  test('keeps a settlement below zero', async () => {
    expect(await held.stores.marketHistory.addPrices([settled!])).toBe(1)
    expect(await held.stores.marketHistory.prices('CL=F', ...day, 10)).toEqual([settled])
  })

  test.each([
    ['price', Number.NaN],
    ['price', Number.NEGATIVE_INFINITY],
    ['volume', -1]
  ])('refuses a %s of %s', async (key, value) => {
    await expect(held.stores.marketHistory.addPrices([{ ...settled!, [key]: value }])).rejects.toThrow(
      /stock_price_history_(price_finite|volume_not_negative)/
    )
  })
})

describe('calendars', () => {
  test('come back from Postgres as they were shipped', async () => {
    const stored = await held.stores.calendars.list()
    expect(stored.map(({ exchange }) => exchange).toSorted()).toEqual(
      CALENDARS.map(({ exchange }) => exchange).toSorted()
    )
    for (const shipped of CALENDARS) {
      const calendar = stored.find(({ exchange }) => exchange === shipped.exchange)!
      for (const { date } of [...shipped.closed, ...shipped.special, { date: '2026-06-10' }]) {
        expect(sessionOn(calendar, date)).toEqual(sessionOn(shipped, date))
      }
    }
  })

  test("an operator's change survives the next release, which adds only days that were not covered", async () => {
    const { sql } = held.database
    await sql`delete from exchange_days where exchange = 'XNYS' and date = '2026-11-26'`
    const shipped = CALENDARS.find(({ exchange }) => exchange === 'XNYS')!
    const newer = {
      ...shipped,
      closed: [...shipped.closed, { date: '2029-01-01', name: "New Year's Day" }],
      knownUntil: '2029-12-31'
    }
    await seedCalendars(sql, [newer])

    const stored = (await held.stores.calendars.list()).find(({ exchange }) => exchange === 'XNYS')!
    expect(stored.knownUntil).toBe('2029-12-31')
    expect(sessionOn(stored, '2026-11-26')).toBeDefined()
    expect(sessionOn(stored, '2029-01-01')).toBeUndefined()
  })
})

describe('job runs', () => {
  const run = (over: Partial<JobRun> = {}): JobRun => ({
    taskId: 'repeat:refresh-quotes:1',
    job: 'refresh-quotes',
    queue: 'live',
    worker: 'host:1',
    attempt: 1,
    payload: {},
    dueAt: '2026-03-05T15:00:00.000Z',
    startedAt: '2026-03-05T15:00:00.010Z',
    outcome: 'running',
    ...over
  })
  const end = { outcome: 'done', finishedAt: '2026-03-05T15:00:00.510Z', items: 40, failures: 2 } as const

  test('a start that is written late does not reopen a run that has ended', async () => {
    const { jobRuns } = held.stores
    await jobRuns.upsert([run(end)])
    await jobRuns.upsert([run()])
    expect(await jobRuns.ofTask('repeat:refresh-quotes:1')).toEqual([run(end)])
    expect(await jobRuns.totals(Date.parse('2026-03-05'))).toEqual([
      {
        job: 'refresh-quotes',
        runs: 1,
        outcomes: { done: 1 },
        items: 40,
        failures: 2,
        durationMs: { p50: 500, p99: 500 },
        lastRun: run(end)
      }
    ])
  })

  test('a run whose worker died is told from one that goes on', async () => {
    const { jobRuns } = held.stores
    const again = { startedAt: '2026-03-05T15:00:20.000Z', attempt: 1 }
    await jobRuns.upsert([run({ taskId: 'b' }), run({ taskId: 'b', ...again }), run({ taskId: 'c' })])
    expect(await jobRuns.closeLost(Date.parse('2026-03-05T14:00:00Z'))).toBe(1)
    expect((await jobRuns.ofTask('b')).map(({ outcome }) => outcome)).toEqual(['running', 'lost'])
    expect((await jobRuns.ofTask('c')).map(({ outcome }) => outcome)).toEqual(['running'])
  })
})
