import type { RawData, WebSocket } from 'ws'
import type { Scenario } from '../scenarios.ts'
import type { StreamContext, StreamVendor } from './stream-vendor.ts'

/** A simulated vendor whose connections each keep something of their own, and are told something with each tick. */
export type TickingStream<Client> = Pick<StreamVendor, 'knows'> & {
  /** Who connects; undefined for one that is not let in. */
  readonly connects: () => Client | undefined
  readonly says: (socket: WebSocket, client: Client, data: RawData) => void
  /** At an instant of the exchange, epoch milliseconds. */
  readonly ticks: (socket: WebSocket, client: Client, at: number) => void
}

/** What becomes of the connections of such a vendor: it plays dead, is down and closes as it is told to. */
export class TickingClients<Client> {
  readonly #clients = new Map<WebSocket, Client>()
  readonly #context: StreamContext
  readonly #stream: TickingStream<Client>
  readonly #timer: NodeJS.Timeout
  #lastTick: number
  #isDead = false
  #isMute = false

  constructor(context: StreamContext, stream: TickingStream<Client>) {
    this.#context = context
    this.#stream = stream
    this.#lastTick = context.exchange.now()
    this.#timer = setInterval(() => this.#tick(), context.tickMs)
  }

  get size(): number {
    return this.#clients.size
  }

  /** Connections live, and bring no prices. */
  get isMute(): boolean {
    return this.#isMute
  }

  send(socket: WebSocket, message: string): void {
    if (!this.#isDead && socket.readyState === socket.OPEN) socket.send(message)
  }

  endAll(): void {
    for (const socket of this.#clients.keys()) socket.terminate()
  }

  vendor(): StreamVendor {
    return {
      knows: this.#stream.knows,
      connected: (socket) => this.#connected(socket),
      close: () => {
        clearInterval(this.#timer)
        this.endAll()
      }
    }
  }

  #connected(socket: WebSocket): void {
    const client = this.#stream.connects()
    if (client === undefined) return socket.terminate()
    this.#clients.set(socket, client)
    socket.on('message', (data) => this.#isDead || this.#stream.says(socket, client, data))
    socket.on('close', () => this.#clients.delete(socket))
    socket.on('error', () => undefined)
    socket.on('ping', (data) => this.#isDead || socket.pong(data))
  }

  #tick(): void {
    const at = this.#context.exchange.now()
    // A timer that comes twice within a tick must not use up a scenario that holds for one.
    if (at === this.#lastTick) return
    this.#lastTick = at
    const active = this.#context.troubles()
    const has = (kind: Scenario['scenario']) => active.some(({ scenario }) => scenario === kind)
    this.#isDead = has('half_open')
    this.#isMute = has('mute')
    if (has('down')) this.endAll()
    for (const [socket, client] of this.#clients) this.#stream.ticks(socket, client, at)
  }
}

/** What a client said, where it is a JSON object. */
export function objectIn(data: RawData): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(Buffer.isBuffer(data) ? data.toString() : '')
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}
