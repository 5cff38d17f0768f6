import type { TokenBucket } from '../token-bucket.ts'
import { frameBucket } from '../hub/client-frame.ts'
import type { Caller, LiveContext } from '../hub/context.ts'
import type { ServedChange } from '../demand/answers.ts'
import { chunksOf } from '../market/chunks.ts'
import { symbolOf as symbolOfTopic } from '../demand/want.ts'
import type { Failure } from '../hub/protocol.ts'
import { failureOf } from '../hub/refusals.ts'
import type { Listener, SharedFeed } from '../hub/shared-feed.ts'
import type { Topic } from '../hub/topic.ts'
import type { UserUsage } from '../hub/users.ts'
import { validate, type Found } from '../hub/subscription-request.ts'
import { parseSymbol } from '../market/symbol.ts'
import type { Dialect } from './dialect.ts'
import { Outbox, type Counts } from './outbox.ts'
import type { Peer, PeerListener } from './peer.ts'
import { Refused, rejectionOf } from './refusals.ts'
import { namesIn } from './request.ts'
import { newestUpdates, type Update } from './update.ts'
import type { Visitor } from './visitor.ts'

/** Requests of one client that wait until an earlier one is worked on and its answer is taken; above it, it is closed. */
const MAX_WAITING_REQUESTS = 64
/** So many symbols are begun or ended in one turn of the event loop. */
const SYMBOLS_PER_TURN = 100
const QUOTES = { type: 'stock_quotes', stream: 'quotes' } as const

export type ClientOptions = {
  readonly peer: Peer
  readonly dialect: Dialect
  readonly visitor: Visitor
  /** The visitor's, already entered. */
  readonly usage: UserUsage
  readonly context: LiveContext
  readonly feed: SharedFeed<Update>
  readonly counts: Counts
  /** Called when the connection is gone. */
  readonly onGone: () => void
}

/** One client of a dialect: what it asks for, and what it is told. */
export class Client implements Listener<Update>, PeerListener {
  readonly dialect: Dialect
  readonly #options: ClientOptions
  /** Who the visitor is, as verified last. */
  #caller: Caller
  #isVerifying = false
  readonly #symbols = new Map<string, readonly Topic[]>()
  /** Those of them of which it is not told yet who brings them. */
  #unanswered: ReadonlySet<string> = new Set()
  readonly #outbox: Outbox
  #work: Promise<void> = Promise.resolve()
  #requests = 0
  readonly #bucket: TokenBucket

  constructor(options: ClientOptions) {
    const { peer, context, dialect } = options
    this.#options = options
    this.#outbox = new Outbox(options)
    this.dialect = dialect
    this.#caller = options.visitor
    this.#bucket = frameBucket(context.limits, context.now())
    peer.listen(this)
  }

  get isAnonymous(): boolean {
    return this.#options.visitor.isAnonymous
  }

  get subscriptions(): number {
    return this.#symbols.size
  }

  /** What operators see of it. */
  get description() {
    const { name: user, userId } = this.#caller
    return { user, userId, subscriptions: this.#symbols.size, conflated: this.#outbox.conflated }
  }

  take(update: Update): void {
    this.#outbox.take(update)
  }

  /** As many requests a second as frames are allowed, and once in a while twice as many. */
  admits(): boolean {
    const { context } = this.#options
    const isAllowed = this.#bucket.take(context.now()) && this.#requests < MAX_WAITING_REQUESTS
    if (!isAllowed) this.end(Refused.tooManyRequests)
    return isAllowed
  }

  requested(event: string, wanted: unknown, answer: unknown): void {
    if (event === 'subscribe') this.#do(() => this.#subscribe(wanted, answer), answer)
    else if (event === 'unsubscribe') this.#do(async () => this.#unsubscribe(wanted, answer), answer)
    else this.#refuse(Refused.unknownEvent, undefined)
  }

  taken(): void {
    this.#outbox.taken()
  }

  /** Looks after the connection and who the client is; called about once a second. */
  check(now: number): void {
    const caller = this.#caller
    this.#options.peer.check(now)
    if (caller.isRevoked()) this.end(Refused.revoked)
    else if (caller.expiresAt <= now) this.end(Refused.expired)
    else if (caller.knownUntil <= now && !this.#isVerifying) void this.#verifyAgain(caller)
  }

  /** Ends the connection where the credential that opened it is no longer good, although it was not revoked. */
  async #verifyAgain(verified: Caller): Promise<void> {
    this.#isVerifying = true
    try {
      const caller = await verified.verifyAgain()
      if (caller.mayStream) this.#caller = caller
      else this.end(Refused.notAuthorized)
    } catch (error) {
      this.end(failureOf(error))
    } finally {
      this.#isVerifying = false
    }
  }

  /** The log was replaced: what was not delivered is lost, so the client gets what is true now. */
  startOver(): void {
    if (this.#symbols.size > 0) this.#do(() => this.#tellAllAgain())
  }

  /** Symbols turned out to be unknown: they are as if rejected now. */
  endUnknown(symbols: ReadonlyMap<string, Failure>): void {
    const mayHold = [...symbols.keys()].some((symbol) => this.#symbols.has(symbol))
    if (mayHold) this.#do(async () => this.#rejectLate(symbols))
  }

  /** Others bring what the client follows. Of a symbol whose answer is to come, that one tells it. */
  servedOtherwise(change: ServedChange): void {
    const { context } = this.#options
    const concerned = context.serving.concernedBy(change, [...this.#symbols.values()].flat())
    const symbols = concerned.map(({ name }) => symbolOfTopic(name)).filter((symbol) => !this.#unanswered.has(symbol))
    if (symbols.length > 0) this.#do(async () => this.#tellServedBy(symbols))
  }

  /** Ends the connection. */
  end(failure: Failure): void {
    this.#options.peer.end(failure)
  }

  gone(): void {
    const { usage, context, onGone } = this.#options
    onGone()
    usage.subscriptions -= this.#symbols.size
    this.#outbox.close()
    context.users.leave(usage)
    this.#work = this.#endAfter(this.#work)
  }

  /** When many go at once, others get their turns in between. */
  async #endAfter(before: Promise<void>): Promise<void> {
    await before
    const { feed, usage, context } = this.#options
    for (const chunk of chunksOf([...this.#symbols], SYMBOLS_PER_TURN)) {
      await context.serialQueue.next()
      const topics = chunk.flatMap(([, held]) => held)
      feed.remove(this, topics)
      for (const topic of topics) context.hub.topics.release(topic)
      context.leases.remove(usage.userId, namesOf(topics))
    }
    this.#symbols.clear()
  }

  /** Does work after all that was begun before. */
  #do(work: () => Promise<void>, answer?: unknown): void {
    this.#requests++
    this.#work = this.#inTurn(this.#work, work, answer)
  }

  async #inTurn(before: Promise<void>, work: () => Promise<void>, answer: unknown): Promise<void> {
    await before
    const { peer, context } = this.#options
    try {
      if (peer.isConnected) await this.#outbox.answersTaken()
      if (peer.isConnected) await work()
    } catch (err) {
      context.log.error({ err, connection: peer.id }, 'a request of a client could not be served')
      this.#refuse(Refused.failed, answer)
    }
    this.#requests--
  }

  async #subscribe(wanted: unknown, answer: unknown): Promise<void> {
    const { peer, usage, context } = this.#options
    const names = namesIn(wanted)
    if (!names) return this.#refuse(Refused.badRequest, answer)
    const tooMany = this.#refusalOf(names.length)
    if (tooMany) return this.#refuse(tooMany, answer)
    const unpaid = this.#caller.pay(names.filter((name) => !this.#symbols.has(parseSymbol(name) ?? name)).length)
    if (unpaid) return this.#refuse(unpaid, answer)
    const { found, rejected, requested } = await validate(context, { userId: usage.userId, group: QUOTES, names })
    if (!peer.isConnected) return
    const added = found.filter((each) => !this.#symbols.has(symbolOf(each)))
    // Other connections of the user may have subscribed meanwhile.
    const tooManyNow = this.#refusalOf(added.length)
    if (tooManyNow) return this.#refuse(tooManyNow, answer)
    usage.subscriptions += added.length
    for (const each of added) this.#symbols.set(symbolOf(each), this.#topicsOf(symbolOf(each)))
    await this.#lease(added.map(symbolOf))
    await this.#tellCurrent(found)
    const accepted = found.map(symbolOf)
    this.#outbox.answer(answer, {
      accepted,
      rejected,
      ...(requested && { requested }),
      servedBy: this.#servedBy(accepted)
    })
    if (rejected.length > 0) this.#outbox.sendError(rejectionOf(rejected))
  }

  #unsubscribe(wanted: unknown, answer: unknown): void {
    const names = namesIn(wanted)
    if (!names) return this.#refuse(Refused.badRequest, answer)
    const asked = new Set(names.map((name) => parseSymbol(name) ?? name))
    const removed = [...asked].filter((symbol) => this.#symbols.has(symbol))
    this.#drop(removed)
    this.#outbox.answer(answer, { removed })
  }

  #rejectLate(symbols: ReadonlyMap<string, Failure>): void {
    const rejected = [...symbols].flatMap(([symbol, { code, message }]) =>
      this.#symbols.has(symbol) ? [{ symbol, code, message }] : []
    )
    this.#drop(rejected.map(({ symbol }) => symbol))
    if (rejected.length > 0) this.#outbox.sendError(rejectionOf(rejected))
  }

  /** Of those that are held. */
  #drop(removed: readonly string[]): void {
    const { feed, usage, context } = this.#options
    const topics = removed.flatMap((symbol) => this.#symbols.get(symbol) ?? [])
    for (const symbol of removed) this.#symbols.delete(symbol)
    this.#outbox.forget(topics)
    usage.subscriptions -= removed.length
    context.leases.remove(usage.userId, namesOf(topics))
    feed.remove(this, topics)
    for (const topic of topics) context.hub.topics.release(topic)
  }

  #refusalOf(asked: number): Failure | undefined {
    const { usage, visitor } = this.#options
    const { subscriptions: limit } = visitor
    if (usage.subscriptions + asked <= limit) return undefined
    const message = `No more than ${limit} symbols at a time; nothing was subscribed`
    return { code: 'SUBSCRIPTION_LIMIT', message, details: { limit, held: usage.subscriptions, asked } }
  }

  async #tellAllAgain(): Promise<void> {
    const { context, usage } = this.#options
    const names = [...this.#symbols.keys()]
    const { found } = await validate(context, { userId: usage.userId, group: QUOTES, names })
    await this.#tellCurrent(found)
  }

  /** Wants the symbols, and waits until it is known who brings them. */
  async #lease(symbols: readonly string[]): Promise<void> {
    const { context, usage } = this.#options
    const topics = symbols.flatMap((symbol) => this.#symbols.get(symbol) ?? [])
    context.leases.add(usage.userId, namesOf(topics))
    this.#unanswered = new Set(symbols)
    await context.serving.decided(topics)
    this.#unanswered = new Set()
  }

  #tellServedBy(symbols: readonly string[]): void {
    const held = symbols.filter((symbol) => this.#symbols.has(symbol))
    if (held.length > 0) this.#outbox.send('servedBy', { symbols: this.#servedBy(new Set(held)) })
  }

  /** Who brings each of the dialect's streams of symbols. */
  #servedBy(symbols: Iterable<string>): object[] {
    const { serving } = this.#options.context
    return [...symbols].flatMap((symbol) =>
      this.dialect.streams.map((stream) => ({ symbol, stream, ...serving.servedBy({ symbol, stream }) }))
    )
  }

  /** The topics of a symbol, held. */
  #topicsOf(symbol: string): Topic[] {
    const { topics } = this.#options.context.hub
    return this.dialect.streams.map((stream) => {
      const topic = topics.get(`${stream}:${symbol}`)
      topics.hold(topic)
      return topic
    })
  }

  /** Tells what there is and listens in one moment, some symbols in each turn of the event loop. */
  async #tellCurrent(found: readonly Found[]): Promise<void> {
    const { context, feed, peer } = this.#options
    for (const [at, chunk] of chunksOf(found, SYMBOLS_PER_TURN).entries()) {
      if (at > 0) await context.serialQueue.next()
      if (!peer.isConnected) return
      const held = chunk.flatMap(({ subject, values }) => {
        const topics = this.#symbols.get(symbolOf({ subject }))
        return topics ? [{ topics, values }] : []
      })
      const topics = held.flatMap((each) => each.topics)
      feed.add(this, topics)
      for (const { topics, values } of held) {
        for (const update of newestUpdates(context.hub, topics, values[0])) this.take(update)
      }
    }
  }

  #refuse(failure: Failure, answer: unknown): void {
    this.#outbox.answer(answer, { error: failure })
    this.#outbox.sendError(failure)
  }
}

const namesOf = (topics: readonly Topic[]) => topics.map(({ name }) => name)

const symbolOf = ({ subject }: Pick<Found, 'subject'>): string => ('symbol' in subject ? subject.symbol : '')
