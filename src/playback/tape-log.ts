import { randomBytes } from 'node:crypto'
import { setImmediate, setTimeout } from 'node:timers/promises'
import { EPOCH_BYTES } from '../log/cursor.ts'
import type { Batch, Following } from '../log/batch.ts'
import type { LogReader } from '../log/log.ts'
import { EntryMaker } from '../log/made-entry.ts'
import { beginningOf, behind, timeIn } from '../log/positions.ts'
import type { TapeEvent } from '../market/tape.ts'

/** As many go into one write: a client that takes them at once is never behind. */
const EVENTS_PER_ENTRY = 64
/** Nothing waits for longer before it is looked again who listens to what. */
const LOOK_EVERY_MS = 50

/** What is to be played, and when. */
export type TapeSource = {
  /** Whether somebody listens yet. */
  isWanted(): boolean
  /** The next events that are due, at most so many; and in how many milliseconds more are, Infinity when none come any more. */
  due(limit: number): Promise<{ readonly events: readonly TapeEvent[]; readonly waitMs: number }>
  /** Resolves when whoever listens can take more. */
  drained(): Promise<void>
  /** Nothing comes any more. Called once. */
  ended(): void
}

/** A log of one shard whose entries are what a tape tells, at the pace at which it is played. It keeps nothing. */
export function createTapeLog(source: TapeSource): LogReader {
  const epoch = randomBytes(EPOCH_BYTES).toString('hex')
  return {
    shards: 1,
    epoch: async () => epoch,
    reach: async () => ({ first: undefined, firstAt: undefined, last: undefined, isWhole: true }),
    timeOf: timeIn,
    at: async () => beginningOf(0),
    read: async () => [],
    follow: () => followTape(source)
  }
}

function followTape(source: TapeSource): Following {
  const ending = new AbortController()
  const batches = playing(source, ending.signal)
  return {
    isConnected: true,
    unknown: 0,
    next: () => batches.next(),
    async return() {
      ending.abort()
      await batches.return(undefined)
      return { done: true, value: undefined }
    },
    [Symbol.asyncIterator]() {
      return this
    }
  }
}

async function* playing(source: TapeSource, signal: AbortSignal): AsyncGenerator<Batch, undefined, undefined> {
  const maker = new EntryMaker()
  let place = { shard: 0, idHigh: 0, idLow: 0 }
  while (!signal.aborted) {
    const { events, waitMs } = source.isWanted()
      ? await source.due(EVENTS_PER_ENTRY)
      : { events: [], waitMs: LOOK_EVERY_MS }
    if (signal.aborted) return
    if (events.length > 0) {
      place = { shard: 0, idHigh: Math.max(place.idHigh, Date.now()), idLow: place.idLow + 1 }
      const entry = maker.entryOf(
        events.map(({ event }) => event),
        place
      )
      yield { entries: [entry], end: [behind(entry)], appendedAt: entry.appendedAt, gap: undefined }
      // What was given is delivered in the next turn.
      await setImmediate()
      await source.drained()
    } else if (waitMs === Infinity) {
      source.ended()
      return
    } else await setTimeout(Math.min(waitMs, LOOK_EVERY_MS), undefined, { signal }).catch(() => undefined)
  }
}
