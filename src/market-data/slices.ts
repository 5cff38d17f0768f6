/** Of each turn of the event loop, all long computations together get about so much. */
const SLICE_MS = 8

const waiting: (() => boolean)[] = []

/**
 * Runs a computation that yields wherever it may pause, a slice in each turn of the event loop and in turn with others, so
 * that it keeps no other request waiting. Rejects with what it throws.
 */
export function inSlices<T>(work: Generator<void, T>): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>()
  const advance = (): boolean => {
    const sliceEndsAt = performance.now() + SLICE_MS
    try {
      do {
        const { done, value } = work.next()
        if (done) {
          resolve(value)
          return false
        }
      } while (performance.now() < sliceEndsAt)
      return true
    } catch (error) {
      reject(error)
      return false
    }
  }
  if (waiting.push(advance) === 1) setImmediate(nextSlice)
  return promise
}

function nextSlice(): void {
  const advance = waiting[0]!
  const isUnfinished = advance()
  waiting.shift()
  if (isUnfinished) waiting.push(advance)
  if (waiting.length > 0) setImmediate(nextSlice)
}
