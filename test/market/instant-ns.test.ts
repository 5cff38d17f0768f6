import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compareInstantNs, formatInstantNs, parseInstantNs } from '../../src/market/instant-ns.ts'

const instants = fc.record({
  ms: fc.integer({ min: Date.parse('0001-01-01T00:00:00Z'), max: Date.parse('9999-12-31T00:00:00Z') }),
  ns: fc.integer({ min: 0, max: 999_999 })
})

describe('instants to the nanosecond', () => {
  test('come back from their text as they were, before 1970 too', () => {
    fc.assert(
      fc.property(instants, (instant) => {
        const text = formatInstantNs(instant)
        // Another one of the same day is read faster.
        expect([parseInstantNs(text), parseInstantNs(text)]).toEqual([instant, instant])
      })
    )
  })

  test.each([
    ['2026-11-30T14:30:00Z', '2026-11-30T14:30:00.000Z'],
    ['2026-11-30T14:30:00.1Z', '2026-11-30T14:30:00.100Z'],
    ['2026-11-30T14:30:00.123456Z', '2026-11-30T14:30:00.123456Z'],
    ['2026-11-30T14:30:00.123456789Z', '2026-11-30T14:30:00.123456789Z'],
    ['2026-11-30T14:30:00.12345678Z', '2026-11-30T14:30:00.123456780Z'],
    ['2026-11-30T09:30:00.000000001-05:00', '2026-11-30T14:30:00.000000001Z'],
    ['1969-12-31T23:59:59.999999999Z', '1969-12-31T23:59:59.999999999Z'],
    ['2024-02-29T00:00:00+05:30', '2024-02-28T18:30:00.000Z'],
    ['2016-12-31T23:59:60.5Z', '2017-01-01T00:00:00.500Z']
  ])('%s is %s', (text, expected) => {
    expect(formatInstantNs(parseInstantNs(text)!)).toBe(expected)
  })

  test.each([
    '2026-02-30T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2025-02-29T00:00:00Z',
    '2026-11-30T24:00:00Z',
    '2026-11-30T24:00:00.000Z',
    '2026-11-30T14:3o:00.000Z',
    '2026-11-30T14:30:00.12e4Z',
    '2026-11-30 14:30:00.000Z',
    '2026-11-30T14:60:00Z',
    '2026-11-30T14:30:00.1234567891Z',
    '2026-11-30T14:30:00',
    '2026-11-30',
    '2026-11-30T14:30:00.Z',
    ' 2026-11-30T14:30:00Z',
    ''
  ])('%s is no instant', (text) => {
    parseInstantNs('2026-11-30T14:30:00.000Z')
    expect(parseInstantNs(text)).toBeUndefined()
  })

  test('agree with the clock of the platform wherever that reads them', () => {
    fc.assert(
      fc.property(instants, fc.integer({ min: -14 * 60, max: 14 * 60 }), ({ ms }, offset) => {
        const sign = offset < 0 ? '-' : '+'
        const digits = (value: number) => String(Math.floor(Math.abs(value))).padStart(2, '0')
        const local = new Date(ms).toISOString().replace('Z', `${sign}${digits(offset / 60)}:${digits(offset % 60)}`)
        expect(parseInstantNs(local)).toEqual({ ms: Date.parse(local), ns: 0 })
      })
    )
  })

  test('are in order of time, which their texts of different lengths are not', () => {
    fc.assert(
      fc.property(instants, instants, (a, b) => {
        const nanoseconds = ({ ms, ns }: { ms: number; ns: number }) => BigInt(ms) * 1_000_000n + BigInt(ns)
        const difference = nanoseconds(a) - nanoseconds(b)
        expect(Math.sign(compareInstantNs(a, b))).toBe(difference > 0n ? 1 : difference < 0n ? -1 : 0)
      })
    )
  })
})
