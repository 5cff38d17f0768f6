import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { PERSIST } from '../../db/log-cursors.ts'
import type { LogLeaseStore } from '../../db/log-leases.ts'
import { ShardWriter, type ShardWriterOptions } from './shard-writer.ts'

/** A process that is not heard for so long is dead, and others take its shards. */
const LEASE_MS = 6000
const RENEW_MS = 2000

export type ShardOwnerOptions = Omit<ShardWriterOptions, 'lease'> & { readonly leases: LogLeaseStore }

/** Works the shards of the log that are this process's share, as long as they are. */
export class ShardOwner {
  readonly #options: ShardOwnerOptions
  readonly #owner = `${hostname()}:${process.pid}:${randomUUID()}`
  readonly #writers = new Map<number, ShardWriter>()
  #timer: NodeJS.Timeout | undefined
  #renewing: Promise<void>
  #isClosed = false

  constructor(options: ShardOwnerOptions) {
    this.#options = options
    this.#renewing = this.#renew()
  }

  /** Resolves once the shards were asked for a first time. */
  ready(): Promise<void> {
    return this.#renewing
  }

  /** Writes what was read and lets others have the shards. */
  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#timer)
    await this.#renewing
    const { leases } = this.#options
    await Promise.all(Array.from(this.#writers.values(), (writer) => this.#release(writer)))
    await leases.leave(PERSIST, this.#owner).catch(() => undefined) // its membership ends by itself
  }

  async #renew(): Promise<void> {
    const { leases, eventLog, log, stats } = this.#options
    try {
      const claim = { consumer: PERSIST, owner: this.#owner, shards: eventLog.shards, ttlMs: LEASE_MS }
      const { leases: held, share } = await leases.claim(claim)
      for (const lease of held.slice(0, share)) {
        const writer = this.#writers.get(lease.shard)
        if (writer?.lease.fence === lease.fence) continue
        await writer?.stop()
        this.#start(new ShardWriter({ ...this.#options, lease }))
      }
      for (const { shard } of held.slice(share)) {
        const writer = this.#writers.get(shard)
        if (writer) await this.#release(writer)
      }
      stats.shards = this.#writers.size
    } catch (err) {
      log.warn({ err }, 'the shards of the log cannot be shared out now')
    }
    if (!this.#isClosed) this.#timer = setTimeout(() => void (this.#renewing = this.#renew()), RENEW_MS)
  }

  #start(writer: ShardWriter): void {
    this.#writers.set(writer.lease.shard, writer)
    void writer.done.then(
      () => this.#writers.get(writer.lease.shard) === writer && this.#writers.delete(writer.lease.shard)
    )
  }

  async #release(writer: ShardWriter): Promise<void> {
    await writer.stop()
    await this.#options.leases.release(writer.lease).catch(() => undefined) // it ends by itself
  }
}
