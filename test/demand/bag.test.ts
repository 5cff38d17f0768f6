import { expect, test } from 'vitest'
import { Bag, CountedBag } from '../../src/demand/bag.ts'

const filled = (count: number) => {
  const bag = new Bag<number>()
  for (let item = 0; item < count; item++) bag.add(item)
  return bag
}

test('an item that leaves is gone, and the others stay, whatever the order', () => {
  for (const count of [1, 5, 65, 200]) {
    const bag = filled(count)
    const left = new Set(bag.items)
    for (let step = 0; step < count; step++) {
      const item = (step * 7919) % count
      bag.delete(item)
      left.delete(item)
      expect(new Set(bag.items)).toEqual(left)
      expect(bag.size).toBe(left.size)
      expect([bag.has(item), bag.has((item + 1) % count)]).toEqual([false, left.has((item + 1) % count)])
    }
    bag.delete(0)
    bag.add(1)
    expect(bag.items.filter((item) => item === 1)).toHaveLength(left.has(1) ? 2 : 1)
  }
})

test('a hundred thousand that leave are not searched for one by one', () => {
  const bag = filled(100_000)
  const before = process.cpuUsage()
  for (let item = 0; item < 100_000; item++) bag.delete(item)
  // Billions of looks would take many seconds.
  expect(process.cpuUsage(before).user / 1000).toBeLessThan(1000)
})

test('what is needed twice stays until it is needed by nobody', () => {
  const bag = new CountedBag<string>()
  expect([bag.add('AAPL'), bag.add('MSFT'), bag.add('AAPL'), bag.add('AAPL')]).toEqual([true, true, false, false])
  expect([bag.delete('AAPL'), bag.delete('AAPL'), bag.has('AAPL'), bag.delete('AAPL')]).toEqual([
    false,
    false,
    true,
    true
  ])
  expect([bag.has('AAPL'), bag.delete('AAPL'), bag.size, bag.items]).toEqual([false, false, 1, ['MSFT']])
})
