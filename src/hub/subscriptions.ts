import { parseCursor, type Cursor, type Position } from '../log/position.ts'
import { parseSymbol } from '../market/symbol.ts'
import type { SubscribeData, UnsubscribeData } from './client-frame.ts'
import type { Connection } from './connection.ts'
import { carrierOf, type LiveContext } from './context.ts'
import type { Accepted, Current, Failure, Stream } from './protocol.ts'
import type { GapReason, ReplayTarget } from './replay.ts'
import { byId, currentOf, topicNames } from './subject.ts'
import type { EventRef, Format, Topic } from './topic.ts'
import type { Holding } from './users.ts'
import { examine, snapshotsOf, subjectNamed, type Group, type Wish } from './wishes.ts'

/** What one connection is subscribed to, and how it gets there. Calls must not overlap. */
export class Subscriptions {
  readonly #context: LiveContext
  readonly #connection: Connection
  readonly #holding: Holding
  /** All of them, ascending by id; those whose replay still runs are not listened to yet. */
  #topics: readonly Topic[] = []

  constructor(context: LiveContext, connection: Connection, holding: Holding) {
    this.#context = context
    this.#connection = connection
    this.#holding = holding
  }

  get count(): number {
    return this.#topics.length
  }

  get current(): Current {
    return currentOf(this.#topics)
  }

  /** Answers a subscribe frame; returns why it was refused as a whole, or nothing. */
  async subscribe(data: SubscribeData, id: string | number | undefined): Promise<Failure | undefined> {
    const since = data.since === undefined ? undefined : parseCursor(data.since)
    if (data.since !== undefined && !since) return { code: 'INVALID_CURSOR', message: 'since is not a cursor' }
    const names = [...new Set(data.type === 'market_data' ? data.channels : data.symbols)]
    const { subscriptionsPerUser } = this.#context.limits
    if (this.#holding.subscriptions + names.length > subscriptionsPerUser) {
      const details = { limit: subscriptionsPerUser, held: this.#holding.subscriptions, asked: names.length }
      const message = `A user may hold ${subscriptionsPerUser} subscriptions; nothing was subscribed`
      return { code: 'SUBSCRIPTION_LIMIT', message, details }
    }
    const group: Group =
      data.type === 'market_data' ? { type: data.type } : { type: data.type, stream: data.stream ?? 'quotes' }
    const { wishes, rejected } = await examine(this.#context, group, names)
    if (!this.#connection.isOpen) return undefined

    this.#choose(data)
    const added = this.#add(wishes.flatMap(({ topics }) => topics))
    this.#connection.send({
      type: 'subscribed',
      ...(id !== undefined && { id }),
      data: { ...group, accepted: wishes.flatMap((wish) => this.#acceptedOf(wish)), rejected, current: this.current }
    })
    if (since) return this.#resume(group, wishes, added, since)
    this.#begin(group, wishes)
    return undefined
  }

  unsubscribe(data: UnsubscribeData, id: string | number | undefined): void {
    const stream = data.type === 'stock_quotes' ? (data.stream ?? 'quotes') : undefined
    const group: Group = stream ? { type: 'stock_quotes', stream } : { type: 'market_data' }
    const current = this.current
    const held = stream ? (current.streams[stream] ?? []) : current.channels
    const asked = data.type === 'market_data' ? data.channels : data.symbols?.map((name) => parseSymbol(name) ?? name)
    const removed = asked ? held.filter((name) => asked.includes(name)) : held
    const gone = new Set(removed.flatMap((name) => topicNames(subjectNamed(group, name))))
    this.#set(this.#topics.filter(({ name }) => !gone.has(name)))
    this.#listen()
    this.#connection.send({
      type: 'unsubscribed',
      ...(id !== undefined && { id }),
      data: { ...group, removed, current: this.current }
    })
  }

  /** The log was replaced: tells the gap and begins anew, with all that is subscribed. */
  async startOver(): Promise<void> {
    const { channels, streams } = this.current
    const groups: [Group, string[]][] = [
      [{ type: 'market_data' }, channels],
      ...Object.entries(streams).map(([stream, symbols]): [Group, string[]] => [
        { type: 'stock_quotes', stream: stream as Stream },
        symbols
      ])
    ]
    for (const [group, names] of groups) {
      if (names.length === 0) continue
      const { wishes } = await examine(this.#context, group, names)
      if (!this.#connection.isOpen) return
      this.#tellGap(group, 'log_replaced', undefined)
      this.#begin(group, wishes)
    }
  }

  /** The connection is gone. */
  end(): void {
    this.#set([])
    this.#listen()
  }

  #acceptedOf({ subject, topics }: Wish): Accepted {
    const servedBy = carrierOf(subject)
    if ('channel' in subject) return { channel: subject.channel, servedBy }
    const { binary } = this.#connection.format
    return { symbol: subject.symbol, servedBy, ...(binary && { topic: topics[0]!.id }) }
  }

  #choose({ conflateMs, batch, fields }: SubscribeData): void {
    const { format } = this.#connection
    const chosen: Format = {
      binary: format.binary,
      batch: batch ?? format.batch,
      changes: fields === undefined ? format.changes : fields === 'changed',
      conflateMs: conflateMs ?? format.conflateMs
    }
    this.#connection.format = chosen
  }

  /** Snapshot and listening in one moment: nothing falls between the two. */
  #begin(group: Group, wishes: readonly Wish[]): void {
    this.#sendSnapshots(group, wishes)
    this.#listen()
  }

  #sendSnapshots(group: Group, wishes: readonly Wish[]): void {
    const { cursor } = this.#context.hub
    for (const frame of snapshotsOf(group, wishes, cursor)) this.#connection.send(frame)
  }

  /** Replays what was missed since a cursor, shard by shard; where the log cannot, tells the gap and begins anew. */
  async #resume(
    group: Group,
    wishes: readonly Wish[],
    added: readonly Topic[],
    since: Cursor
  ): Promise<Failure | undefined> {
    const { hub, traffic } = this.#context
    const waiting = new Set(added)
    let replayed = 0
    traffic.resumed++
    this.#listen(waiting)
    for (const [shard, topics] of Map.groupBy(added, (topic) => hub.shardOf(topic))) {
      const caughtUp = () => {
        for (const topic of topics) waiting.delete(topic)
        this.#listen(waiting)
      }
      const target = this.#replayTarget((events) => (replayed += events), caughtUp)
      const from = since.positions.find((position) => position.shard === shard)
      let gap: GapReason | undefined
      try {
        gap = await this.#replay(since, from, new Set(topics), target)
      } catch {
        this.#set(this.#topics.filter((topic) => !waiting.has(topic)))
        return LOG_UNREADABLE
      }
      if (!this.#connection.isOpen) return undefined
      if (!gap) continue
      this.#tellGap(group, gap, from?.idMs)
      const lost = wishes.filter((wish) => wish.topics.some((topic) => topics.includes(topic)))
      this.#sendSnapshots(group, lost)
      caughtUp()
    }
    traffic.replayed += replayed
    this.#connection.send({ type: 'resumed', data: { ...group, replayed }, cursor: hub.cursor })
    return undefined
  }

  async #replay(
    since: Cursor,
    from: Position | undefined,
    topics: ReadonlySet<Topic>,
    target: ReplayTarget
  ): Promise<GapReason | undefined> {
    if (since.epoch !== this.#context.hub.epoch) return 'log_replaced'
    return from ? this.#context.replays.run({ from, topics, target }) : 'unknown_position'
  }

  #replayTarget(count: (events: number) => void, caughtUp: () => void): ReplayTarget {
    const connection = this.#connection
    return {
      get isOpen() {
        return connection.isOpen
      },
      send(events: readonly EventRef[]) {
        const due = connection.format.conflateMs > 0 ? newestPerTopic(events) : events
        connection.replay(due)
        count(due.length)
      },
      drained: () => connection.drained(),
      caughtUp
    }
  }

  #tellGap(group: Group, reason: GapReason, fromMs: number | undefined): void {
    const { hub, traffic, now } = this.#context
    traffic.gaps++
    const known = fromMs !== undefined && fromMs <= now()
    this.#connection.send({
      type: 'gap',
      data: {
        ...group,
        reason,
        ...(known && { from: new Date(fromMs).toISOString() }),
        to: new Date(now()).toISOString()
      },
      cursor: hub.cursor
    })
  }

  /** Returns those that were not there. */
  #add(topics: readonly Topic[]): Topic[] {
    const held = new Set(this.#topics)
    const added = topics.filter((topic) => !held.has(topic))
    this.#set([...this.#topics, ...added].toSorted(byId))
    return added
  }

  #set(topics: readonly Topic[]): void {
    this.#holding.subscriptions += topics.length - this.#topics.length
    this.#topics = topics
  }

  #listen(except?: ReadonlySet<Topic>): void {
    const topics = except?.size ? this.#topics.filter((topic) => !except.has(topic)) : this.#topics
    this.#context.hub.move(this.#connection, topics, this.#connection.format)
  }
}

const LOG_UNREADABLE: Failure = {
  code: 'LOG_UNREADABLE',
  message: 'What was missed cannot be read now; what is not replayed was unsubscribed: subscribe again'
}

/** Of states that were missed only the newest matters to who conflates; of trades and bars all. */
function newestPerTopic(events: readonly EventRef[]): readonly EventRef[] {
  const newest = new Map(events.map((event) => [event.topic, event]))
  return events.filter((event) => !event.topic.isState || newest.get(event.topic) === event)
}
