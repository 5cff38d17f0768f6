import { SYMBOLS } from './ticks.ts'

/** A server that cannot keep up is offered no more than this much time's ticks at once; the rest is not published. */
const MAX_ARREARS_MS = 100
const TURN_MS = 1

export type Pace = {
  ticksPerSecond: number
  seconds: number
  /** Ticks are of the first so many symbols. */
  symbols?: number
}

/** Publishes ticks of random symbols, those of about a millisecond together. Resolves with how many they were. */
export async function publishAtPace(
  { ticksPerSecond, seconds, symbols = SYMBOLS }: Pace,
  publish: (symbols: readonly number[]) => void
): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>()
  const end = performance.now() + seconds * 1000
  let at = performance.now()
  let published = 0
  let owed = 0
  const turn = () => {
    const now = performance.now()
    owed = Math.min(owed + ((now - at) * ticksPerSecond) / 1000, (MAX_ARREARS_MS * ticksPerSecond) / 1000)
    at = now
    const count = Math.floor(owed)
    owed -= count
    published += count
    if (count > 0) publish(Array.from({ length: count }, () => Math.floor(Math.random() * symbols)))
    if (now < end) setTimeout(turn, TURN_MS)
    else resolve(published)
  }
  turn()
  return promise
}
