import type { Failure } from '../hub/protocol.ts'
import type { DeliveryState, LiveProtocol } from '../market/live-connection.ts'

/** Who is told what comes of a connection. */
export interface PeerListener {
  /** Whether the connection may send one more: to be asked of each thing that it sends; its length in bytes, as far as it is known. */
  admits(bytes: number): boolean
  /** `wanted` and `answer` are whatever the client sent beside the event's name. */
  requested(event: string, wanted: unknown, answer: unknown): void
  /** The connection took all that it was told. */
  taken(): void
  /** The connection is gone; nothing comes any more. */
  gone(): void
}

/** A connection of a client, in whichever protocol its events come. */
export interface Peer {
  /** Unique among those of all processes. */
  readonly id: string
  readonly isConnected: boolean
  readonly protocol: LiveProtocol
  /** Where it came from; empty where that has no address. */
  readonly address: string
  /** What the connection itself has not taken yet. */
  readonly delivery: DeliveryState
  /** Who was told last listens; the first one before anything comes. */
  listen(listener: PeerListener): void
  tell(event: string, payload: object): void
  /** Looks after the connection; called about once a second. `now` in epoch milliseconds. */
  check(now: number): void
  /** Says why and ends the connection; the client may come again. */
  end(failure: Failure): void
  /** Says why and ends the connection for good. */
  sendAway(failure: Failure): void
  /** Ends the connection without waiting for what it does not take. */
  cut(): void
}
