import type { Socket } from 'socket.io'
import type { DeliveryState } from '../market/live-connection.ts'
import type { Failure } from '../hub/protocol.ts'
import type { Peer, PeerListener } from './peer.ts'

/** A Socket.IO client in one namespace. Engine.IO looks after the connection itself. */
export class SocketIoPeer implements Peer {
  readonly protocol = 'socket.io'
  readonly address: string
  readonly #socket: Socket

  constructor(socket: Socket, address: string) {
    this.#socket = socket
    this.address = address
  }

  get delivery(): DeliveryState {
    const { writeBuffer } = this.#socket.conn as unknown as { writeBuffer: readonly { data?: string | Buffer }[] }
    return { bufferedBytes: writeBuffer.reduce((sum, { data = '' }) => sum + data.length, 0), conflated: 0 }
  }

  get id(): string {
    return this.#socket.id
  }

  get isConnected(): boolean {
    return this.#socket.connected
  }

  listen(listener: PeerListener): void {
    const { conn } = this.#socket
    const taken = () => listener.taken()
    // Events end here: nobody else listens to them.
    this.#socket.use(([event, wanted, answer]) => {
      if (listener.admits(0)) listener.requested(event, wanted, answer)
    })
    conn.on('drain', taken)
    this.#socket.on('disconnect', () => {
      conn.off('drain', taken)
      listener.gone()
    })
  }

  tell(event: string, payload: object): void {
    this.#socket.emit(event, payload)
  }

  check(): void {}

  /** Under the client: after that Socket.IO clients connect again by themselves. */
  end(failure: Failure): void {
    this.tell('error', failure)
    this.#socket.conn.close()
  }

  sendAway(failure: Failure): void {
    this.tell('error', failure)
    this.#socket.disconnect(true)
  }

  cut(): void {
    this.#socket.conn.close(true)
  }
}
