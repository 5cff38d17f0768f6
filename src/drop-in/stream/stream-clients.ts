import type { WebSocket } from 'ws'
import type { LiveContext } from '../../hub/context.ts'
import type { ListedConnection } from '../../hub/listed-connections.ts'
import { UnauthenticatedConnections } from '../../hub/unauthenticated.ts'
import type { StreamClient } from './stream-client.ts'

const CHECK_EVERY_MS = 1000
/** Of the process's connections so many may be of clients that have not said who they are. */
const UNAUTHENTICATED_SHARE = 0.1
/** What clients get to answer the farewell before they are cut off. */
const CLOSE_TIMEOUT_MS = 2000
/** The server goes away. The vendors' clients come back by themselves. */
const GOING_AWAY = 1001
/** Events may be missing: whoever comes back knows that there is a hole. */
const SERVICE_RESTART = 1012

/** All clients of vendors' streams in one API process, on the hub that its own clients use too. */
export class StreamClients {
  readonly #max: number
  readonly #unauthenticated: UnauthenticatedConnections
  readonly #clients = new Map<StreamClient, WebSocket>()
  #context: LiveContext | undefined
  #timer: NodeJS.Timeout | undefined
  #stopListening: () => void = () => undefined

  /** `max`: connections. */
  constructor(max: number) {
    this.#max = max
    this.#unauthenticated = new UnauthenticatedConnections(Math.max(1, Math.floor(max * UNAUTHENTICATED_SHARE)))
  }

  get connections(): Iterable<ListedConnection> {
    return this.#clients.keys()
  }

  get size(): number {
    return this.#clients.size
  }

  get isFull(): boolean {
    return this.#clients.size >= this.#max
  }

  /** To be called once, when the live side is there. */
  start(context: LiveContext): void {
    this.#context = context
    this.#timer = setInterval(() => this.check(), CHECK_EVERY_MS)
    this.#stopListening = context.hub.listen({
      lost: () => {
        for (const socket of this.#clients.values()) socket.close(SERVICE_RESTART)
      },
      unknown: (symbols) => {
        for (const client of this.#clients.keys()) client.endUnknown(symbols)
      }
    })
  }

  accept(socket: WebSocket, network: string, createClient: (onAuthenticated: () => void) => StreamClient): void {
    const introduced = this.#unauthenticated.enter(network, () => client.end('not_in_time'))
    const client = createClient(introduced)
    this.#clients.set(client, socket)
    const { hub } = this.#context!
    hub.attend()
    socket.on('close', () => {
      this.#clients.delete(client)
      introduced()
      hub.leave()
      client.closed()
    })
  }

  /** Checks all clients now: keys may have been revoked. */
  check(): void {
    const now = this.#context?.now() ?? 0
    for (const client of this.#clients.keys()) client.check(now)
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    this.#stopListening()
    const gone = [...this.#clients.values()].map((socket) => {
      const { promise, resolve } = Promise.withResolvers<void>()
      socket.on('close', () => resolve())
      socket.close(GOING_AWAY)
      return promise
    })
    const cutOff = setTimeout(() => {
      for (const socket of this.#clients.values()) socket.terminate()
    }, CLOSE_TIMEOUT_MS)
    await Promise.all(gone)
    clearTimeout(cutOff)
  }
}
