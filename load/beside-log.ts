import type { Batch, Following } from '../src/log/batch.ts'
import type { LogEntry } from '../src/log/log-entry.ts'
import type { EventLog } from '../src/log/log.ts'

/** A way to follow a log on which entries can be given to the follower too, as if they had been read. */
export function besides(log: EventLog): { follow: EventLog['follow']; give: (entries: readonly LogEntry[]) => void } {
  const given: Batch[] = []
  let wake = () => {}
  const follow: EventLog['follow'] = (...from) => {
    const real = log.follow(...from)
    let reading: Promise<IteratorResult<Batch, undefined>> | undefined
    const next = async (): Promise<IteratorResult<Batch, undefined>> => {
      for (;;) {
        const value = given.shift()
        if (value) return { value, done: false }
        const { promise, resolve } = Promise.withResolvers<undefined>()
        wake = () => resolve(undefined)
        reading ??= real.next()
        const result = await Promise.race([reading, promise])
        if (!result) continue
        reading = undefined
        return result
      }
    }
    const following: Following = {
      next,
      return: () => real.return(),
      [Symbol.asyncIterator]: () => following,
      get isConnected() {
        return real.isConnected
      },
      get unknown() {
        return real.unknown
      }
    }
    return following
  }
  const give = (entries: readonly LogEntry[]) => {
    given.push({ entries, end: [], appendedAt: entries.at(-1)?.appendedAt, gap: undefined })
    wake()
  }
  return { follow, give }
}
