import type { Logger } from 'pino'
import { insertBbo } from '../../db/bbo.ts'
import { writeBarUpdates } from '../../db/bar-updates.ts'
import type { Database } from '../../db/client.ts'
import type { CopyTransaction } from '../../db/copy.ts'
import { isValueAtFault } from '../../db/failures.ts'
import { writeHalts } from '../../db/halts.ts'
import { instrumentIds } from '../../db/instrument-ids.ts'
import type { LogLease } from '../../db/log-leases.ts'
import { addQuarantined } from '../../db/quarantine.ts'
import { insertTicks, isDuplicate } from '../../db/tick-writes.ts'
import type { Batch as Read } from '../../src/log/batch.ts'
import type { EventLog } from '../../src/log/log.ts'
import { shardOf } from '../../src/log/shard.ts'
import type { Intake } from '../../src/intake/intake.ts'
import type { BarChange } from '../../src/bars/bar-change.ts'
import type { SessionClock } from '../../src/market/session-clock.ts'
import type { PersistStats } from '../../src/metrics/persist-gauges.ts'
import { Arrivals } from './arrivals.ts'
import { BarOutbox } from './bar-outbox.ts'
import { Batch, type Refusable } from './batch.ts'
import { LeasedTransactions, LeaseLostError } from './leased-transactions.ts'
import { ShardPlace } from './shard-place.ts'
import { TradeBars } from './trade-bars.ts'

/** Of entries that wait to be written, and as much again of those that are being written. */
const MAX_BATCH_BYTES = 8 * 2 ** 20
/** When nothing comes, bars whose time has passed are looked for so often. */
const IDLE_MS = 1000
/** Ids of instruments are asked for anew after so long: symbols are renamed. */
const KNOWN_IDS_MS = 60_000

export type ShardWriterOptions = {
  readonly lease: LogLease
  readonly eventLog: EventLog
  readonly database: Pick<Database, 'copyPool'>
  readonly clock: SessionClock
  /** Takes the bars that are made here, once they are committed. */
  readonly intake: Pick<Intake, 'accept'>
  /** BATCH_SIZE, BATCH_MS */
  readonly batchSize: number
  readonly batchMs: number
  /** Whether BBO_DAYS keeps any. */
  readonly keepsBbo: boolean
  readonly stats: PersistStats
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>
}

/**
 * Writes what a shard of the log holds to Postgres, in order: trades, bars that are made of them, and bars that were told. Each
 * batch is one transaction together with the place up to which it was read, under the lease.
 */
export class ShardWriter {
  readonly lease: LogLease
  /** Resolves when nothing more is written: it was stopped, or another process has the lease. Never rejects. */
  readonly done: Promise<void>
  readonly #options: ShardWriterOptions
  readonly #stop = new AbortController()
  readonly #transactions: LeasedTransactions
  readonly #place: ShardPlace
  readonly #bars: TradeBars
  readonly #outbox: BarOutbox
  #ids = new Map<string, number>()
  #idsSince = 0
  /** Whether trades are taken to be new, until one of them is not. */
  #expectsNew = true
  /** The newest instant of the log that was written, epoch ms. */
  #writtenAt = 0

  constructor(options: ShardWriterOptions) {
    this.lease = options.lease
    this.#options = options
    this.#bars = new TradeBars(options.clock)
    this.#place = new ShardPlace(options)
    this.#outbox = new BarOutbox({ ...options, shard: options.lease.shard })
    const onFailure = () => {
      this.#bars.forget()
      this.#outbox.forget()
      this.#ids.clear()
    }
    this.#transactions = new LeasedTransactions({ ...options, signal: this.#stop.signal, onFailure })
    this.done = this.#run().catch((err: unknown) => this.#report(err))
  }

  /** Writes what was read, and no more. */
  async stop(): Promise<void> {
    this.#stop.abort()
    await this.done
  }

  #report(err: unknown): void {
    const { log } = this.#options
    const { shard } = this.lease
    if (err instanceof LeaseLostError) log.warn({ shard }, 'another process writes this shard of the log now')
    else if (!this.#stop.signal.aborted) log.error({ err, shard }, 'a shard of the log is not written any more')
  }

  async #run(): Promise<void> {
    const { eventLog, batchMs } = this.#options
    const { signal } = this.#stop
    const from = await this.#transactions.patiently(() => this.#transactions.run((tx) => this.#begin(tx)))
    await this.#outbox.tell()
    const following = eventLog.follow([from], { signal })
    const arrivals = new Arrivals(following)
    let writing: Promise<void> = Promise.resolve()
    let batch = new Batch(this.#options)
    const write = async () => {
      await writing
      const full = batch
      batch = new Batch(this.#options)
      writing = this.#write(full)
      // It is waited for before the next one; until then it ends the reading.
      writing.catch(() => void following.return())
    }
    try {
      for (;;) {
        const leftMs = batch.since === undefined ? IDLE_MS : batch.since + batchMs - performance.now()
        const arrived = await arrivals.next(leftMs)
        if (arrived?.done) break
        if (arrived?.value.gap) {
          const { gap } = arrived.value
          await write()
          await writing
          await this.#transactions.patiently(() => this.#transactions.run((tx) => this.#place.pass(tx, gap)))
        } else if (arrived) {
          if (this.#take(batch, arrived.value)) await write()
        } else if (batch.since !== undefined) await write()
        else if (arrivals.isConnected) {
          await writing
          await this.#lookAtTime()
        }
      }
      if (batch.since !== undefined) await write()
    } finally {
      await following.return()
      await writing
    }
  }

  /** Whether the batch is full. */
  #take(batch: Batch, { entries, end }: Read): boolean {
    const { batchSize, stats } = this.#options
    batch.add(
      entries,
      end.find(({ shard }) => shard === this.lease.shard)!,
      performance.now()
    )
    stats.waitingBytes = batch.bytes
    return batch.reports.length + batch.bbo.length + batch.bars.length >= batchSize || batch.bytes >= MAX_BATCH_BYTES
  }

  async #begin(tx: CopyTransaction) {
    const { shards } = this.#options.eventLog
    await this.#bars.resume(tx, (symbol) => shardOf(`trades:${symbol}`, shards) === this.lease.shard)
    await this.#outbox.note(tx, [])
    return this.#place.begin(tx)
  }

  /** Bars whose time passes although nothing comes. */
  async #lookAtTime(): Promise<void> {
    const at = Math.max(this.#writtenAt, Date.now() - IDLE_MS)
    const due = this.#bars.due(at)
    if (due.length === 0 && this.#outbox.isEmpty) return
    try {
      this.#options.stats.bars += await this.#transactions.run((tx) => this.#writeBars(tx, at, due))
      this.#writtenAt = at
      await this.#outbox.tell()
    } catch (error) {
      // They are due again when Postgres is back.
      if (error instanceof LeaseLostError) throw error
    }
  }

  /** Returns how many. */
  async #writeBars(tx: CopyTransaction, at: number, due?: BarChange[]): Promise<number> {
    const told = await this.#bars.write(tx, at, due)
    await this.#outbox.note(tx, told)
    return told.length
  }

  /** Rejects when the lease is lost, or it is stopped while Postgres is away. */
  async #write(batch: Batch): Promise<void> {
    if (!batch.end) return
    const { stats } = this.#options
    const startedAt = performance.now()
    await this.#transactions.patiently(
      () => this.#writeOnce(batch),
      (error) => this.#mend(error, batch)
    )
    this.#writtenAt = Math.max(this.#writtenAt, batch.appendedAt)
    stats.batches++
    stats.batchMs = performance.now() - startedAt
    stats.lagMs = Math.max(0, Date.now() - batch.appendedAt)
    stats.refused += batch.refused
  }

  async #writeOnce(batch: Batch): Promise<void> {
    const { stats } = this.#options
    const at = Math.max(this.#writtenAt, batch.appendedAt)
    const written = await this.#transactions.run(async (tx) => {
      if (await this.#place.isCommitted(tx, batch.end!)) {
        await this.#outbox.note(tx, [])
        return undefined
      }
      const reports = await this.#identified(tx, batch.reports)
      const inserted = await insertTicks(tx, reports, { areNew: this.#expectsNew })
      const symbols = new Map(reports.map(({ instrumentId, tick }) => [instrumentId, tick.symbol]))
      await this.#bars.take(tx, inserted, symbols, at)
      await writeBarUpdates(tx, batch.bars)
      await insertBbo(tx, await this.#identified(tx, batch.bbo))
      await writeHalts(tx, await this.#identified(tx, batch.halts))
      await addQuarantined(tx, batch.quarantined)
      const bars = await this.#writeBars(tx, at)
      await this.#place.commit(tx, batch.end!)
      return { ticks: inserted.count, bars: bars + batch.bars.length, bbo: batch.bbo.length }
    })
    if (written) {
      const duplicates = batch.reports.length - written.ticks
      this.#expectsNew = duplicates === 0
      stats.ticks += written.ticks
      stats.duplicates += duplicates
      stats.bars += written.bars
      stats.bbo += written.bbo
    }
    await this.#outbox.tell()
  }

  async #mend(error: unknown, batch: Batch): Promise<boolean> {
    if (isDuplicate(error) && this.#expectsNew) {
      this.#expectsNew = false
      return true
    }
    if (!isValueAtFault(error)) return false
    const refused = [
      await this.#refuse(batch, batch.reports, async (tx, rows) => insertTicks(tx, await this.#identified(tx, rows))),
      await this.#refuse(batch, batch.bars, writeBarUpdates),
      await this.#refuse(batch, batch.bbo, async (tx, rows) => insertBbo(tx, await this.#identified(tx, rows))),
      await this.#refuse(batch, batch.halts, async (tx, rows) => writeHalts(tx, await this.#identified(tx, rows)))
    ]
    return refused.includes(true)
  }

  /** Leaves out the rows of a list that Postgres refuses: tries them in halves, until each stands alone. Whether there were any. */
  async #refuse<Row extends Refusable>(
    batch: Batch,
    list: Row[],
    write: Write<Row>,
    rows = [...list]
  ): Promise<boolean> {
    const [row] = rows
    if (!row) return false
    const error = await this.#tryOut((tx) => write(tx, rows))
    if (!error) return false
    if (rows.length > 1) {
      const middle = rows.length >> 1
      const isInFirst = await this.#refuse(batch, list, write, rows.slice(0, middle))
      return (await this.#refuse(batch, list, write, rows.slice(middle))) || isInFirst
    }
    batch.refuse(list, row, 'refused-by-postgres')
    this.#options.log.warn({ err: error, symbol: row.symbol }, 'Postgres refuses what a feed told')
    return true
  }

  /** Why Postgres refuses what is written; undefined where it does not, or cannot be asked. Nothing stays of it. */
  async #tryOut(write: (tx: CopyTransaction) => Promise<unknown>): Promise<unknown> {
    try {
      await this.#transactions.run(async (tx) => {
        await write(tx)
        throw new TakenBack()
      })
    } catch (error) {
      if (error instanceof LeaseLostError) throw error
      return isValueAtFault(error) ? error : undefined
    }
    return undefined
  }

  async #identified<Report extends { readonly symbol: string }>(
    tx: CopyTransaction,
    reports: readonly Report[]
  ): Promise<(Report & { instrumentId: number })[]> {
    if (performance.now() - this.#idsSince > KNOWN_IDS_MS) {
      this.#ids.clear()
      this.#idsSince = performance.now()
    }
    const unknown = new Set<string>()
    for (const { symbol } of reports) if (!this.#ids.has(symbol)) unknown.add(symbol)
    if (unknown.size > 0) for (const [symbol, id] of await instrumentIds(tx, [...unknown])) this.#ids.set(symbol, id)
    return reports.map((report) => ({ ...report, instrumentId: this.#ids.get(report.symbol)! }))
  }
}

type Write<Row> = (tx: CopyTransaction, rows: readonly Row[]) => Promise<unknown>

class TakenBack extends Error {}
