import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cursorAt, formatCursor, parseCursor, stemOf } from '../../src/log/cursor.ts'
import { readEntry } from '../../src/log/entry.ts'
import { parseFormerCursor } from '../../src/log/former-cursor.ts'
import type { Place } from '../../src/log/position.ts'
import { beginningOf } from '../../src/log/positions.ts'
import { tradeEvent } from '../support/events.ts'
import { entryOf } from './entries.ts'

const EPOCHS = ['0123456789ab', 'ffffffffffff', '000000000000'] as const
const NOW_MS = 1_790_000_000_000

const epoch = fc.constantFrom(...EPOCHS)
const index = fc.oneof(fc.constant(0xff_ff_ff_ff), fc.nat({ max: 65_534 }))
const idHigh = fc.oneof(fc.integer({ min: NOW_MS - 60_000, max: NOW_MS }), fc.nat({ max: 2 ** 31 - 1 }), fc.constant(0))
const idLow = fc.oneof(fc.constant(0), fc.nat({ max: 999_999_999 }))
const parts = fc.record({ epoch, idHigh, idLow, index })

/** A place as it was named before. */
const placeOf = (
  shard: number,
  { epoch: name, ...at }: { epoch: string; idHigh: number; idLow: number; index: number }
): Place => parseFormerCursor(`${name}.${shard}.${at.idHigh}-${at.idLow}.${at.index}`)![0]!

const places = fc
  .array(fc.option(parts, { nil: undefined }), { minLength: 1, maxLength: 20 })
  .filter((given) => given.some((each) => each !== undefined))
  .map((given) => given.map((each, shard) => each && placeOf(shard, each)))

describe('a cursor', () => {
  test('is read as it was written, whatever the client has seen of each shard', () => {
    fc.assert(
      fc.property(places, (given) => {
        const read = parseCursor(formatCursor(given), given.length)
        expect(read).toEqual(given.filter((place) => place !== undefined))
      })
    )
  })

  test('names every record of an entry by the stem that they share', () => {
    const entry = readEntry(
      { shard: 1, idHigh: NOW_MS, idLow: 3 },
      entryOf([tradeEvent('AAPL', 1, 1), tradeEvent('AAPL', 2, 1)])
    )
    const others = [
      placeOf(0, { epoch: EPOCHS[1], idHigh: NOW_MS - 4, idLow: 0, index: 7 }),
      beginningAt(1),
      beginningAt(2)
    ]
    const stem = stemOf(entry, others)
    for (const record of [0, 1, 65_534]) {
      const own = placeOf(1, { epoch: EPOCHS[0], idHigh: NOW_MS, idLow: 3, index: record })
      expect(parseCursor(cursorAt(stem, record), 3)).toEqual([others[0], own, others[2]])
    }
  })

  test('is short, however many shards stand still', () => {
    const own = placeOf(0, { epoch: EPOCHS[0], idHigh: NOW_MS, idLow: 0, index: 0 })
    expect(formatCursor([own]).length).toBeLessThanOrEqual(32)
    const idle = Array.from({ length: 15 }, (_, at) => beginningAt(at + 1))
    expect(formatCursor([own, ...idle]).length).toBeLessThanOrEqual(32 + 20)
    const busy = idle.map(({ at }) =>
      placeOf(at.shard, { epoch: EPOCHS[0], idHigh: NOW_MS - 20, idLow: 0, index: 0xff_ff_ff_ff })
    )
    expect(formatCursor([own, ...busy]).length).toBeLessThanOrEqual(32 + 20)
    const all = Array.from({ length: 256 }, (_, shard) =>
      placeOf(shard, { epoch: EPOCHS[shard % 2]!, idHigh: 1, idLow: 99_999, index: 9 })
    )
    expect(formatCursor(all.with(0, own)).length).toBeLessThanOrEqual(4096)
  })

  test('that was cut off, changed or made up is told from those that were given out', () => {
    const given = formatCursor([placeOf(0, { epoch: EPOCHS[0], idHigh: NOW_MS, idLow: 5, index: 77 }), beginningAt(1)])
    for (let length = 0; length < given.length; length++) {
      expect(parseCursor(given.slice(0, length), 2)).toBeUndefined()
      expect(parseCursor(given.slice(length + 1), 2)).toBeUndefined()
      for (const other of ['A', 'z', '-']) {
        if (given[length] === other || isUnused(given, length)) continue
        expect(parseCursor(given.slice(0, length) + other + given.slice(length + 1), 2)).toBeUndefined()
      }
    }
    fc.assert(fc.property(fc.string(), (text) => parseCursor(text, 2) === undefined))
    fc.assert(fc.property(fc.base64String(), (text) => parseCursor(text, 2) === undefined))
    for (const text of [
      '',
      ',',
      'e.0.1-1',
      'e.0.1-1.',
      `${EPOCHS[0]}.-1.1-1.0`,
      `${EPOCHS[0]}.0.${'9'.repeat(99)}-0.0`
    ]) {
      expect(parseCursor(text, 2)).toBeUndefined()
    }
  })

  test('of a log with another number of shards names nothing of this one', () => {
    expect(parseCursor(formatCursor([beginningAt(0), beginningAt(1)]), 3)).toEqual([])
  })

  test('of the former version names the same places', () => {
    const [one, other] = [`${EPOCHS[0]}.0.1-2.3`, `${EPOCHS[1]}.2.${NOW_MS}-0.0`]
    const held = [parseFormerCursor(one)![0], undefined, parseFormerCursor(other)![0]]
    expect(parseCursor(`${one},${other}`, 3)).toEqual(parseCursor(formatCursor(held), 3))
  })
})

const beginningAt = (shard: number): Place => ({ epoch: EPOCHS[0], at: beginningOf(shard) })

/** The last character of the stem has bits that stand for nothing. */
const isUnused = (cursor: string, at: number): boolean => at === cursor.length - 9
