import type { Redis } from 'ioredis'
import { withTimeout } from '../timeout.ts'

/** How long a caller waits for Redis before its process goes on alone: people wait for prices, not for bookkeeping. */
const REDIS_PATIENCE_MS = 250

/** Whether asking makes sense: a connection that is only just being made answers soon. */
export function isReachable({ status }: Redis): boolean {
  return status !== 'end' && status !== 'close' && status !== 'reconnecting'
}

/** Rejects where Redis is mute; what it was asked may still happen later. */
export function withinPatience<T>(answer: Promise<T>): Promise<T> {
  return withTimeout(answer, REDIS_PATIENCE_MS, () => {
    throw new Error(`Redis did not answer within ${REDIS_PATIENCE_MS} ms`)
  })
}
