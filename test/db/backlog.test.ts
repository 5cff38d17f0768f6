import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { Backlog } from '../../db/backlog.ts'

test('over its limit the oldest go, and are counted', () => {
  const backlog = new Backlog<number>({ maxBytes: 3, bytesOf: () => 1 })
  for (const value of [1, 2, 3, 4, 5]) backlog.add(String(value), value)
  expect(backlog.dropped).toBe(2)
  expect(backlog.take()).toEqual([3, 4, 5])
  backlog.settle()
  expect(backlog).toMatchObject({ size: 0, bytes: 0 })
})

test('what could not be written stands before what came since, and gives way to it', () => {
  const backlog = new Backlog<string>({ maxBytes: 3, bytesOf: () => 1 })
  backlog.add('a', 'a1')
  backlog.add('b', 'b1')
  expect(backlog.take()).toEqual(['a1', 'b1'])
  backlog.add('b', 'b2')
  expect(backlog.size).toBe(3)
  backlog.restore()
  backlog.add('c', 'c1')
  expect(backlog.take()).toEqual(['a1', 'b2', 'c1'])
})

test('what waits is handed over in batches, the oldest first', () => {
  const backlog = new Backlog<number>({ maxBytes: 100 * 2 ** 20, bytesOf: (mib) => mib * 2 ** 20 })
  for (const [index, mib] of [3, 1, 2, 30, 1].entries()) backlog.add(String(index), mib)
  const batches: number[][] = []
  for (let taken = backlog.take(); taken.length > 0; taken = backlog.take()) {
    batches.push(taken)
    backlog.settle()
  }
  expect(batches).toEqual([[3, 1], [2], [30], [1]])
})

test('never holds more than its limit, what is being written included, whatever is added, taken and put back', () => {
  const step = fc.oneof(
    fc.record({ key: fc.constantFrom('a', 'b', 'c', 'd'), bytes: fc.integer({ min: 1, max: 5 }) }),
    fc.constantFrom('take' as const, 'settle' as const, 'restore' as const)
  )
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const backlog = new Backlog<number>({ maxBytes: 8, bytesOf: (bytes) => bytes })
      let taken: number[] = []
      for (const each of steps) {
        if (each === 'take') {
          if (taken.length === 0) taken = backlog.take()
        } else if (each === 'settle' || each === 'restore') {
          backlog[each]()
          taken = []
        } else backlog.add(each.key, each.bytes)
        expect(backlog.bytes).toBeLessThanOrEqual(8)
      }
      backlog.restore()
      const { bytes } = backlog
      expect(backlog.take().reduce((sum, held) => sum + held, 0)).toBe(bytes)
    })
  )
})
