import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import type { TopicName } from '../market/event.ts'
import { CountedBag } from './bag.ts'
import { RowHolder } from './row-holder.ts'
import { readRows } from './row-reader.ts'
import { leaseField, readLeaseField, symbolOf, type Priority } from './want.ts'

/** Of one user in one process no more are told: no schedule could renew more. */
const MAX_LEASES_PER_USER = 10_000
const CLIENT: Priority = 'client'
const WARM_UP: Priority = 'warm_up'
/** What is kept warm is wanted by no user. */
const NOBODY = ''

export type LeasesOptions = {
  /** Shared by all processes. */
  readonly redis: Redis
  readonly log: Pick<Logger, 'warn'>
  /** Names this process among all. */
  readonly processId: string
  /** Told of each symbol that the first user here follows; what it returns is called when the last one no longer does. */
  readonly follow?: (symbol: string) => () => void
}

/** What is wanted in one process, by its users' clients or to be kept warm: told to all processes as it changes. */
export class Leases {
  readonly #follow: (symbol: string) => () => void
  readonly #holder: RowHolder
  /** By user: each topic, as often as subscriptions of the user need it. */
  readonly #byUser = new Map<string, CountedBag<TopicName>>()
  readonly #followers = new Map<string, { leases: number; readonly release: () => void }>()
  #warm: ReadonlySet<TopicName> = new Set()

  constructor({ redis, log, processId, follow = () => () => undefined }: LeasesOptions) {
    this.#follow = follow
    this.#holder = new RowHolder({ redis, log, table: 'leases', holder: processId, rows: () => this.#rows() })
  }

  /** Adds one subscription of a user for each of the topics. */
  add(userId: string, topics: Iterable<TopicName>): void {
    const held = this.#byUser.get(userId) ?? new CountedBag<TopicName>()
    for (const topic of topics) {
      if (!held.add(topic)) continue
      this.#begin(symbolOf(topic))
      if (held.size <= MAX_LEASES_PER_USER) this.#holder.changed(leaseField(topic, userId), CLIENT)
    }
    if (held.size > 0) this.#byUser.set(userId, held)
  }

  /** Takes one subscription of a user for each of the topics away. */
  remove(userId: string, topics: Iterable<TopicName>): void {
    const held = this.#byUser.get(userId)
    if (!held) return
    const wasOver = held.size > MAX_LEASES_PER_USER
    for (const topic of topics) {
      if (!held.delete(topic)) continue
      this.#end(symbolOf(topic))
      this.#holder.changed(leaseField(topic, userId), '')
    }
    if (wasOver) for (const topic of toldOf(held)) this.#holder.changed(leaseField(topic, userId), CLIENT)
    if (held.size === 0) this.#byUser.delete(userId)
  }

  /** From now on these are kept warm, and those of the last call that are not among them no longer. */
  keepWarm(topics: Iterable<TopicName>): void {
    const warm = new Set(topics)
    for (const topic of this.#warm) if (!warm.has(topic)) this.#holder.changed(leaseField(topic, NOBODY), '')
    for (const topic of warm) if (!this.#warm.has(topic)) this.#holder.changed(leaseField(topic, NOBODY), WARM_UP)
    this.#warm = warm
  }

  /** The symbols that users follow here. */
  get symbols(): Iterable<string> {
    return this.#followers.keys()
  }

  /** The users of this process who follow any of the symbols. */
  followersOf(symbols: ReadonlySet<string>): Set<string> {
    const followsAny = ([, held]: [string, CountedBag<TopicName>]) =>
      held.items.some((topic) => symbols.has(symbolOf(topic)))
    return new Set([...this.#byUser].filter(followsAny).map(([userId]) => userId))
  }

  /** Nothing is wanted here any more. */
  async close(): Promise<void> {
    for (const { release } of this.#followers.values()) release()
    this.#followers.clear()
    this.#byUser.clear()
    await this.#holder.close()
  }

  *#rows(): Generator<readonly [string, string]> {
    for (const [userId, held] of this.#byUser) {
      for (const topic of toldOf(held)) yield [leaseField(topic, userId), CLIENT]
    }
    for (const topic of this.#warm) yield [leaseField(topic, NOBODY), WARM_UP]
  }

  #begin(symbol: string): void {
    const known = this.#followers.get(symbol)
    if (known) known.leases++
    else this.#followers.set(symbol, { leases: 1, release: this.#follow(symbol) })
  }

  #end(symbol: string): void {
    const known = this.#followers.get(symbol)!
    if (--known.leases > 0) return
    this.#followers.delete(symbol)
    known.release()
  }
}

/** What users' clients want in any living process, by user. Rejects while Redis is away. */
export async function wantedByUser(redis: Redis): Promise<Map<string, Set<TopicName>>> {
  const wanted = new Map<string, Set<TopicName>>()
  await readRows(redis, 'leases', (field) => {
    const { topic, userId } = readLeaseField(field)
    if (userId === NOBODY) return
    const topics = wanted.get(userId) ?? new Set()
    topics.add(topic)
    wanted.set(userId, topics)
  })
  return wanted
}

/** A copy: what is deleted meanwhile moves others to its place. */
const toldOf = (held: CountedBag<TopicName>): TopicName[] => held.items.slice(0, MAX_LEASES_PER_USER)
