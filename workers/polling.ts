import { randomBytes } from 'node:crypto'
import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import { everyTopicOf } from '../src/demand/answers.ts'
import { Carrier } from '../src/demand/carrier.ts'
import { Leases } from '../src/demand/leases.ts'

/** What a process that works the queues tells the others: that it asks for quotes, and what it keeps warm. */
export type Polling = { readonly leases: Leases; close(): Promise<void> }

/** As long as it is not closed, clients are told that the quotes which no stream carries are polled. */
export function startPolling(redis: Redis, log: Pick<Logger, 'warn'>): Polling {
  const processId = randomBytes(5).toString('hex')
  const leases = new Leases({ redis, log, processId })
  const carrier = new Carrier({ redis, log, processId })
  carrier.announce([[everyTopicOf('quotes'), { state: 'polled' }]])
  return {
    leases,
    async close() {
      await Promise.all([leases.close(), carrier.close()])
    }
  }
}
