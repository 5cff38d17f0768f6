import { describe, expect, test } from 'vitest'
import type { BudgetUse, ProviderStatus } from '../../src/market/provider-status.ts'
import { CALENDARS } from '../../src/market/calendars.ts'
import { SessionClock } from '../../src/market/session-clock.ts'
import { affordableQuotes, affordableRequests, isAffordable } from '../../workers/affordable.ts'
import { isQuiet, isSpared } from '../../workers/quiet.ts'

const NOON = Date.parse('2026-03-05T12:00:00Z')
const means = { reservePercent: 30, now: NOON }

function window(limit: number, per: BudgetUse['per'], used: number, resetsAt: string): BudgetUse {
  return { unit: 'requests', per, limit, used, left: limit - used, resetsAt }
}

function status(budget: BudgetUse[], over: Partial<ProviderStatus> = {}): ProviderStatus {
  const capabilities = ['quotes', 'news']
  return {
    name: 'fmp',
    enabled: true,
    status: 'up',
    plan: 'free',
    capabilities,
    budget,
    breakers: {},
    calls: {},
    ...over
  }
}

const day = (used: number) => window(250, 'day', used, '2026-03-06T00:00:00.000Z')

describe('what background work may ask', () => {
  test('by noon half of what people leave of a day, less what was used by anybody', () => {
    expect(affordableRequests(status([day(0)]), means)).toBe(87)
    expect(affordableRequests(status([day(80)]), means)).toBe(7)
    expect(affordableRequests(status([day(200)]), means)).toBe(0)
  })

  test('the tightest window counts, and a month is spread over its own length', () => {
    const minute = window(10, 'minute', 5, '2026-03-05T12:01:00.000Z')
    expect(affordableRequests(status([day(0), minute]), means)).toBe(2)
    const month = window(3000, 'month', 0, '2026-04-01T00:00:00.000Z')
    expect(affordableRequests(status([month]), means)).toBe(304)
  })

  test('nothing of a provider that is off, closed by a 429, or resting after failures', () => {
    const statuses = [
      status([day(0)], { enabled: false }),
      status([day(0)], { closedUntil: '2026-03-05T13:00:00.000Z' }),
      status([day(0)], { breakers: { quotes: 'open' } })
    ]
    expect(affordableQuotes(statuses, means)).toBe(0)
    expect(isAffordable(statuses, 'quotes', means)).toBe(false)
    expect(isAffordable(statuses, 'news', means)).toBe(true)
  })

  test('requests that carry many symbols buy many quotes', () => {
    expect(affordableQuotes([status([day(77)], { quotesPerRequest: 50 }), status([day(85)])], means)).toBe(502)
  })
})

test('it is quiet at night and on holidays, but not while one exchange is open', () => {
  const clock = new SessionClock(CALENDARS)
  expect(isQuiet(clock, Date.parse('2026-03-05T15:00:00Z'))).toBe(false)
  expect(isQuiet(clock, Date.parse('2026-03-07T15:00:00Z'))).toBe(true)
  expect(isQuiet(clock, Date.parse('2026-12-25T15:00:00Z'))).toBe(true)
})

test('at night a schedule rests but for one run in half an hour, and who asks for a run gets it', () => {
  const sunday = Date.parse('2026-03-08T12:00:00Z')
  const context = { clock: new SessionClock(CALENDARS), now: () => sunday }
  const run = { signal: new AbortController().signal, earlierProgress: undefined, progress: async () => undefined }
  const minutes = (count: number) => sunday + count * 60_000
  const everyMs = 120_000
  expect(isSpared(context, { ...run, dueAt: minutes(2), everyMs })).toBe(true)
  expect(isSpared(context, { ...run, dueAt: minutes(30), everyMs })).toBe(false)
  expect(isSpared(context, { ...run, dueAt: minutes(2), everyMs: undefined })).toBe(false)
})
