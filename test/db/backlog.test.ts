import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { Backlog } from '../../db/backlog.ts'

test('over its limit the oldest go, and are counted', () => {
  const backlog = new Backlog<number>({ maxWeight: 3 })
  for (const value of [1, 2, 3, 4, 5]) backlog.add(String(value), value)
  expect(backlog.dropped).toBe(2)
  expect([...backlog.take().values()]).toEqual([3, 4, 5])
  expect(backlog.size).toBe(0)
})

test('what could not be written stands before what came since, and gives way to it', () => {
  const backlog = new Backlog<string>({ maxWeight: 3 })
  backlog.add('a', 'a1')
  backlog.add('b', 'b1')
  const taken = backlog.take()
  backlog.add('b', 'b2')
  backlog.add('c', 'c1')
  backlog.restore(taken)
  expect([...backlog.take()]).toEqual([
    ['a', 'a1'],
    ['b', 'b2'],
    ['c', 'c1']
  ])
})

test('never holds more than its limit, whatever is added, taken and put back', () => {
  const step = fc.oneof(
    fc.record({ key: fc.constantFrom('a', 'b', 'c', 'd'), weight: fc.integer({ min: 1, max: 5 }) }),
    fc.constantFrom('take' as const, 'restore' as const)
  )
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const backlog = new Backlog<number>({ maxWeight: 8, weightOf: (weight) => weight })
      let taken = new Map<string, number>()
      for (const each of steps) {
        if (each === 'take') taken = backlog.take()
        else if (each === 'restore') backlog.restore(taken)
        else backlog.add(each.key, each.weight)
        expect(backlog.weight).toBeLessThanOrEqual(8)
      }
      const { weight } = backlog
      expect([...backlog.take().values()].reduce((sum, held) => sum + held, 0)).toBe(weight)
    })
  )
})
