import type { Failure } from '../hub/protocol.ts'
import { tooManyRequests, type Bucket } from './rate-limiter.ts'

/** What a client that resumes is sent of the log, or has read for it, costs a request for each so many bytes. */
export const REPLAYED_BYTES_PER_REQUEST = 256 * 1024

/** Takes from a bucket what a live client asks for: all of it where that is more than it ever holds. Returns why it cannot. */
export function payFor(requests: number, bucket: Bucket): Failure | undefined {
  const due = Math.min(requests, bucket.limit)
  if (bucket.spend(Date.now(), due)) return undefined
  const { code, message, details } = tooManyRequests(bucket, due)
  return { code, message, details }
}
