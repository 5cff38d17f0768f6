import { comparePositions, formatCursor, type Cursor, type Place } from '../log/position.ts'
import type { Connection } from './connection.ts'
import type { Caller, LiveContext } from './context.ts'
import type { Failure } from './protocol.ts'
import type { Ending } from './hub.ts'
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
 * the log does not reach back, or was replaced, tells the gap and sends snapshots. Nothing of what is returned is followed.
 */
export async function resume(resumption: Resumption): Promise<Unfinished | undefined> {
  const { context, connection, group, added, since } = resumption
  const { hub, traffic } = context
  const unfinished = new Map<Topic, Place>()
  let replayed = 0
  let failure: Failure | undefined
  traffic.resumed++
  for (const [shard, topics] of Map.groupBy(added, (topic) => hub.shardOf(topic))) {
    const from = since.find((place) => place.shard === shard)
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
  const places = new Map([...unfinished.values()].map((place) => [place.shard, place]))
  return {
    topics: new Set(unfinished.keys()),
    failure,
    since: [...places.values()].map((place) => formatCursor(place.epoch, [place])).join(',')
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
  { context, connection, group }: Told,
  requests: readonly SubscriptionRequest[],
  cursor: string
): void {
  context.hub.lookBack()
  for (const frame of snapshotsOf(group, requests, cursor)) connection.sendInPlace(frame)
}

/** Of one shard: through the logs that were replaced since, with a gap between two, to the hub's head. */
async function replay(
  resumption: Resumption,
  topics: readonly Topic[],
  from: Place | undefined,
  count: (events: number) => void
): Promise<Exclude<ReplayOutcome, Ending>> {
  if (!from) return 'unknown_position'
  const { context, connection, pay, follow } = resumption
  let place = from
  const target: ReplayTarget = {
    get isOpen() {
      return connection.isOpen
    },
    send(events, epoch) {
      const due = connection.format.conflateMs > 0 ? newestPerTopic(events) : events
      connection.replay(due, epoch)
      count(due.length)
    },
    pay,
    drained: () => connection.drained(),
    caughtUp() {
      if (place !== from) sendStateOf(resumption, topics)
      follow(topics)
    }
  }
  for (;;) {
    const outcome = await context.replays.run({ from: place, topics: new Set(topics), target })
    if (typeof outcome !== 'object' || !('next' in outcome)) return outcome
    place = afterEnding(outcome, place)
    tellGap(resumption, 'log_replaced', outcome.lostFromMs, formatCursor(place.epoch, [place]))
  }
}

/** Another process can have shown a client more of a former log, or more of the next one before it noticed. */
function afterEnding({ last, next }: Ending, place: Place): Place {
  const isAhead = comparePositions(next, last) >= 0 && comparePositions(place, next) > 0
  return isAhead ? { ...place, epoch: next.epoch } : next
}

/** Of this shard alone: what was missed in others is yet to come. */
function beginAnew(resumption: Resumption, gap: GapReason, fromMs: number | undefined, topics: readonly Topic[]): void {
  const { hub } = resumption.context
  tellGap(resumption, gap, fromMs, hub.cursorOf([hub.shardOf(topics[0]!)]))
  sendStateOf(resumption, topics)
  resumption.follow(topics)
}

function sendStateOf(resumption: Resumption, topics: readonly Topic[]): void {
  const { hub } = resumption.context
  const lost = new Set(topics)
  sendSnapshots(
    resumption,
    resumption.requests.filter((request) => request.topics.some((topic) => lost.has(topic))),
    hub.cursorOf([hub.shardOf(topics[0]!)])
  )
}

/** Of states that were missed only the newest matters to who conflates; of trades and bars all. */
function newestPerTopic(events: readonly EventRef[]): readonly EventRef[] {
  const newest = new Map(events.map((event) => [event.topic, event]))
  return events.filter((event) => !event.topic.isState || newest.get(event.topic) === event)
}
