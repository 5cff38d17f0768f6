import type { ListedConnection } from '../hub/listed-connections.ts'
import type { LiveContext } from '../hub/context.ts'
import { Refused } from '../hub/refusals.ts'
import { SharedFeed } from '../hub/shared-feed.ts'
import { isoOf } from '../market/time.ts'
import { Client } from './client.ts'
import { DIALECTS, type Dialect } from './dialect.ts'
import type { Counts } from './outbox.ts'
import type { Peer } from './peer.ts'
import { readUpdate, type Update } from './update.ts'
import type { Visitor } from './visitor.ts'

const CHECK_EVERY_MS = 1000

export type BridgeStats = Readonly<Counts> & {
  readonly namespaces: readonly { readonly namespace: string; connections: number; subscriptions: number }[]
}

/** A client that is there. */
type Held = { readonly peer: Peer; readonly openedAt: number }

/** All clients of one API process that speak in events, on the hub that its other WebSocket clients use too. */
export class Bridge {
  readonly #context: LiveContext
  readonly #feed: SharedFeed<Update>
  readonly #clients = new Map<Client, Held>()
  readonly #counts: Counts = { messages: 0, conflated: 0 }
  readonly #timer: NodeJS.Timeout
  readonly #stopListening: () => void

  constructor(context: LiveContext) {
    this.#context = context
    this.#feed = new SharedFeed(context.hub, (event) => readUpdate(context.hub, event))
    this.#timer = setInterval(() => this.check(), CHECK_EVERY_MS)
    const stopServing = context.serving.listen((change) => {
      for (const client of this.#clients.keys()) client.servedOtherwise(change)
    })
    const stopHub = context.hub.listen({
      lost: () => {
        for (const client of this.#clients.keys()) client.startOver()
      },
      unknown: (symbols) => {
        for (const client of this.#clients.keys()) client.endUnknown(symbols)
      }
    })
    this.#stopListening = () => {
      stopServing()
      stopHub()
    }
  }

  get stats(): BridgeStats {
    const namespaces = DIALECTS.map(({ namespace }) => ({ namespace, connections: 0, subscriptions: 0 }))
    for (const { dialect, subscriptions } of this.#clients.keys()) {
      const counted = namespaces[DIALECTS.indexOf(dialect)]!
      counted.connections++
      counted.subscriptions += subscriptions
    }
    return { ...this.#counts, namespaces }
  }

  /** How many clients came without a token. */
  get anonymous(): number {
    let count = 0
    for (const { isAnonymous } of this.#clients.keys()) if (isAnonymous) count++
    return count
  }

  get connections(): Iterable<ListedConnection> {
    return Array.from(this.#clients, ([client, held]) => listed(client, held))
  }

  /** Takes a client; one connection too many is told so and sent away for good. */
  accept(peer: Peer, dialect: Dialect, visitor: Visitor): void {
    const usage = this.#context.users.enter(visitor.userId, visitor.connections)
    if (!usage) return peer.sendAway(TOO_MANY_CONNECTIONS)
    this.#context.hub.attend()
    const client = new Client({
      peer,
      dialect,
      visitor,
      usage,
      context: this.#context,
      feed: this.#feed,
      counts: this.#counts,
      onGone: () => {
        this.#clients.delete(client)
        this.#context.hub.leave()
      }
    })
    this.#clients.set(client, { peer, openedAt: this.#context.now() })
  }

  /** Checks all clients now: tokens may have been revoked. */
  check(): void {
    const now = this.#context.now()
    for (const client of this.#clients.keys()) client.check(now)
  }

  close(): void {
    clearInterval(this.#timer)
    this.#stopListening()
  }
}

const TOO_MANY_CONNECTIONS = {
  code: 'TOO_MANY_CONNECTIONS',
  message: 'The user or address has as many connections as are allowed'
}

const listed = (client: Client, { peer, openedAt }: Held): ListedConnection => ({
  id: peer.id,
  describe: () => ({
    id: peer.id,
    protocol: peer.protocol,
    ...(peer.address !== '' && { address: peer.address }),
    openedAt: isoOf(openedAt),
    ...peer.delivery,
    ...client.description
  }),
  dismiss: () => client.end(Refused.dismissed)
})
