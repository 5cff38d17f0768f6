import { expect, test } from 'vitest'
import { answerOf } from '../../src/cache/entry.ts'
import { shippedCalendars } from '../../src/exchange-calendars.ts'
import { marketStatusAt } from '../../src/market/market-status.ts'
import { SessionClock } from '../../src/market/session-clock.ts'
import { refuseOlder, type TooOld } from '../../src/mcp/age-bound.ts'
import { labelOf, type Found } from '../../src/mcp/tool.ts'

const clock = new SessionClock(shippedCalendars({ MARKET: 'live', SANDBOX_HOURS: 'exchange' }))
const SUNDAY = '2026-11-29T18:00:00Z'
const TUESDAY = '2026-12-01T18:00:00Z'

/** What is said of a price of Apple, given at `at` and so many seconds old, that may be a minute old; undefined where it is given. */
function refusal(at: string, ageSeconds: number, label = {}): TooOld | undefined {
  const now = Date.parse(at)
  const asOf = new Date(now - ageSeconds * 1000).toISOString()
  const provenance = {
    source: 'fmp',
    state: 'live' as const,
    receivedAt: asOf,
    attempts: [],
    ageSeconds,
    asOf,
    ...label
  }
  const found: Found<unknown> = { data: {}, label: provenance, summary: '', symbol: 'AAPL', freshUntil: now + 12_000 }
  const fresh = { receivedAt: now, freshUntil: now, staleUntil: now }
  const status = () => answerOf(marketStatusAt(clock, now).status, fresh)
  try {
    refuseOlder(found, 60, { status }, now)
    return undefined
  } catch (error) {
    return error as TooOld
  }
}

test('a price within the bound is given', () => expect(refusal(TUESDAY, 60)).toBeUndefined())

test('an older one is refused, without its value, with when a newer one can be had', () => {
  const refused = refusal(TUESDAY, 61)
  expect(refused).toMatchObject({ code: 'TOO_OLD', retryAfterSeconds: 12, details: { ageSeconds: 61, source: 'fmp' } })
  expect(refused!.next).toContain('12 s')
})

test('nobody is told to come back in seconds while the exchange is closed', () => {
  const refused = refusal(SUNDAY, 170_000)
  expect(refused!.details).toMatchObject({ marketClosedUntil: '2026-11-30T14:30:00.000Z' })
  expect(refused!.next).toMatch(/^XNYS is closed until 2026-11-30T14:30:00.000Z.*170000/)
  expect(refused!.retryAfterSeconds).toBeUndefined()
})

test('a bound that a late vendor can never keep is said to be one', () => {
  const refused = refusal(TUESDAY, 905, { delayedBySeconds: 900, state: 'delayed' })
  expect(refused!.next).toMatch(/900 s late.*at least 960/)
})

test('a value that nobody could renew sends to the explanation, whatever the hour', () => {
  for (const at of [SUNDAY, TUESDAY]) expect(refusal(at, 900, { state: 'stale' })!.next).toContain('explain_quote')
})

test('a late vendor that writes the present on its price does not make it young', () => {
  const now = Date.parse(TUESDAY)
  const told = { source: 'yahoo', feed: 'delayed', receivedAt: TUESDAY, state: 'delayed' } as const
  expect(labelOf({ ...told, attempts: [], delayedBySeconds: 900 }, { asOf: TUESDAY, now }).ageSeconds).toBe(900)
})
