import type { Socket } from 'node:net'
import type { WebSocket } from 'ws'
import type { LiveProtocol } from '../market/live-connection.ts'
import type { CloseCode } from './close-codes.ts'

/** What a transport tells of its peer. */
export interface TransportListener {
  /** It sent a message. */
  received(data: Buffer, isBinary: boolean): void
  /** It asked for a sign of life. */
  pinged(data: Buffer): void
  /** It gave one. */
  alive(): void
}

/** What carries one client's frames: the engine behind it is the same, whatever is on the wire. */
export interface Transport {
  readonly protocol: LiveProtocol
  /** The TCP socket under it: what it has not taken yet waits there. */
  readonly raw: Socket
  readonly isOpen: boolean
  listen(listener: TransportListener): void
  /** Called once, when nothing can be sent any more. */
  onClosed(listener: () => void): void
  /** Reads nothing more from the peer until `resume`. */
  pause(): void
  resume(): void
  /** Takes whole frames, one behind the other, as WebSocket has them on the wire. Returns how many bytes they became. */
  write(frames: Buffer): number
  /** Asks the peer for a sign of life. */
  ping(): void
  /** Gives the peer one. */
  pong(data: Buffer): void
  /** Ends the connection with a reason, behind all that was written. */
  close(closeCode: CloseCode): void
  /** Ends it at once. */
  terminate(): void
}

/**
 * Frames go straight to the TCP socket, many in one piece: without compression ws keeps no queue of its own, so that its
 * control frames find their place between them.
 */
export class WebSocketTransport implements Transport {
  readonly protocol = 'websocket'
  readonly raw: Socket
  readonly #socket: WebSocket

  constructor(socket: WebSocket, raw: Socket) {
    this.#socket = socket
    this.raw = raw
  }

  get isOpen(): boolean {
    return this.#socket.readyState === this.#socket.OPEN
  }

  listen(listener: TransportListener): void {
    const socket: ListenedSocket = Object.assign(this.#socket, { [LISTENER]: listener })
    socket.on('message', received).on('pong', alive).on('ping', pinged)
  }

  onClosed(listener: () => void): void {
    this.#socket.on('close', listener)
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  write(frames: Buffer): number {
    this.raw.write(frames)
    return frames.length
  }

  ping(): void {
    this.#socket.ping()
  }

  pong(data: Buffer): void {
    this.#socket.pong(data)
  }

  close({ code, reason }: CloseCode): void {
    this.#socket.close(code, reason)
  }

  terminate(): void {
    this.#socket.terminate()
  }
}

/** Listeners of all sockets are the same three functions: three for each connection would be 200 bytes more. */
const LISTENER = Symbol('listener')
type ListenedSocket = WebSocket & { [LISTENER]: TransportListener }

function received(this: WebSocket, data: Buffer, isBinary: boolean): void {
  ;(this as ListenedSocket)[LISTENER].received(data, isBinary)
}

function alive(this: WebSocket): void {
  ;(this as ListenedSocket)[LISTENER].alive()
}

function pinged(this: WebSocket, data: Buffer): void {
  ;(this as ListenedSocket)[LISTENER].pinged(data)
}
