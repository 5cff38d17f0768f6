import { expect, test } from 'vitest'
import { Scratch } from '../../src/hub/scratch.ts'

const LARGE = 10 * 1024 * 1024

test('pieces that were written take no new memory: the next ones overwrite them', () => {
  const scratch = new Scratch()
  const first = scratch.take(100, true).fill(1)
  const second = scratch.take(50, true).fill(2)
  expect(second.buffer).toBe(first.buffer)
  expect(first.subarray(0, 50).every((byte) => byte === 2)).toBe(true)
  expect([first.length, second.length]).toEqual([100, 50])
})

test('a piece that still waits for its client is not overwritten by those to come', () => {
  const scratch = new Scratch()
  const waiting = scratch.take(100, true).fill(1)
  scratch.leave(waiting)
  scratch.take(100, true).fill(2)
  scratch.take(LARGE, true).fill(2)
  expect(waiting.every((byte) => byte === 1)).toBe(true)
})

test('a part of a piece can be left too', () => {
  const scratch = new Scratch()
  const rest = scratch.take(100, true).fill(1).subarray(60)
  scratch.leave(rest)
  scratch.take(100, true).fill(2)
  expect(rest.every((byte) => byte === 1)).toBe(true)
})

test('what is kept for good is nobody else’s', () => {
  const scratch = new Scratch()
  const passing = scratch.take(100, true).fill(1)
  const kept = scratch.take(100, false).fill(2)
  scratch.leave(kept)
  expect(scratch.take(100, true).fill(3).buffer).toBe(passing.buffer)
  expect(kept.every((byte) => byte === 2)).toBe(true)
})

test('large pieces are as long as asked for, and leave the others alone', () => {
  const scratch = new Scratch()
  const small = scratch.take(100, true).fill(1)
  const large = scratch.take(LARGE, true).fill(2)
  expect(large).toHaveLength(LARGE)
  expect(small.every((byte) => byte === 1)).toBe(true)
  scratch.leave(large)
  expect(scratch.take(100, true).buffer).toBe(small.buffer)
})

test('every piece can be written to in words', () => {
  const scratch = new Scratch()
  for (const bytes of [1, 3, 8, 100, LARGE]) {
    for (const isPassing of [true, false]) expect(scratch.take(bytes, isPassing).byteOffset % 8).toBe(0)
  }
})
