import { formatCursor, type Cursor } from '../log/cursor.ts'
import type { Place } from '../log/position.ts'
import type { Connection } from './connection.ts'
import type { Caller, LiveContext } from './context.ts'
import type { Ending } from './former-logs.ts'
import type { Failure } from './protocol.ts'
import { isChunk, isEnding, LogUnreadable, type GapReason, type ShardReplay } from './replay.ts'
import type { EventRef, Topic } from './topic.ts'
import { snapshotsOf, type Group, type SubscriptionRequest } from './subscription-request.ts'

/** Whom something about a group of subscriptions is told. */
export type Recipient = { readonly context: LiveContext; readonly connection: Connection; readonly group: Group }

export type Resumption = Recipient & {
  readonly requests: readonly SubscriptionRequest[]
  /** The topics of the requests that the connection had not before. */
  readonly added: readonly Topic[]
  readonly since: Cursor
  /** See Caller. */
  readonly pay: Caller['payForReplay']
  /** From now on the connection gets the events of these topics. */
  readonly follow: (topics: readonly Topic[]) => void
}

/** Why a resumption did not come to its end: nothing of what was added is followed. */
export type Unfinished = {
  readonly failure: Failure
  /** Where to go on from. */
  readonly since: string
}

/** Shards of which the client has all that the hub saw of a former log, and those of which events are missing. */
type Obstacles = { readonly ended: [ShardReplay, Ending][]; readonly lost: [ShardReplay, GapReason][] }

/**
 * Replays what was missed since a cursor, and lets the connection follow when it has caught up in all shards at once: no event
 * that comes then passes what another shard still has for the client. Where the log does not reach back, or was replaced,
 * tells the gap and sends snapshots.
 */
export async function resume(resumption: Resumption): Promise<Unfinished | undefined> {
  const replay = new Replay(resumption)
  resumption.context.traffic.resumed++
  try {
    return await replay.run()
  } catch (error) {
    if (!(error instanceof LogUnreadable)) throw error
    return { failure: LOG_UNREADABLE, since: replay.cursor }
  }
}

class Replay {
  readonly #resumption: Resumption
  readonly #shards: readonly ShardReplay[]
  /** Of shards that the cursor does not name the client has nothing yet. */
  readonly #unknown = new Set<ShardReplay>()
  /** Snapshots are due when the client has caught up. */
  readonly #outlived = new Set<ShardReplay>()
  #replayed = 0

  constructor(resumption: Resumption) {
    const { context, added, since } = resumption
    const { hub, replays } = context
    this.#resumption = resumption
    const byShard = Map.groupBy(added, (topic) => hub.shardOf(topic))
    this.#shards = [...byShard].map(([shard, topics]) => {
      const place = since.find(({ at }) => at.shard === shard)
      const replay = replays.ofShard(place ?? hub.headOf(shard), new Set(topics))
      if (!place) this.#unknown.add(replay)
      return replay
    })
  }

  get cursor(): string {
    return formatCursor(this.#places)
  }

  async run(): Promise<Unfinished | undefined> {
    const { context, connection, group, added, follow } = this.#resumption
    this.#pass({ ended: [], lost: [...this.#unknown].map((shard) => [shard, 'unknown_position']) })
    this.#unknown.clear()
    for (;;) {
      const failure = await this.#catchUp()
      if (!connection.isOpen) return undefined
      if (failure) return { failure, since: this.cursor }
      if (this.#shards.every(({ isAtHead }) => isAtHead)) break
    }
    this.#sendStateOf([...this.#outlived])
    follow(added)
    context.traffic.replayed += this.#replayed
    const { cursor } = context.hub
    connection.sendInPlace({ type: 'resumed', data: { ...group, replayed: this.#replayed }, cursor })
    return undefined
  }

  /** By shard; where the client asked for nothing, it has everything. */
  get #places(): Place[] {
    const { hub } = this.#resumption.context
    const places = Array.from({ length: hub.shards }, (_, shard) => hub.headOf(shard))
    for (const { place } of this.#shards) places[place.at.shard] = place
    return places
  }

  /** Brings each shard to the hub's head. Where it had to wait for something, the head of the first may be further by then. */
  async #catchUp(): Promise<Failure | undefined> {
    const obstacles: Obstacles = { ended: [], lost: [] }
    for (const shard of this.#shards) {
      const failure = await this.#catchUpWith(shard, obstacles)
      if (failure || !this.#resumption.connection.isOpen) return failure
    }
    this.#pass(obstacles)
    return undefined
  }

  async #catchUpWith(shard: ShardReplay, { ended, lost }: Obstacles): Promise<Failure | undefined> {
    const { context, connection, pay } = this.#resumption
    while (!shard.isAtHead) {
      const next = shard.next()
      const step = next instanceof Promise ? await next : next
      if (!connection.isOpen) return undefined
      if (step === 'again') continue
      if (isEnding(step)) return void ended.push([shard, step])
      if (!isChunk(step)) return void lost.push([shard, step])
      const failure = pay(step.bytes)
      if (failure) return failure
      this.#send(shard.take(step, this.#places))
      if (step.isHead) continue
      await connection.drained()
      await context.serialQueue.next()
    }
    return undefined
  }

  #send(events: readonly EventRef[]): void {
    const { connection } = this.#resumption
    const due = connection.format.conflateMs > 0 ? newestPerTopic(events) : events
    connection.replay(due)
    this.#replayed += due.length
  }

  /** Tells what is missing, and goes on behind it. */
  #pass({ ended, lost }: Obstacles): void {
    const { hub } = this.#resumption.context
    for (const [shard, ending] of ended) {
      shard.pass(ending)
      if (ending.lostFromMs !== undefined) this.#outlived.add(shard)
    }
    const endings = ended.flatMap(([, ending]) => ending.lostFromMs ?? [])
    if (endings.length > 0) tellGap(this.#resumption, 'log_replaced', Math.min(...endings), this.cursor)
    for (const [reason, those] of Map.groupBy(lost, ([, why]) => why)) {
      const shards = those.map(([shard]) => shard)
      const fromMs = this.#timeOf(shards)
      for (const shard of shards) shard.restart(hub.headOf(shard.place.at.shard))
      tellGap(this.#resumption, reason, fromMs, this.cursor)
      this.#sendStateOf(shards)
    }
  }

  /** The earliest instant that shards of a client have reached, epoch milliseconds; undefined where one has no place. */
  #timeOf(shards: readonly ShardReplay[]): number | undefined {
    const { log } = this.#resumption.context.replays
    const isKnown = !shards.some((shard) => this.#unknown.has(shard))
    return isKnown ? Math.min(...shards.map(({ place }) => log.timeOf(place.at))) : undefined
  }

  #sendStateOf(shards: readonly ShardReplay[]): void {
    const requests = this.#resumption.requests.filter(({ topics }) =>
      topics.some((topic) => shards.some((shard) => shard.topics.has(topic)))
    )
    sendSnapshots(this.#resumption, requests, this.cursor)
  }
}

/** Tells a client that events of a group may be missing: from an instant (epoch ms), where one is known, until now. */
export function tellGap(
  { context, connection, group }: Recipient,
  reason: GapReason,
  fromMs: number | undefined,
  cursor: string
): void {
  const { traffic, now } = context
  traffic.gaps++
  const known = fromMs !== undefined && fromMs > 0 && fromMs <= now()
  connection.sendInPlace({
    type: 'gap',
    data: {
      ...group,
      reason,
      ...(known && { from: new Date(fromMs).toISOString() }),
      to: new Date(now()).toISOString()
    },
    cursor
  })
}

export function sendSnapshots(
  { context, connection, group }: Recipient,
  requests: readonly SubscriptionRequest[],
  cursor: string
): void {
  context.hub.lookBack()
  for (const frame of snapshotsOf(group, requests, cursor)) connection.sendInPlace(frame)
}

/** Of states that were missed only the newest matters to who conflates; of trades and bars all. */
function newestPerTopic(events: readonly EventRef[]): readonly EventRef[] {
  const newest = new Map(events.map((event) => [event.topic, event]))
  return events.filter((event) => !event.topic.isState || newest.get(event.topic) === event)
}

const LOG_UNREADABLE: Failure = {
  code: 'LOG_UNREADABLE',
  message: 'What was missed cannot be read now; what is in removed was unsubscribed: subscribe again with this since'
}
