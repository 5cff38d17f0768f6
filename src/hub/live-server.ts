import { randomBytes } from 'node:crypto'
import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import { isoOf } from '../market/time.ts'
import { parseCursor } from '../log/cursor.ts'
import type { LogEntry } from '../log/log-entry.ts'
import type { EventLog } from '../log/log.ts'
import { CloseCode } from './close-codes.ts'
import type { Caller, LiveContext } from './context.ts'
import { Hub } from './hub.ts'
import type { ListedConnection } from './listed-connections.ts'
import { Leases } from '../demand/leases.ts'
import { UnauthenticatedConnections } from './unauthenticated.ts'
import { Refused } from './refusals.ts'
import { CHANNELS, STREAMS, type Failure, type Limits } from './protocol.ts'
import { Replays } from './replay.ts'
import { Client } from './client.ts'
import { Serving } from './serving.ts'
import type { Sources } from './sources.ts'
import { largestTopics, statsOf, type LiveCounts, type LiveStats } from './stats.ts'
import { Traffic } from './traffic.ts'
import type { Transport } from './transport.ts'
import { SerialQueue } from './serial-queue.ts'
import { Users } from './users.ts'

/** At most: half a heartbeat where that is shorter. */
const CHECK_EVERY_MS = 1000
/** Of the process's connections so many may be of clients that have not said who they are. */
const UNAUTHENTICATED_SHARE = 0.1
/** What clients get to answer the farewell before they are cut off. */
const DRAIN_TIMEOUT_MS = 2000

export type LiveOptions = {
  readonly log: EventLog
  readonly redis: Redis
  readonly logger: Pick<Logger, 'warn' | 'error'>
  readonly sources: Sources
  readonly limits: Limits
  readonly maxConnections: number
  readonly heartbeatMs: number
  readonly flushMs: number
  /** See HubOptions. */
  readonly onEntries?: (entries: readonly LogEntry[]) => void
  /** Told of each symbol that is subscribed to here; what it returns is called when it no longer is. */
  readonly follow: (symbol: string) => () => void
  readonly authenticate: (credential: string, network: string) => Promise<Caller>
  readonly now?: () => number
}

const NOTHING = () => {}

/** How a connection came. */
export type Arrival = {
  readonly transport: Transport
  /** An API key, a token or a ticket, or whom it was found to name. */
  readonly credential: Caller | string | undefined
  readonly binary: boolean
  /** Where it came from; empty where that has no address. */
  readonly address: string
  /** The same, as far as limits on an address tell addresses apart. */
  readonly network: string
}
/** The live side of one API process: its hub and all its clients. */
export class Live {
  readonly #options: LiveOptions
  readonly #context: LiveContext
  readonly #hub: Hub
  readonly #leases: Leases
  readonly #unauthenticated: UnauthenticatedConnections
  readonly #clients = new Set<Client>()
  readonly #serving: Serving
  readonly #processId = randomBytes(5).toString('hex')
  readonly #rate = { messages: 0, bytes: 0, at: 0, messagesPerSecond: 0, bytesPerSecond: 0 }
  #arrivals = 0
  #lodgers = 0
  #timer: NodeJS.Timeout | undefined
  #isClosing = false

  constructor(options: LiveOptions) {
    const { log, redis, logger, sources, limits, heartbeatMs, flushMs, follow, authenticate, now = Date.now } = options
    const { onEntries = () => undefined } = options
    this.#options = options
    this.#unauthenticated = new UnauthenticatedConnections(
      Math.max(1, Math.floor(options.maxConnections * UNAUTHENTICATED_SHARE))
    )
    this.#hub = new Hub({ log, logger, flushMs, onEntries })
    this.#leases = new Leases({ redis, log: logger, processId: this.#processId, follow })
    const serving = new Serving({ redis, log: logger })
    this.#serving = serving
    const serialQueue = new SerialQueue()
    this.#context = {
      hub: this.#hub,
      replays: new Replays(this.#hub, log),
      users: new Users(),
      leases: this.#leases,
      serving,
      traffic: new Traffic(),
      serialQueue,
      sources,
      offer: { channels: CHANNELS, streams: STREAMS },
      limits,
      heartbeatMs,
      log: logger,
      now,
      newId: () => `${this.#processId}-${(++this.#arrivals).toString(36)}`,
      authenticate
    }
    this.#hub.listen({
      lost: (losses) => {
        for (const client of this.#followers()) client.startOver(losses)
      },
      unknown: (symbols) => this.#endUnknown(symbols)
    })
    serving.listen((change) => {
      for (const client of this.#followers()) client.servedOtherwise(change)
    })
  }

  /** Follows the log. Rejects when it cannot be read. */
  async start(): Promise<void> {
    await this.#serving.start()
    await this.#hub.start()
    this.#timer = setInterval(() => this.#check(), Math.min(CHECK_EVERY_MS, this.#options.heartbeatMs / 2))
  }

  /** The symbols that clients are subscribed to here. */
  get followedSymbols(): Iterable<string> {
    return this.#leases.symbols
  }

  /** What its clients share, for clients that listen in another protocol. */
  get context(): LiveContext {
    return this.#context
  }

  /** Whether another connection would be one too many for this process. */
  get isFull(): boolean {
    return this.#isClosing || this.#clients.size + this.#lodgers >= this.#options.maxConnections
  }

  /** Counts a connection in another protocol among those of this process; what it returns is to be called once it is gone. */
  lodge(): () => void {
    this.#lodgers++
    return () => void this.#lodgers--
  }

  /** A connection in another protocol has not said who it is: see UnauthenticatedConnections. */
  newcomer(network: string, sendAway: () => void): () => void {
    return this.#unauthenticated.enter(network, sendAway)
  }

  /** Whether a text is one of the cursors that clients are given. */
  isCursor(text: string): boolean {
    return parseCursor(text, this.#hub.shards) !== undefined
  }

  /** Serves a client what the context has; where it is not this server's own, what somebody plays to it. */
  accept({ transport, credential, binary, address, network }: Arrival, context = this.#context): Client | undefined {
    // It was let in a moment before.
    if (this.#isClosing) {
      transport.close(CloseCode.shutdown)
      return undefined
    }
    const id = context.newId()
    let introduced = NOTHING
    const onAuthenticated = credential === undefined ? () => introduced() : NOTHING
    const client = new Client({ id, transport, credential, binary, address, network, context, onAuthenticated })
    this.#clients.add(client)
    context.hub.attend()
    if (credential === undefined) introduced = this.#unauthenticated.enter(network, () => client.giveWay())
    transport.onClosed(() => {
      this.#clients.delete(client)
      context.hub.leave()
      introduced()
      client.closed()
    })
    return client
  }

  /** Those of its own protocol, however it is carried. */
  get connections(): Iterable<ListedConnection> {
    return Array.from(this.#clients, listed)
  }

  /** Checks all clients now: tokens may have been revoked. */
  check(): void {
    const now = this.#context.now()
    for (const client of this.#clients) client.check(now)
  }

  get stats(): LiveCounts {
    return statsOf(this.#context, this.#clients.size, this.#rate, this.#options.log.stats)
  }

  /** With the topics that most subscribe to: looks at all of them. */
  async fullStats(): Promise<LiveStats> {
    const { log, ...stats } = this.stats
    const reachSeconds = await this.logReachSeconds()
    const reach = reachSeconds !== undefined && { reachSeconds }
    return { ...stats, topics: largestTopics(this.#hub), log: { ...log, ...reach } }
  }

  /** How far back clients can resume if events go on coming as they do; undefined while the log cannot be read. */
  async logReachSeconds(): Promise<number | undefined> {
    return this.#options.log.reachSeconds().catch(() => undefined)
  }

  /** Sends every client elsewhere, then stops following the log. */
  async close(): Promise<void> {
    this.#isClosing = true
    clearInterval(this.#timer)
    const gone = [...this.#clients].map((client) => {
      const { promise, resolve } = Promise.withResolvers<void>()
      client.transport.onClosed(resolve)
      client.close(CloseCode.shutdown)
      return promise
    })
    const cutOff = setTimeout(() => {
      for (const { transport } of this.#clients) transport.terminate()
    }, DRAIN_TIMEOUT_MS)
    await Promise.all(gone)
    clearTimeout(cutOff)
    await this.#leases.close()
    await this.#serving.close()
    await this.#hub.close()
  }

  /** Those that follow the log; the others follow what somebody plays to them. */
  *#followers(): Iterable<Client> {
    for (const client of this.#clients) if (client.context === this.#context) yield client
  }

  #endUnknown(symbols: ReadonlyMap<string, Failure>): void {
    const followers = this.#leases.followersOf(new Set(symbols.keys()))
    for (const client of this.#followers()) {
      if (client.caller && followers.has(client.caller.userId)) client.endUnknown(symbols)
    }
  }

  #check(): void {
    const { traffic, now } = this.#context
    const rate = this.#rate
    const seconds = rate.at === 0 ? 1 : (now() - rate.at) / 1000
    rate.messagesPerSecond = (traffic.messages - rate.messages) / seconds
    rate.bytesPerSecond = (traffic.bytes - rate.bytes) / seconds
    rate.messages = traffic.messages
    rate.bytes = traffic.bytes
    rate.at = now()
    this.check()
  }
}

const listed = (client: Client): ListedConnection => ({
  id: client.id,
  describe: () => ({
    id: client.id,
    protocol: client.transport.protocol,
    ...(client.address !== '' && { address: client.address }),
    openedAt: isoOf(client.openedAt),
    ...(client.caller && { user: client.caller.name, userId: client.caller.userId }),
    ...client.description
  }),
  dismiss: () => client.end(CloseCode.dismissed, Refused.dismissed)
})
