import { onTestFinished } from 'vitest'
import type { Loss, Start } from '../../src/log/batch.ts'
import type { LogEntry } from '../../src/log/log-entry.ts'
import type { EventLog } from '../../src/log/log.ts'

export type Reader = {
  entries(entries: readonly LogEntry[]): void
  replaced?(epoch: string, losses: readonly Loss[]): void
}

/** Follows a log until the test is finished, or until it is closed. */
export function following(log: EventLog, from: Start, reader: Reader): { close(): Promise<void> } {
  const follower = log.follow(from)
  const followed = (async () => {
    for await (const { entries, gap } of follower) {
      if (gap) reader.replaced?.(gap.epoch, gap.losses)
      else reader.entries(entries)
    }
  })()
  const close = async () => {
    await follower.return()
    await followed
  }
  onTestFinished(close)
  return { close }
}
