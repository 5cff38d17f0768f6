import { isoOf } from '../../src/market/time.ts'
import type { StreamReport } from '../../src/market/stream-report.ts'
import type { OwnedStatus } from './stream-owner.ts'

/** What other processes are told of a stream; `owner` names this one. */
export function streamReport(
  { feed, since, lastEventAt, lastError, credentialUntil, limits, ...status }: OwnedStatus,
  owner: string
): StreamReport {
  return {
    stream: feed,
    owner,
    ...status,
    since: isoOf(since),
    reconnects: Math.max(0, status.connections - 1),
    ...(lastEventAt !== undefined && { lastEventAt: isoOf(lastEventAt) }),
    ...(lastError && { lastError: { text: lastError.text, at: isoOf(lastError.at) } }),
    ...(credentialUntil !== undefined && { credentialUntil: isoOf(credentialUntil) }),
    limits: limits.map(({ streams, topics, per }) => ({ streams: [...streams], most: topics, of: per ?? 'topic' }))
  }
}
