import { join } from 'node:path'
import type { Redis, Result } from 'ioredis'
import type { Logger } from 'pino'
import { defineLockCommands } from './locks.ts'
import { defineScript } from './script.ts'

declare module 'ioredis' {
  interface RedisCommander<Context> {
    /** See claim-lease-2.lua. */
    claimLease(
      lease: string,
      lastToken: string,
      holder: string,
      lifeMs: number
    ): Result<[token: number, holder: string, leftMs: number], Context>
  }
}

/** Of its life: how often it is renewed, and how late a renewal may be before the holder must have stopped. */
const RENEW_AT = 1 / 4
const STOP_AT = 3 / 4

/** Stops what the lease was for. It must not take long: from then on somebody else may begin. */
export type StopWork = () => unknown

export type LeaseOptions = {
  /** Shared by all processes. */
  readonly redis: Redis
  readonly log: Pick<Logger, 'warn' | 'info'>
  /** What is owned; the same text in every process. */
  readonly name: string
  /** Names this process among all. */
  readonly holder: string
  /** A holder that died is succeeded after this. */
  readonly lifeMs: number
  /** The lease is held: begins what it is for. `fence` is greater than that of every holder before. */
  readonly begin: (fence: number) => StopWork
  /** Somebody else holds it; told once for each holder. */
  readonly onWaiting?: (holder: string, leftMs: number) => void
}

/**
 * Does something in one process at a time, in the whole installation. Whoever holds the lease renews it; where that fails,
 * the work is stopped before the lease is over, so that two never work at once. It goes on until it is closed.
 */
export class Lease {
  readonly #options: LeaseOptions
  readonly #keys: readonly [lease: string, lastToken: string]
  #stopWork: StopWork | undefined
  #renewedAt = 0
  #waitsFor: string | undefined
  #isAway = false
  #isClosed = false
  #timer: NodeJS.Timeout | undefined
  #turn: Promise<void> = Promise.resolve()

  constructor(options: LeaseOptions) {
    this.#options = options
    this.#keys = [`quotewire:lease:${options.name}`, `quotewire:lease-token:${options.name}`]
    defineLockCommands(options.redis)
    defineScript(options.redis, join(import.meta.dirname, 'claim-lease-2.lua'))
    this.#schedule(0)
  }

  get isHeld(): boolean {
    return this.#stopWork !== undefined
  }

  /** Stops the work, and lets the next one begin at once. */
  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#timer)
    await this.#turn
    if (!this.#stopWork) return
    await this.#stop()
    // Where Redis is away, the lease expires.
    await this.#options.redis.deleteIfHeld(this.#keys[0], this.#options.holder).catch(() => undefined)
  }

  #schedule(delayMs: number): void {
    if (this.#isClosed) return
    this.#timer = setTimeout(() => {
      this.#turn = this.#step()
    }, delayMs)
  }

  async #step(): Promise<void> {
    const { lifeMs } = this.#options
    try {
      if (this.#stopWork) await this.#renew()
      else await this.#claim()
      this.#isAway = false
    } catch (err) {
      if (!this.#isAway) this.#options.log.warn({ err, lease: this.#options.name }, 'a lease is out of reach')
      this.#isAway = true
    }
    if (this.#stopWork && performance.now() - this.#renewedAt >= lifeMs * STOP_AT)
      await this.#lose('could not be renewed')
    this.#schedule(lifeMs * RENEW_AT)
  }

  async #claim(): Promise<void> {
    const { redis, holder, lifeMs, begin, onWaiting } = this.#options
    const askedAt = performance.now()
    const [fence, held, leftMs] = await redis.claimLease(...this.#keys, holder, lifeMs)
    if (this.#isClosed) return
    if (fence === 0) {
      if (held !== this.#waitsFor) onWaiting?.(held, leftMs)
      this.#waitsFor = held
      return
    }
    this.#waitsFor = undefined
    this.#renewedAt = askedAt
    this.#stopWork = begin(fence)
  }

  async #renew(): Promise<void> {
    const { redis, holder, lifeMs } = this.#options
    const askedAt = performance.now()
    const isHeld = await redis.extendIfHeld(this.#keys[0], holder, lifeMs)
    if (isHeld === 1) this.#renewedAt = askedAt
    else await this.#lose('is held by somebody else, or was lost')
  }

  async #lose(why: string): Promise<void> {
    this.#options.log.warn({ lease: this.#options.name }, `a lease ${why}: its work stops here`)
    await this.#stop()
  }

  async #stop(): Promise<void> {
    const stopWork = this.#stopWork
    this.#stopWork = undefined
    await stopWork?.()
  }
}
