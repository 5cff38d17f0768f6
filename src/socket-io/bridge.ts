import type { Socket } from 'socket.io'
import type { LiveContext } from '../hub/context.ts'
import { Client } from './client.ts'
import { DIALECTS, type Dialect } from './dialect.ts'
import { Feed } from './feed.ts'
import type { Counts } from './outbox.ts'
import type { Visitor } from './visitor.ts'

const CHECK_EVERY_MS = 1000

export type BridgeStats = Readonly<Counts> & {
  readonly namespaces: readonly { readonly namespace: string; connections: number; subscriptions: number }[]
}

/** All Socket.IO clients of one API process, on the hub that its WebSocket sessions use too. */
export class Bridge {
  readonly #context: LiveContext
  readonly #feed: Feed
  readonly #clients = new Set<Client>()
  readonly #counts: Counts = { messages: 0, conflated: 0 }
  readonly #timer: NodeJS.Timeout
  readonly #stopListening: () => void

  constructor(context: LiveContext) {
    this.#context = context
    this.#feed = new Feed(context.hub)
    this.#timer = setInterval(() => this.check(), CHECK_EVERY_MS)
    const stopServing = context.serving.listen((change) => {
      for (const client of this.#clients) client.servedOtherwise(change)
    })
    const stopHub = context.hub.listen({
      lost: () => {
        for (const client of this.#clients) client.startOver()
      },
      unknown: (symbols) => {
        for (const client of this.#clients) client.endUnknown(symbols)
      }
    })
    this.#stopListening = () => {
      stopServing()
      stopHub()
    }
  }

  get stats(): BridgeStats {
    const namespaces = DIALECTS.map(({ namespace }) => ({ namespace, connections: 0, subscriptions: 0 }))
    for (const { dialect, subscriptions } of this.#clients) {
      const counted = namespaces[DIALECTS.indexOf(dialect)]!
      counted.connections++
      counted.subscriptions += subscriptions
    }
    return { ...this.#counts, namespaces }
  }

  /** How many clients came without a token. */
  get anonymous(): number {
    let count = 0
    for (const { isAnonymous } of this.#clients) if (isAnonymous) count++
    return count
  }

  /** Takes a client; one connection too many is told so and sent away for good. */
  accept(socket: Socket, dialect: Dialect, visitor: Visitor): void {
    const usage = this.#context.users.enter(visitor.userId, visitor.connections)
    if (!usage) {
      socket.emit('error', TOO_MANY_CONNECTIONS)
      return void socket.disconnect(true)
    }
    const client = new Client({
      socket,
      dialect,
      visitor,
      usage,
      context: this.#context,
      feed: this.#feed,
      counts: this.#counts
    })
    this.#clients.add(client)
    const leave = this.#context.hub.attend()
    socket.on('disconnect', () => {
      this.#clients.delete(client)
      leave()
      client.closed()
    })
  }

  /** Checks all clients now: tokens may have been revoked. */
  check(): void {
    const now = this.#context.now()
    for (const client of this.#clients) client.check(now)
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
