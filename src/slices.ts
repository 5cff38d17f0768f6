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

/** A list's members after so many of which others may have their turn. */
const MEMBERS_AT_ONCE = 200

/** What `map` makes of each member, in a computation that yields. */
export function* mapping<T, U>(list: readonly T[], map: (member: T, index: number) => U): Generator<void, U[]> {
  const mapped: U[] = []
  for (const [index, member] of list.entries()) {
    if (index % MEMBERS_AT_ONCE === 0) yield
    mapped.push(map(member, index))
  }
  return mapped
}

/** The same pieces, each made in a turn of the event loop, in turn with others. */
export async function* inTurns<T>(pieces: Iterable<T>): AsyncGenerator<T, void> {
  const making = pieces[Symbol.iterator]()
  for (;;) {
    const piece = await inSlices(nextOf(making))
    if (piece.done) return
    yield piece.value
  }
}

// oxlint-disable-next-line require-yield -- one piece is never cut
function* nextOf<T>(making: Iterator<T>): Generator<void, IteratorResult<T>> {
  return making.next()
}
