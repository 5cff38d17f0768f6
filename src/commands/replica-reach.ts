import { createDatabase } from '../../db/client.ts'
import { replicaProblem } from '../../db/replica.ts'
import type { Config } from '../config/config.ts'
import { withTimeout } from '../timeout.ts'
import { reason } from './reach.ts'

const TIMEOUT_MS = 6000

/**
 * Whether DATABASE_REPLICA_URL names a standby of the server of DATABASE_URL; undefined where it is not set. What it says
 * holds no address and no password.
 */
export async function replicaReached({
  DATABASE_URL,
  DATABASE_REPLICA_URL
}: Config): Promise<{ state: 'ok' | 'problem'; detail: string } | undefined> {
  if (DATABASE_REPLICA_URL === undefined) return undefined
  if (DATABASE_URL === undefined) {
    return { state: 'problem', detail: 'DATABASE_REPLICA_URL is a standby of DATABASE_URL, which is not set' }
  }
  const [primary, replica] = [DATABASE_URL, DATABASE_REPLICA_URL].map((url) =>
    createDatabase({ url, applicationName: 'quotewire-doctor' })
  )
  try {
    const problem = await withTimeout(replicaProblem(primary!, replica!), TIMEOUT_MS, () => 'did not answer in time')
    if (problem) return { state: 'problem', detail: `DATABASE_REPLICA_URL ${problem}` }
    return { state: 'ok', detail: 'DATABASE_REPLICA_URL, a standby of DATABASE_URL' }
  } catch (error) {
    return { state: 'problem', detail: `DATABASE_REPLICA_URL does not answer: ${reason(error)}` }
  } finally {
    await Promise.all([primary, replica].map((database) => database!.close()))
  }
}
