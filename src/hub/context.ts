import type { Logger } from 'pino'
import type { Hub } from './hub.ts'
import type { Leases } from '../demand/leases.ts'
import type { Channel, Failure, Limits, Stream } from './protocol.ts'
import type { Replays } from './replay.ts'
import type { Serving } from './serving.ts'
import type { Sources } from './sources.ts'
import type { Traffic } from './traffic.ts'
import type { SerialQueue } from './serial-queue.ts'
import type { Users } from './users.ts'

/** Who speaks on a connection, by a verified key or token. */
export type Caller = {
  readonly userId: string
  readonly name: string
  /** Whether the credential grants streaming. */
  readonly mayStream: boolean
  /** Whether it grants to look after the server. */
  readonly isOperator: boolean
  /** Epoch milliseconds; Infinity for a key that does not end by itself. */
  readonly expiresAt: number
  /** From then on (epoch milliseconds) it must be verified again: its issuer may have withdrawn the key that signed it. */
  readonly knownUntil: number
  isRevoked(): boolean
  /** Rejects as `authenticate` does. */
  verifyAgain(): Promise<Caller>
  /** Pays for asking about so many symbols, each of which may cost a vendor's answer; returns why it cannot. */
  pay(symbols: number): Failure | undefined
  /** Pays for bytes of events that are read for a client that resumes; returns why it cannot. */
  payForReplay(bytes: number): Failure | undefined
}

/** Whom a credential names cannot be told now. `code` is stable, UPPER_SNAKE. */
export class CannotAuthenticateNow extends Error {
  readonly code: string

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** What all clients of a process share. */
export type LiveContext = {
  readonly hub: Hub
  readonly replays: Replays
  readonly users: Users
  readonly leases: Pick<Leases, 'add' | 'remove'>
  readonly serving: Pick<Serving, 'decided' | 'servedBy' | 'concernedBy' | 'listen'>
  readonly traffic: Traffic
  readonly serialQueue: SerialQueue
  readonly sources: Sources
  /** What can be subscribed to here. */
  readonly offer: { readonly channels: readonly Channel[]; readonly streams: readonly Stream[] }
  readonly limits: Limits
  /** Takes the client that has just said who it is a place, where places are few; returns why it cannot. */
  readonly admit?: () => Failure | undefined
  readonly heartbeatMs: number
  readonly log: Pick<Logger, 'error'>
  readonly now: () => number
  /** Names a connection, among those of all processes. */
  readonly newId: () => string
  /**
   * By an API key, a token or a ticket that came from `network`. Rejects with an error whose message may be shown to the
   * client; with CannotAuthenticateNow where it may try again.
   */
  authenticate(credential: string, network: string): Promise<Caller>
}
