import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CALENDARS } from '../../src/market/calendars.ts'
import { completenessOf, partsOf, totalOf } from '../../src/market/completeness.ts'
import { GapState } from '../../src/market/gap.ts'
import { sessionOn } from '../../src/market/session.ts'
import { isoOf } from '../../src/market/time.ts'
import { runsOf } from '../support/depth.ts'

const MINUTE_MS = 60_000
const newYork = CALENDARS.find(({ exchange }) => exchange === 'XNYS')!
const parts = partsOf(sessionOn(newYork, '2026-11-16')!)
const [pre, regular, post] = parts
const EVENING = Date.parse('2026-11-17T02:00:00Z')

const gap = (from: string, until: string | undefined, state: GapState) => ({
  from: `2026-11-16T${from}Z`,
  ...(until !== undefined && { until: `2026-11-16T${until}Z` }),
  state
})

test('a day without gaps is received, minute by minute of its sessions, half days as they are', () => {
  expect(parts.map((part) => [part.session, completenessOf(part, [], [], EVENING).receivedMinutes])).toEqual([
    ['pre', 330],
    ['regular', 390],
    ['post', 240]
  ])
  const half = partsOf(sessionOn(newYork, '2026-11-27')!).map((part) =>
    completenessOf(part, [], [], Date.parse('2026-12-01'))
  )
  expect(totalOf(half)).toMatchObject({ expectedMinutes: 330 + 210 + 240, receivedMinutes: 780 })
})

test('of a session that runs only what is over is expected, and nothing of one to come', () => {
  const now = regular!.open + 10.5 * MINUTE_MS
  expect([pre, regular, post].map((part) => completenessOf(part!, [], [], now).expectedMinutes)).toEqual([330, 10, 0])
})

test('a minute that a gap touches is as bad as the worst of its gaps', () => {
  const gaps = [
    gap('14:30:30', '14:32:30', 'filled'),
    gap('14:31:00', '14:32:00', 'unfillable'),
    gap('14:32:10', '14:32:20', 'open'),
    gap('20:59:00', undefined, 'open')
  ]
  const counted = completenessOf(regular!, gaps, [regular!.open, regular!.open - 1], EVENING)
  expect(counted).toMatchObject({
    expectedMinutes: 390,
    receivedMinutes: 386,
    backfilledMinutes: 1,
    unfillableMinutes: 1,
    missingMinutes: 2,
    tradedMinutes: 1
  })
  expect(completenessOf(post!, gaps, [], EVENING)).toMatchObject({ receivedMinutes: 0, missingMinutes: 240 })
})

test('whatever the gaps, the kinds of minutes add up to those expected', () => {
  const instant = fc.integer({ min: pre!.open - 3_600_000, max: post!.close + 3_600_000 })
  const arbitraryGap = fc
    .record({
      from: instant,
      lengthMs: fc.nat(7_200_000),
      grows: fc.boolean(),
      state: fc.constantFrom(...GapState.enum)
    })
    .map(({ from, lengthMs, grows, state }) => ({
      from: isoOf(from),
      ...(!grows && { until: isoOf(from + lengthMs) }),
      state
    }))
  fc.assert(
    fc.property(fc.array(arbitraryGap, { maxLength: 20 }), instant, (gaps, now) => {
      for (const part of parts) {
        const counted = completenessOf(part, gaps, [], now)
        const { expectedMinutes, receivedMinutes, backfilledMinutes, unfillableMinutes, missingMinutes } = counted
        expect(receivedMinutes + backfilledMinutes + unfillableMinutes + missingMinutes).toBe(expectedMinutes)
      }
    }),
    { numRuns: runsOf(200) }
  )
})
