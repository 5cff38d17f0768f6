import { isoOf } from '../../src/market/time.ts'
import type { StreamReport } from '../../src/market/stream-report.ts'
import type { StreamStatus } from '../../src/streams/stream-status.ts'

/** What other processes are told of a stream. */
export function streamReport({
  feed,
  since,
  lastEventAt,
  credentialUntil,
  limits,
  ...status
}: StreamStatus): StreamReport {
  return {
    stream: feed,
    ...status,
    since: isoOf(since),
    ...(lastEventAt !== undefined && { lastEventAt: isoOf(lastEventAt) }),
    ...(credentialUntil !== undefined && { credentialUntil: isoOf(credentialUntil) }),
    limits: limits.map(({ streams, topics, per }) => ({ streams: [...streams], most: topics, of: per ?? 'topic' }))
  }
}
