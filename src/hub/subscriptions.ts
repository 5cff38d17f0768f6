import type { ServedChange } from '../demand/answers.ts'
import { parseCursor } from '../log/cursor.ts'
import type { SubscribeData, UnsubscribeData } from './client-frame.ts'
import type { Connection } from './connection.ts'
import type { Caller, LiveContext } from './context.ts'
import { formatKey } from './format.ts'
import { chunksOf } from '../market/chunks.ts'
import { HeldTopics } from './held-topics.ts'
import { STREAMS, type Accepted, type Failure } from './protocol.ts'
import { Refused } from './refusals.ts'
import { resume, sendSnapshots, tellGap } from './resumption.ts'
import { currentOf, topicNames } from './subject.ts'
import { increaseOf, refusalOf } from './subscription-limits.ts'
import type { Topic } from './topic.ts'
import type { UserUsage } from './users.ts'
import type { Losses } from './log-memory.ts'
import {
  groupOf,
  groupsOf,
  namesIn,
  validate,
  subjectNamed,
  requestOf,
  type Group,
  type SubscriptionRequest
} from './subscription-request.ts'

/** So much is begun or ended in one turn of the event loop. */
const SUBJECTS_PER_TURN = 500

export type SubscriptionsOptions = {
  readonly context: LiveContext
  readonly connection: Connection
  readonly usage: UserUsage
  /** Whoever is authenticated by then. */
  readonly payer: Pick<Caller, 'pay' | 'payForReplay'>
}

/** What one connection is subscribed to, and how it gets there. Calls must not overlap. */
export class Subscriptions {
  readonly #options: SubscriptionsOptions
  readonly #held: HeldTopics
  /** Held topics whose acknowledgement is to come. */
  #unacknowledged: ReadonlySet<Topic> | undefined

  constructor(options: SubscriptionsOptions) {
    this.#options = options
    this.#held = new HeldTopics(options)
  }

  get count(): number {
    return this.#held.count
  }

  /** Answers a subscribe frame; returns why it was refused as a whole, or nothing. */
  async subscribe(data: SubscribeData, id: string | number | undefined): Promise<Failure | undefined> {
    const { context, connection, usage, payer } = this.#options
    const since = data.since === undefined ? undefined : parseCursor(data.since, context.hub.shards)
    if (data.since !== undefined && !since) return Refused.invalidCursor
    const names = await namesIn(context, data, usage.userId)
    if ('code' in names) return names
    const group = groupOf(data)
    const has = (topic: Topic) => this.#held.has(topic)
    const { asked, unheld } = increaseOf(context.hub, { group, names, has })
    const limit = context.limits.subscriptionsPerUser
    const refusal =
      refusalOf(context.hub, usage, { asked, unheld, limit }) ??
      (data.type === 'market_data' ? undefined : payer.pay(asked))
    if (refusal) return refusal
    // Meanwhile other connections of the user ask too.
    usage.subscriptions += asked
    const areKnown = data.type === 'option_chain'
    const validated = validate(context, { userId: usage.userId, group, names, areKnown })
    const { found, rejected, requested } = await validated.finally(() => {
      usage.subscriptions -= asked
    })
    if (!connection.isOpen) return undefined

    this.#choose(data)
    const requests = found.map((each) => requestOf(context.hub, each))
    const added = this.#held.hold(requests.flatMap(({ topics }) => topics))
    await this.#decided(added)
    if (!connection.isOpen) return undefined
    connection.send({
      type: 'subscribed',
      ...(id !== undefined && { id }),
      data: {
        ...group,
        accepted: requests.map((request) => this.#acceptedOf(request)),
        rejected,
        ...(requested && { requested }),
        count: this.count
      }
    })
    if (since) return this.#resume(group, requests, added, since)
    await this.#begin(group, requests)
    return undefined
  }

  unsubscribe(data: UnsubscribeData, id: string | number | undefined): void {
    const { connection } = this.#options
    const group = groupOf(data)
    const asked = data.type === 'market_data' ? data.channels : data.symbols
    const removed = this.#leave(group, asked ?? this.#namesOf(group))
    connection.send({
      type: 'unsubscribed',
      ...(id !== undefined && { id }),
      data: { ...group, removed, count: this.count }
    })
  }

  /** Answers a list frame: everything that is subscribed. */
  list(id: string | number | undefined): void {
    this.#options.connection.send({
      type: 'subscriptions',
      ...(id !== undefined && { id }),
      data: { ...currentOf(this.#held.all()), count: this.count }
    })
  }

  /** Ends what is held of symbols that turned out to be unknown, and says so. */
  endUnknown(symbols: ReadonlyMap<string, Failure>): void {
    for (const stream of STREAMS) {
      const group: Group = { type: 'stock_quotes', stream }
      const removed = this.#leave(group, symbols.keys())
      if (removed.length === 0) continue
      this.#options.connection.send({
        type: 'unsubscribed',
        data: { ...group, removed, reason: 'not_found', count: this.count }
      })
    }
  }

  /** How to tell later of a change of who serves what: what is acknowledged only after the change, tells it then. */
  changeTeller(change: ServedChange): () => void {
    const unacknowledged = this.#unacknowledged
    return () => {
      const { context, connection } = this.#options
      const concerned = context.serving
        .concernedBy(change, this.#held.all())
        .filter((topic) => !unacknowledged?.has(topic))
      for (const [group, symbols] of groupsOf(concerned)) {
        if (group.type === 'market_data') continue
        const { stream } = group
        const served = symbols.map((symbol) => ({ symbol, ...context.serving.servedBy({ stream, symbol }) }))
        connection.send({ type: 'served_by', data: { ...group, symbols: served } })
      }
    }
  }

  /**
   * Tells the gap in what is followed, before anything comes that the hub sees from now on. What is replayed still comes to
   * it in its place. Returns what it was told of.
   */
  tellLost(losses: Losses): readonly Topic[] {
    const { context, connection } = this.#options
    const { hub } = context
    const lost = (connection.audience?.topics.items ?? []).filter((topic) => losses.has(hub.shardOf(topic)))
    for (const [group, names] of groupsOf(lost)) {
      const topics = this.#held.named(names.flatMap((name) => topicNames(subjectNamed(group, name)!)))
      const fromMs = Math.min(...new Set(topics.flatMap((topic) => losses.get(hub.shardOf(topic)) ?? [])))
      tellGap({ context, connection, group }, 'log_replaced', fromMs, hub.cursor)
    }
    return lost
  }

  /** Sends what is true now of topics that are followed. */
  async startOver(lost: readonly Topic[]): Promise<void> {
    const { context, connection, usage } = this.#options
    for (const [group, names] of groupsOf(lost.filter((topic) => this.#held.has(topic)))) {
      const { found } = await validate(context, { userId: usage.userId, group, names })
      if (!connection.isOpen) return
      const requests = found.map((each) => requestOf(context.hub, each))
      const held = requests.filter(({ topics }) => topics.every((topic) => this.#held.has(topic)))
      await this.#begin(group, held)
    }
  }

  /** The connection is gone. When many go at once, others get their turns in between. */
  async end(): Promise<void> {
    for (const chunk of chunksOf(this.#held.all(), SUBJECTS_PER_TURN)) {
      await this.#options.context.serialQueue.next()
      this.#held.release(chunk)
    }
  }

  #acceptedOf({ subject, topics }: SubscriptionRequest): Accepted {
    const { connection, context } = this.#options
    const servedBy = context.serving.servedBy(subject)
    if ('channel' in subject) return { channel: subject.channel, ...servedBy }
    return { symbol: subject.symbol, ...servedBy, ...(connection.format.binary && { topic: topics[0]!.id }) }
  }

  #choose({ conflateMs, batch, fields }: SubscribeData): void {
    const { context, connection } = this.#options
    const { format } = connection
    const chosen = {
      binary: format.binary,
      batch: batch ?? format.batch,
      changes: fields === undefined ? format.changes : fields === 'changed',
      conflateMs: conflateMs ?? format.conflateMs
    }
    if (formatKey(chosen) === formatKey(format)) return
    context.hub.reformat(connection, chosen)
    connection.format = chosen
  }

  /** Snapshot and listening in one moment, subject by subject: nothing falls between the two. */
  async #begin(group: Group, requests: readonly SubscriptionRequest[]): Promise<void> {
    const { context, connection } = this.#options
    for (const [at, chunk] of chunksOf(requests, SUBJECTS_PER_TURN).entries()) {
      if (at > 0) {
        await connection.drained()
        await context.serialQueue.next()
      }
      if (!connection.isOpen) return
      sendSnapshots({ context, connection, group }, chunk, context.hub.cursor)
      this.#held.follow(chunk.flatMap(({ topics }) => topics))
    }
  }

  async #resume(
    group: Group,
    requests: readonly SubscriptionRequest[],
    added: readonly Topic[],
    since: Parameters<typeof resume>[0]['since']
  ): Promise<Failure | undefined> {
    const { context, connection, payer } = this.#options
    const follow = (topics: readonly Topic[]) => this.#held.follow(topics)
    const pay = (bytes: number) => payer.payForReplay(bytes)
    const unfinished = await resume({ context, connection, group, requests, added, since, pay, follow })
    if (!unfinished) return undefined
    const lost = requests.filter(({ topics }) => topics.some((topic) => this.#held.isAwaited(topic)))
    this.#held.release(lost.flatMap(({ topics }) => topics))
    const removed = lost.map(({ subject }) => ('symbol' in subject ? subject.symbol : subject.channel))
    const { code, message, details } = unfinished.failure
    return {
      code,
      message,
      details: { ...(details as object | undefined), ...group, removed, since: unfinished.since, count: this.count }
    }
  }

  #namesOf(group: Group): readonly string[] {
    const { channels, streams } = currentOf(this.#held.all())
    return group.type === 'market_data' ? channels : (streams[group.stream] ?? [])
  }

  /** The acknowledgement comes when a stream carries the symbols, or it is certain that none does. */
  async #decided(added: readonly Topic[]): Promise<void> {
    this.#unacknowledged = new Set(added)
    await this.#options.context.serving.decided(added)
    this.#unacknowledged = undefined
  }

  /** Ends what is held of some names of a group. Returns those of which something was. */
  #leave(group: Group, names: Iterable<string>): string[] {
    const removed = new Set<string>()
    const left: Topic[] = []
    for (const name of names) {
      const subject = subjectNamed(group, name)
      const held = subject ? this.#held.named(topicNames(subject)) : []
      if (held.length === 0) continue
      removed.add('symbol' in subject! ? subject.symbol : name)
      left.push(...held)
    }
    this.#held.release(left)
    this.#options.connection.drop(new Set(left))
    return [...removed]
  }
}
