import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { Database } from '../../db/client.ts'
import { inCopyTransaction, type CopyTransaction } from '../../db/copy.ts'
import { holdsLease, type LogLease } from '../../db/log-leases.ts'
import type { PersistStats } from '../../src/metrics/persist-gauges.ts'

const FIRST_RETRY_MS = 200
const MAX_RETRY_MS = 5000

/** Another process has the shard. */
export class LeaseLostError extends Error {}

export type LeasedTransactionsOptions = {
  readonly lease: LogLease
  readonly database: Pick<Database, 'copyPool'>
  readonly stats: PersistStats
  readonly log: Pick<Logger, 'info' | 'warn'>
  /** Ends waiting for Postgres. */
  readonly signal: AbortSignal
  /** What is held of a transaction that failed must be forgotten. */
  readonly onFailure: () => void
}

/** Transactions that count only while the lease holds. */
export class LeasedTransactions {
  readonly #options: LeasedTransactionsOptions

  constructor(options: LeasedTransactionsOptions) {
    this.#options = options
  }

  /** Rejects with LeaseLostError where the lease is lost; with what failed otherwise. */
  async run<T>(work: (tx: CopyTransaction) => Promise<T>): Promise<T> {
    const { database, lease, onFailure } = this.#options
    try {
      return await inCopyTransaction(database.copyPool, async (tx) => {
        if (!(await holdsLease(tx, lease))) throw new LeaseLostError('another process has the shard')
        return work(tx)
      })
    } catch (error) {
      onFailure()
      throw error
    }
  }

  /**
   * Does something until it works: while Postgres is away it waits. `mend` says whether it changed something about a failure, so
   * that the next try is to come at once. Rejects where the lease is lost, and where it is stopped meanwhile.
   */
  async patiently<T>(
    work: () => Promise<T>,
    mend: (error: unknown) => Promise<boolean> = async () => false
  ): Promise<T> {
    const { log, stats, lease, signal } = this.#options
    for (let retryMs = FIRST_RETRY_MS; ;) {
      try {
        const value = await work()
        if (stats.awaySince !== undefined) log.info({ shard: lease.shard }, 'Postgres takes trades again')
        stats.awaySince = undefined
        return value
      } catch (error) {
        if (error instanceof LeaseLostError) throw error
        if (await mend(error)) continue
        const what = 'Postgres takes no trades; they wait in the log'
        if (stats.awaySince === undefined) log.warn({ err: error, shard: lease.shard }, what)
        stats.awaySince ??= Date.now()
        await delay(retryMs, undefined, { signal })
        retryMs = Math.min(retryMs * 2, MAX_RETRY_MS)
      }
    }
  }
}
