import type { TopicName } from '../market/event.ts'
import type { Feed as MarketFeed } from '../market/provenance.ts'
import type { SessionPhase } from '../market/session.ts'
import type { Frame, Mapper } from './mapper.ts'

/**
 * What a failure calls for. `fatal`: no further attempt can work until a person changes something; `capacity`: the vendor
 * serves somebody else under this credential, wait for long; `entitlement`: the plan lacks this feed, another one may do;
 * `transient`: try again, later each time.
 */
export type ProblemKind = 'fatal' | 'capacity' | 'entitlement' | 'transient'

export type Problem = {
  readonly kind: ProblemKind
  /** One sentence for people, without a full stop, as it stands behind "alpaca/iex: ". Holds no secret. */
  readonly reason: string
  /** As the vendor numbers or names it. */
  readonly code?: string | number
}

/** What the vendor let the conversation know. */
export type Signal =
  | { readonly is: 'authenticated' }
  /** All that the vendor has acknowledged by now on this connection, not only what was new; `late`: what of it comes late. */
  | { readonly is: 'carrying'; readonly topics: ReadonlySet<TopicName>; readonly late?: ReadonlySet<TopicName> }
  /** The vendor does not carry these, and whatever else it carries stays; `reason` is stable, lower_snake. */
  | {
      readonly is: 'refused'
      readonly topics: readonly TopicName[]
      readonly reason: string
      readonly problem: Problem
    }
  /** The connection stays, and the vendor says that data may be missing until it says `resumed`. */
  | { readonly is: 'interrupted'; readonly text: string }
  | { readonly is: 'resumed' }
  /** The connection is of no more use, or soon will not be. */
  | { readonly is: 'failed'; readonly problem: Problem }
  /** Worth a line in the log, and nothing else. */
  | { readonly is: 'notice'; readonly text: string }

export type Reaction = { readonly send: readonly Frame[]; readonly signals: readonly Signal[] }

/**
 * One connection's talk with the vendor, from its opening to its end: it has the state of that talk, and neither socket nor
 * timers. No method throws, whatever the vendor says.
 */
export interface Conversation {
  /** The socket is open. */
  opened(): Reaction
  /** A message that the mapper left as `control`. */
  told(message: unknown): Reaction
  /** How to ask for topics beside those that are carried, and how to give some of them up. Each topic is one that the feed `serves`. */
  subscribe(topics: readonly TopicName[]): readonly Frame[]
  unsubscribe(topics: readonly TopicName[]): readonly Frame[]
  /**
   * The credential was replaced. What to send, where the vendor takes a new one while it streams; undefined where only
   * the next connection can use it.
   */
  renewed(): readonly Frame[] | undefined
  /**
   * A request has waited in vain for its answer. Absent where a vendor answers everything: then the connection is given up.
   */
  overdue?(): Reaction
  /** All that is subscribed to, once more. Absent where a vendor remembers what it was asked for. */
  repeated?(): readonly Frame[]
}

/** What trades, and is quoted, so often that silence of it means a broken feed. */
export type Canary = {
  readonly topics: readonly TopicName[]
  /** Events of these topics together that come per minute of the phase, at the least. Phases that are not named are never judged. */
  readonly perMinute: Partial<Readonly<Record<SessionPhase, number>>>
}

/** The endpoint that a connection is made to. */
export type Endpoint = {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
}

/** So many topics of these streams together; `per` symbol: so many symbols, whichever of these topics each has. */
export type SlotBound = { readonly streams: readonly string[]; readonly topics: number; readonly per?: 'symbol' }

/** One upstream socket of a vendor. Host, path, codec and channels are data of whoever makes it. */
export type Feed = {
  /** Names it to people and metrics, e.g. `alpaca/iex`. */
  readonly name: string
  /** As provenance tells them. */
  readonly source: string
  readonly feed: MarketFeed
  /** It tells everything so much later than it happens; absent where it does not. */
  readonly delayMs?: number
  /** What the vendor allows one connection of: credential and cluster. Equal texts share one owner. Holds no secret. */
  readonly leaseKey: string
  /** What the plan allows; empty where it allows all. */
  readonly slots: readonly SlotBound[]
  /** Whether the vendor can be asked for a topic: the stream exists there, and the symbol has a spelling. */
  serves(topic: TopicName): boolean
  readonly canary: Canary | undefined
  /** The vendor keeps a connection whose end it did not notice for about so long. */
  readonly ghostMs: number
  /** From the first packet to an authenticated connection, where that is not as with all. */
  readonly handshakeMs?: number
  /** How often the vendor is to be told again what is subscribed to; see Conversation. */
  readonly repeatEveryMs?: number
  /**
   * Of the connection that is to be made now: a replaced credential counts from the next one on. A promise, which never
   * rejects, where the vendor has to be asked first; a problem where it cannot be connected to.
   */
  endpoint(): Endpoint | Promise<Endpoint | Problem>
  /** Until when the credential is taken, epoch milliseconds. Absent, or undefined, where nobody knows. */
  credentialUntil?(): number | undefined
  converse(): Conversation
  readonly map: Mapper
  /**
   * Why the vendor ended a connection, by code and text of the close frame (1006 where there was none); or refused one, by
   * the status (100 to 599) of its answer to the handshake.
   */
  endingOf(code: number, reason: string): Problem
}
