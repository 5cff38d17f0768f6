import { getEventListeners } from 'node:events'
import { expect, test } from 'vitest'
import { abortable, withTimeout } from '../src/timeout.ts'

const never = () => new Promise<never>(() => undefined)
const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length

test('work that takes too long is left with what the caller says of it', async () => {
  expect(await withTimeout(never(), 1, () => 'late')).toBe('late')
  const refused = withTimeout(never(), 1, () => {
    throw new Error('too late')
  })
  await expect(refused).rejects.toThrow('too late')
})

test('work in time is what it came to, and no timer keeps the process alive after it', async () => {
  const before = timers()
  expect(await withTimeout(Promise.resolve(1), 60_000, () => 2)).toBe(1)
  await expect(withTimeout(Promise.reject(new Error('broken')), 60_000, () => 2)).rejects.toThrow('broken')
  expect(timers()).toBe(before)
})

test('work that fails after its time has run out ends no process', async () => {
  const unhandled: unknown[] = []
  const note = (error: unknown) => void unhandled.push(error)
  process.on('unhandledRejection', note)
  const work = Promise.withResolvers<never>()
  const leave = new AbortController()
  const other = abortable(work.promise, leave.signal)
  expect(await withTimeout(work.promise, 1, () => 'late')).toBe('late')
  leave.abort(new Error('left'))
  await expect(other).rejects.toThrow('left')
  work.reject(new Error('at last'))
  await new Promise((resolve) => setImmediate(resolve))
  process.off('unhandledRejection', note)
  expect(unhandled).toEqual([])
})

test('a caller that leaves waits for no work that does not listen, and no listener stays at its signal', async () => {
  const leave = new AbortController()
  expect(await abortable(Promise.resolve(1), leave.signal)).toBe(1)
  const left = abortable(never(), leave.signal)
  expect(getEventListeners(leave.signal, 'abort')).toHaveLength(1)
  leave.abort('gone home')
  await expect(left).rejects.toThrow('gone home')
  await expect(abortable(never(), leave.signal)).rejects.toThrow('gone home')
  expect(getEventListeners(leave.signal, 'abort')).toHaveLength(0)
})
