import type { Logger } from 'pino'
import type { Hub } from './hub.ts'
import type { Interest } from './interest.ts'
import type { Channel, Failure, Limits, Stream } from './protocol.ts'
import type { Replays } from './replay.ts'
import type { Sources } from './sources.ts'
import type { Traffic } from './traffic.ts'
import type { Turns } from './turns.ts'
import type { Users } from './users.ts'

/** Who speaks on a connection, by a verified token. */
export type Caller = {
  readonly userId: string
  readonly name: string
  /** Whether the token grants streaming. */
  readonly mayStream: boolean
  /** Epoch milliseconds. */
  readonly expiresAt: number
  isRevoked(): boolean
  /** Pays for asking about so many symbols, each of which may cost a vendor's answer; returns why it cannot. */
  pay(symbols: number): Failure | undefined
}

/** Whom a token names cannot be told now. */
export class CannotAuthenticateNow extends Error {}

/** What all sessions of a process share. */
export type LiveContext = {
  readonly hub: Hub
  readonly replays: Replays
  readonly users: Users
  readonly interest: Pick<Interest, 'follow' | 'unfollow'>
  readonly traffic: Traffic
  readonly turns: Turns
  readonly sources: Sources
  readonly limits: Limits
  readonly heartbeatMs: number
  readonly log: Pick<Logger, 'error'>
  readonly now: () => number
  /** Rejects with an error whose message may be shown to the client; with CannotAuthenticateNow where it may try again. */
  authenticate(token: string): Promise<Caller>
}

/** Who brings a subject's events now. Trades and bars have no source before an upstream stream carries them. */
export function carrierOf(subject: { channel: Channel } | { stream: Stream }): 'polling' | 'calendar' | 'nobody' {
  if ('channel' in subject) return subject.channel === 'status' ? 'calendar' : 'polling'
  return subject.stream === 'quotes' ? 'polling' : 'nobody'
}
