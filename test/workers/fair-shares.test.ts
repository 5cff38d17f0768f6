import fc from 'fast-check'
import { expect, test } from 'vitest'
import { inFairOrder, shareOut } from '../../workers/fair-shares.ts'
import { runsOf } from '../support/depth.ts'

const due = (prefix: string, count: number, receivedAt = 0) =>
  Array.from({ length: count }, (_, at) => ({ symbol: `${prefix}${at}`, receivedAt: receivedAt + at }))

test('a user with twenty symbols is served within the first twenty rounds, whoever else has five thousand', () => {
  const order = inFairOrder([due('A', 5000), due('V', 20, 1_000_000), due('B', 5000)])
  expect(order).toHaveLength(10_020)
  const places = order.flatMap((symbol, at) => (symbol.startsWith('V') ? [at] : []))
  expect(Math.max(...places)).toBeLessThan(60)
})

test('nobody waits longer than it takes to serve everything once, however many users there are', () => {
  const user = fc.array(fc.integer({ min: 0, max: 60 }), { minLength: 1, maxLength: 40 })
  fc.assert(
    fc.property(fc.array(user, { minLength: 1, maxLength: 12 }), fc.integer({ min: 1, max: 30 }), (users, perRun) => {
      const lists = users.map((numbers) => [...new Set(numbers)].map((number) => `S${number}`))
      const all = new Set(lists.flat())
      const renewedAt = new Map<string, number>()
      const runs = Math.ceil(all.size / perRun) * 2 + Math.max(...lists.map(({ length }) => length))
      for (let run = 1; run <= runs; run++) {
        const known = (symbol: string) => ({ symbol, receivedAt: renewedAt.get(symbol) ?? 0 })
        for (const symbol of inFairOrder(lists.map((list) => list.map(known))).slice(0, perRun)) {
          renewedAt.set(symbol, run)
        }
      }
      expect(new Set(renewedAt.keys())).toEqual(all)
    }),
    { numRuns: runsOf(60) }
  )
})

test('what is looked at is shared evenly, and short lists leave their rest to long ones', () => {
  const lengthsOf = (lists: string[][]) => lists.map(({ length }) => length).toSorted((a, b) => a - b)
  const named = (count: number) => Array.from({ length: count }, (_, at) => `S${at}`)
  expect(lengthsOf(shareOut([named(5000), named(20), named(5000)], 1000))).toEqual([20, 490, 490])
  expect(lengthsOf(shareOut([named(3), named(4)], 1000))).toEqual([3, 4])
  expect(shareOut([], 1000)).toEqual([])
})

test('of a list that is too long every part has its turn', () => {
  const list = Array.from({ length: 100 }, (_, at) => at)
  const seen = new Set(Array.from({ length: 10 }, (_, at) => shareOut([list], 10, () => at / 10)).flat(2))
  expect(seen.size).toBe(100)
})
