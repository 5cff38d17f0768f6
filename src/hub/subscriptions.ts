import { parseCursor, type Cursor, type Position } from '../log/position.ts'
import { parseSymbol } from '../market/symbol.ts'
import type { SubscribeData, UnsubscribeData } from './client-frame.ts'
import type { Connection } from './connection.ts'
import { carrierOf, type Caller, type LiveContext } from './context.ts'
import type { Accepted, Current, Failure, Stream } from './protocol.ts'
import type { GapReason, ReplayTarget } from './replay.ts'
import { byId, currentOf, symbolsOf, topicNames } from './subject.ts'
import type { EventRef, Format, Topic } from './topic.ts'
import type { Holding } from './users.ts'
import { examine, snapshotsOf, subjectNamed, type Group, type Wish } from './wishes.ts'

export type SubscriptionsOptions = {
  readonly context: LiveContext
  readonly connection: Connection
  readonly holding: Holding
  /** See Caller. */
  readonly pay: Caller['pay']
}

/** What one connection is subscribed to, and how it gets there. Calls must not overlap. */
export class Subscriptions {
  readonly #context: LiveContext
  readonly #connection: Connection
  readonly #holding: Holding
  readonly #pay: Caller['pay']
  /** All of them, ascending by id; those whose replay still runs are not listened to yet. */
  #topics: readonly Topic[] = []

  constructor({ context, connection, holding, pay }: SubscriptionsOptions) {
    this.#context = context
    this.#connection = connection
    this.#holding = holding
    this.#pay = pay
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
    const group: Group =
      data.type === 'market_data' ? { type: data.type } : { type: data.type, stream: data.stream ?? 'quotes' }
    const asked = this.#countNew(group, names)
    const refusal = this.#refusalOf(asked) ?? (data.type === 'stock_quotes' ? this.#pay(asked) : undefined)
    if (refusal) return refusal
    // Meanwhile other connections of the user ask too.
    this.#holding.subscriptions += asked
    const { wishes, rejected } = await examine(this.#context, group, names).finally(() => {
      this.#holding.subscriptions -= asked
    })
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
    this.#leave(group, removed)
    this.#connection.send({
      type: 'unsubscribed',
      ...(id !== undefined && { id }),
      data: { ...group, removed, current: this.current }
    })
  }

  /** Ends what is held of symbols that turned out to be unknown, and says so. */
  endUnknown(symbols: ReadonlyMap<string, Failure>): void {
    for (const [group, names] of this.#groups()) {
      const removed = group.type === 'stock_quotes' ? names.filter((name) => symbols.has(name)) : []
      if (removed.length === 0) continue
      this.#leave(group, removed)
      this.#connection.send({
        type: 'unsubscribed',
        data: { ...group, removed, reason: 'not_found', current: this.current }
      })
    }
  }

  /** The log was replaced: tells the gap, before anything comes that the new one holds. */
  tellReplaced(): void {
    for (const [group] of this.#groups()) this.#tellGap(group, 'log_replaced', undefined, this.#context.hub.cursor)
  }

  /** Begins anew, with all that is subscribed. */
  async startOver(): Promise<void> {
    for (const [group, names] of this.#groups()) {
      const { wishes } = await examine(this.#context, group, names)
      if (!this.#connection.isOpen) return
      this.#begin(group, wishes)
    }
  }

  /** The connection is gone. */
  end(): void {
    this.#remove(new Set(this.#topics))
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
    this.#sendSnapshots(group, wishes, this.#context.hub.cursor)
    this.#listen()
  }

  #sendSnapshots(group: Group, wishes: readonly Wish[], cursor: string): void {
    for (const frame of snapshotsOf(group, wishes, cursor)) this.#connection.sendInPlace(frame)
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
        this.#remove(waiting)
        return LOG_UNREADABLE
      }
      if (!this.#connection.isOpen) return undefined
      if (!gap) continue
      // Of this shard alone: what was missed in others is yet to come.
      const cursor = hub.cursorOf(shard)
      this.#tellGap(group, gap, from?.idMs, cursor)
      const lost = wishes.filter((wish) => wish.topics.some((topic) => topics.includes(topic)))
      this.#sendSnapshots(group, lost, cursor)
      caughtUp()
    }
    traffic.replayed += replayed
    this.#connection.sendInPlace({ type: 'resumed', data: { ...group, replayed }, cursor: hub.cursor })
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

  #tellGap(group: Group, reason: GapReason, fromMs: number | undefined, cursor: string): void {
    const { traffic, now } = this.#context
    traffic.gaps++
    const known = fromMs !== undefined && fromMs <= now()
    this.#connection.sendInPlace({
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

  /** All that is subscribed, by kind. */
  #groups(): [Group, string[]][] {
    const { channels, streams } = this.current
    const symbols = Object.entries(streams).map(([stream, names]): [Group, string[]] => [
      { type: 'stock_quotes', stream: stream as Stream },
      names
    ])
    return channels.length > 0 ? [[{ type: 'market_data' }, channels], ...symbols] : symbols
  }

  /** How many subscriptions more there would be. */
  #countNew(group: Group, names: readonly string[]): number {
    const held = new Set<string>(this.#topics.map(({ name }) => name))
    const wanted = new Set(
      group.type === 'market_data'
        ? names.flatMap((name) => topicNames(subjectNamed(group, name)))
        : names.map((name) => `${group.stream}:${parseSymbol(name) ?? name}`)
    )
    return [...wanted].filter((name) => !held.has(name)).length
  }

  #refusalOf(asked: number): Failure | undefined {
    const { subscriptionsPerUser: limit } = this.#context.limits
    const { subscriptions: held } = this.#holding
    if (held + asked <= limit) return undefined
    const message = `A user may hold ${limit} subscriptions; nothing was subscribed`
    return { code: 'SUBSCRIPTION_LIMIT', message, details: { limit, held, asked } }
  }

  /** Returns those that were not there. */
  #add(topics: readonly Topic[]): Topic[] {
    const held = new Set(this.#topics)
    const added = topics.filter((topic) => !held.has(topic))
    this.#topics = [...this.#topics, ...added].toSorted(byId)
    this.#holding.subscriptions += added.length
    this.#context.interest.follow(this.#holding.userId, symbolsOf(added))
    return added
  }

  #leave(group: Group, names: readonly string[]): void {
    const gone = new Set(names.flatMap((name) => topicNames(subjectNamed(group, name))))
    const left = new Set(this.#topics.filter(({ name }) => gone.has(name)))
    this.#remove(left)
    this.#listen()
    this.#connection.drop(left)
  }

  #remove(topics: ReadonlySet<Topic>): void {
    const removed = this.#topics.filter((topic) => topics.has(topic))
    this.#topics = this.#topics.filter((topic) => !topics.has(topic))
    this.#holding.subscriptions -= removed.length
    this.#context.interest.unfollow(this.#holding.userId, symbolsOf(removed))
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
