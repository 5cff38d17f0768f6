import { expect, test } from 'vitest'
import { SerialQueue } from '../../src/hub/serial-queue.ts'

/** Keeps the processor for longer than a slice. */
function work(): void {
  const end = performance.now() + 6
  while (performance.now() < end);
}

/** Counts turns of the event loop until it is stopped. */
function countTurns(): { turns: number; stop(): void } {
  const counter = { turns: 0, stop: () => clearImmediate(next) }
  const count = () => {
    counter.turns++
    next = setImmediate(count)
  }
  let next = setImmediate(count)
  return counter
}

test('others get a turn between two pieces of heavy work, and it begins in order', async () => {
  const serialQueue = new SerialQueue()
  const counter = countTurns()
  const begun: [number, number][] = []
  await Promise.all(
    [0, 1, 2, 3, 4].map(async (piece) => {
      await serialQueue.next()
      begun.push([piece, counter.turns])
      work()
    })
  )
  counter.stop()
  expect(begun.map(([piece]) => piece)).toEqual([0, 1, 2, 3, 4])
  for (const [piece, turn] of begun.slice(1)) expect(turn).toBeGreaterThan(begun[piece - 1]![1])
})

test('what costs little does not wait for turn after turn', async () => {
  const serialQueue = new SerialQueue()
  const counter = countTurns()
  await Promise.all(Array.from({ length: 640 }, () => serialQueue.next()))
  counter.stop()
  expect(counter.turns).toBeLessThan(64)
})

test('work that comes after a quiet time begins too', async () => {
  const serialQueue = new SerialQueue()
  await serialQueue.next()
  await new Promise(setImmediate)
  await serialQueue.next()
})
