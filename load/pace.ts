import { SYMBOLS } from './ticks.ts'

/** A process that cannot keep up is offered no more than this much time's work at once; the rest is not offered. */
const MAX_ARREARS_MS = 100
const TURN_MS = 1

export type Pace = {
  ticksPerSecond: number
  seconds: number
  /** Ticks are of the first so many symbols. */
  symbols?: number
}

/** Publishes ticks of random symbols, those of about a millisecond together. Resolves with how many they were. */
export function publishAtPace(
  { ticksPerSecond, seconds, symbols = SYMBOLS }: Pace,
  publish: (symbols: readonly number[]) => void
): Promise<number> {
  return atPace(ticksPerSecond, seconds, (count) =>
    publish(Array.from({ length: count }, () => Math.floor(Math.random() * symbols)))
  )
}

/** Says about every millisecond how many have become due. Resolves with how many that were. */
export async function atPace(
  perSecond: number,
  seconds: number,
  onDue: (count: number) => void,
  maxArrearsMs = MAX_ARREARS_MS
): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>()
  const end = performance.now() + seconds * 1000
  let at = performance.now()
  let total = 0
  let owed = 0
  const turn = () => {
    const now = performance.now()
    owed = Math.min(owed + ((now - at) * perSecond) / 1000, (maxArrearsMs * perSecond) / 1000)
    at = now
    const count = Math.floor(owed)
    owed -= count
    total += count
    if (count > 0) onDue(count)
    if (now < end) setTimeout(turn, TURN_MS)
    else resolve(total)
  }
  turn()
  return promise
}
