import fc from 'fast-check'
import { Compile } from 'typebox/compile'
import { expect, test } from 'vitest'
import { MarketEvent } from '../../../src/market/event.ts'
import { mapped, NOON } from './arrivals.ts'
import { runsOf } from '../../support/depth.ts'

const checked = Compile(MarketEvent)
const MARKETS = ['stocks', 'options', 'crypto'] as const

const minute = NOON - 120_000
/** A message of each kind as the vendor documents it. */
const SOUND: readonly Record<string, unknown>[] = [
  {
    ev: 'T',
    sym: 'AAPL',
    x: 4,
    i: '1',
    z: 3,
    p: 1.5,
    s: 1,
    ds: '1.5',
    c: [0, 37],
    t: NOON,
    q: 1,
    trfi: 202,
    trft: NOON
  },
  { ev: 'T', sym: 'O:SPY261218C00650000', x: 302, p: 1.5, s: 1, c: [209], t: NOON, q: 1 },
  { ev: 'Q', sym: 'AAPL', bx: 12, bp: 1.4, bs: 100, ax: 7, ap: 1.5, as: 100, c: 0, i: [604], t: NOON, q: 5, z: 3 },
  { ev: 'AM', sym: 'AAPL', v: 10, dv: '10.5', o: 1.4, c: 1.5, h: 1.5, l: 1.4, s: minute, e: minute + 60_000 },
  { ev: 'A', sym: 'AAPL', v: 10, o: 1.4, c: 1.5, h: 1.5, l: 1.4, s: NOON - 2000, e: NOON - 1000 },
  { ev: 'LULD', T: 'AAPL', h: 1.6, l: 1.3, i: [16], z: 3, t: NOON, q: 9 },
  { ev: 'XT', pair: 'BTC-USD', p: 91_000.5, t: NOON, s: 0.01, c: [2], i: 14, x: 1, r: NOON },
  { ev: 'XQ', pair: 'BTC-USD', bp: 91_000, bs: 0.5, ap: 91_001, as: 0.4, t: NOON, x: 1, r: NOON },
  { ev: 'XA', pair: 'BTC-USD', v: 9.5, o: 1.4, c: 1.5, h: 1.5, l: 1.4, s: minute, e: minute + 60_000 },
  { ev: 'status', status: 'success', message: 'subscribed to: T.AAPL' }
]
/** Numbers of every kind that a field may suddenly hold, as they are written. */
const ODD_NUMBERS = [
  '-1',
  '0',
  '-0',
  '1e999',
  '-1e999',
  '0.1',
  '1e-320',
  '9007199254740993',
  '18446744073709551616',
  '1e21'
]

/** A sound message of which some fields are missing, others hold anything, and others came newly. */
const spoilt = fc
  .record({
    message: fc.constantFrom(...SOUND),
    dropped: fc.nat(15),
    replaced: fc.nat(15),
    value: fc.jsonValue({ maxDepth: 2 }),
    added: fc.option(fc.string({ maxLength: 20 }), { nil: undefined })
  })
  .map(({ message, dropped, replaced, value, added }) => {
    const fields = Object.keys(message)
    const copy: Record<string, unknown> = { ...message }
    if (fields[dropped] !== undefined) delete copy[fields[dropped]]
    if (fields[replaced] !== undefined) copy[fields[replaced]] = value
    if (added !== undefined && !(added in copy)) copy[added] = value
    return copy
  })

/** Each message of a frame is told once, and what becomes an event is one of the vocabulary, with members that are there. */
function expectSound(market: (typeof MARKETS)[number], text: string): void {
  const { events, control, refusals } = mapped(market, text)
  const decoded: unknown = JSON.parse(text)
  const count = Array.isArray(decoded) ? decoded.length : 1
  expect(events.length + control.length + refusals.length).toBe(count)
  for (const event of events) {
    expect([...checked.Errors(event)]).toEqual([])
    expect(JSON.parse(JSON.stringify(event))).toEqual(event)
  }
}

test('whatever JSON a frame is, nothing is thrown, and no message is lost count of', () => {
  fc.assert(
    fc.property(fc.constantFrom(...MARKETS), fc.json({ maxDepth: 3 }), (market, text) => expectSound(market, text)),
    { numRuns: runsOf(150) }
  )
})

test('messages that are nearly right come to an event of the vocabulary or to a refusal', () => {
  fc.assert(
    fc.property(fc.constantFrom(...MARKETS), fc.array(spoilt, { maxLength: 5 }), (market, messages) =>
      expectSound(market, JSON.stringify(messages))
    ),
    { numRuns: runsOf(300) }
  )
})

test('no number of a message becomes another one on its way', () => {
  const fields = SOUND.flatMap((message) =>
    Object.entries(message).flatMap(([field, value]) => (typeof value === 'number' ? [{ message, field, value }] : []))
  )
  fc.assert(
    fc.property(fc.constantFrom(...fields), fc.constantFrom(...ODD_NUMBERS), ({ message, field, value }, odd) => {
      const text = JSON.stringify([message]).replace(`"${field}":${value}`, `"${field}":${odd}`)
      for (const market of MARKETS) {
        for (const event of mapped(market, text).events) {
          expect([...checked.Errors(event)]).toEqual([])
          // What cannot be held exactly is an id, which is a text, or is refused.
          const told = JSON.stringify(event)
          for (const rounded of ['9007199254740992', '18446744073709552000']) expect(told).not.toContain(rounded)
        }
      }
    }),
    { numRuns: runsOf(200) }
  )
})

test('bytes that are no text, and texts that were cut off, are counted', () => {
  const text = JSON.stringify(SOUND)
  fc.assert(
    fc.property(fc.nat(text.length - 1), (end) => {
      expect(mapped('stocks', text.slice(0, end))).toMatchObject({ events: [], refusals: [{ reason: 'malformed' }] })
    }),
    { numRuns: runsOf(100) }
  )
  expect(mapped('stocks', '['.repeat(200_000))).toMatchObject({ refusals: [{ reason: 'malformed' }] })
  expect(mapped('stocks', `[${'['.repeat(50_000)}1234567890123456789${']'.repeat(50_000)}]`).events).toEqual([])
})
