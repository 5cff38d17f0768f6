import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Histogram } from '../src/histogram.ts'

const BOUNDS = [1, 2, 5, 10]

test('every value is counted once, in the first bucket whose bound is not below it', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 20 })), (values) => {
      const histogram = new Histogram(BOUNDS)
      for (const value of values) histogram.observe(value)
      const { counts, count, sum } = histogram.read()
      const between = (low: number, high: number) => values.filter((value) => value > low && value <= high).length
      expect(counts).toEqual([between(-1, 1), between(1, 2), between(2, 5), between(5, 10), between(10, Infinity)])
      expect(count).toBe(values.length)
      expect(sum).toBe(values.reduce((total, value) => total + value, 0))
    })
  )
})

test('a percentile is the bound that such a share of the values does not pass', () => {
  const histogram = new Histogram(BOUNDS)
  expect(histogram.percentile(0.5)).toBe(0)
  for (let value = 1; value <= 10; value++) histogram.observe(value)
  expect([0.1, 0.2, 0.5, 0.51, 1].map((share) => histogram.percentile(share))).toEqual([1, 2, 5, 10, 10])
  for (let times = 0; times < 1000; times++) histogram.observe(99)
  expect(histogram.percentile(0.99)).toBe(10)
})
