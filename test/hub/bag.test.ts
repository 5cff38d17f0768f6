import { expect, test } from 'vitest'
import { Bag } from '../../src/hub/bag.ts'

const filled = (count: number) => {
  const bag = new Bag<number>()
  for (let item = 0; item < count; item++) bag.add(item)
  return bag
}

test('an item that leaves is gone, and the others stay, whatever the order', () => {
  for (const count of [1, 5, 33, 200]) {
    const bag = filled(count)
    const left = new Set(bag.items)
    for (let step = 0; step < count; step++) {
      const item = (step * 7919) % count
      bag.delete(item)
      left.delete(item)
      expect(new Set(bag.items)).toEqual(left)
      expect(bag.size).toBe(left.size)
    }
    bag.delete(0)
    bag.add(1)
    expect(bag.items.filter((item) => item === 1)).toHaveLength(left.has(1) ? 2 : 1)
  }
})

test('ten times as many that leave cost about ten times as much, not a hundred times', () => {
  const costOf = (count: number) => {
    const bag = filled(count)
    const { user } = process.cpuUsage()
    for (let item = 0; item < count; item++) bag.delete(item)
    return process.cpuUsage().user - user
  }
  costOf(20_000)
  expect(costOf(200_000)).toBeLessThan(40 * Math.max(1000, costOf(20_000)))
})
