import { formatCursor, type Cursor, type Position } from '../log/position.ts'
import type { Connection } from './connection.ts'
import type { Caller, LiveContext } from './context.ts'
import type { Failure } from './protocol.ts'
import type { GapReason, ReplayOutcome, ReplayTarget } from './replay.ts'
import type { EventRef, Topic } from './topic.ts'
import { snapshotsOf, type Group, type SubscriptionRequest } from './subscription-request.ts'

/** Whom something about a group of subscriptions is told. */
export type Told = { readonly context: LiveContext; readonly connection: Connection; readonly group: Group }

export type Resumption = Told & {
  readonly requests: readonly SubscriptionRequest[]
  /** The topics of the requests that the connection had not before. */
  readonly added: readonly Topic[]
  readonly since: Cursor
  /** See Caller. */
  readonly pay: Caller['payForReplay']
  /** From now on the connection gets the events of these topics. */
  readonly follow: (topics: readonly Topic[]) => void
}

/** What of a resumption did not come to its end, and why. */
export type Unfinished = {
  readonly topics: ReadonlySet<Topic>
  readonly failure: Failure
  /** Where to go on from. */
  readonly since: string
}

/**
 * Replays what was missed since a cursor, shard by shard, and lets the connection follow each of them from there. Where
 * the log does not reach back, tells the gap and sends snapshots. Nothing of what is returned is followed.
 */
export async function resume(resumption: Resumption): Promise<Unfinished | undefined> {
  const { context, connection, group, added, since } = resumption
  const { hub, traffic } = context
  const unfinished = new Map<Topic, Position>()
  let replayed = 0
  let failure: Failure | undefined
  traffic.resumed++
  for (const [shard, topics] of Map.groupBy(added, (topic) => hub.shardOf(topic))) {
    const from = since.positions.find((position) => position.shard === shard)
    const count = (more: number) => void (replayed += more)
    const outcome = failure && from ? { failure, at: from } : await replay(resumption, topics, from, count)
    if (!connection.isOpen) return undefined
    if (typeof outcome === 'string') beginAnew(resumption, outcome, from?.idMs, topics)
    else if (outcome) {
      failure = outcome.failure
      for (const topic of topics) unfinished.set(topic, outcome.at)
    }
  }
  traffic.replayed += replayed
  if (!failure) {
    connection.sendInPlace({ type: 'resumed', data: { ...group, replayed }, cursor: hub.cursor })
    return undefined
  }
  // Here no cursor of the hub's: it would pass what was not replayed.
  const positions = new Map([...unfinished.values()].map((position) => [position.shard, position]))
  return {
    topics: new Set(unfinished.keys()),
    failure,
    since: formatCursor(since.epoch, [...positions.values()])
  }
}

/** Tells a client that events of a group may be missing: from an instant (epoch ms), where one is known, until now. */
export function tellGap(
  { context, connection, group }: Told,
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
  { connection, group }: Pick<Told, 'connection' | 'group'>,
  requests: readonly SubscriptionRequest[],
  cursor: string
): void {
  for (const frame of snapshotsOf(group, requests, cursor)) connection.sendInPlace(frame)
}

async function replay(
  { context, connection, since, pay, follow }: Resumption,
  topics: readonly Topic[],
  from: Position | undefined,
  count: (events: number) => void
): Promise<ReplayOutcome> {
  if (since.epoch !== context.hub.epoch) return 'log_replaced'
  if (!from) return 'unknown_position'
  const target: ReplayTarget = {
    get isOpen() {
      return connection.isOpen
    },
    send(events) {
      const due = connection.format.conflateMs > 0 ? newestPerTopic(events) : events
      connection.replay(due)
      count(due.length)
    },
    pay,
    drained: () => connection.drained(),
    caughtUp: () => follow(topics)
  }
  return context.replays.run({ from, topics: new Set(topics), target })
}

/** Of this shard alone: what was missed in others is yet to come. */
function beginAnew(resumption: Resumption, gap: GapReason, fromMs: number | undefined, topics: readonly Topic[]): void {
  const { context, requests, follow } = resumption
  const cursor = context.hub.cursorOf(context.hub.shardOf(topics[0]!))
  tellGap(resumption, gap, fromMs, cursor)
  const lost = new Set(topics)
  sendSnapshots(
    resumption,
    requests.filter((request) => request.topics.some((topic) => lost.has(topic))),
    cursor
  )
  follow(topics)
}

/** Of states that were missed only the newest matters to who conflates; of trades and bars all. */
function newestPerTopic(events: readonly EventRef[]): readonly EventRef[] {
  const newest = new Map(events.map((event) => [event.topic, event]))
  return events.filter((event) => !event.topic.isState || newest.get(event.topic) === event)
}
