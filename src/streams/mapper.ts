import type { MarketEvent } from '../market/event.ts'
import type { InstrumentFacts } from '../market/instrument.ts'
import type { NewsItem } from '../market/news.ts'

/** What a socket carries in one piece: text, or the bytes of a binary frame. */
export type Frame = string | Uint8Array

/** What a mapper is told of a frame beside its content. */
export type Arrival = {
  /** Epoch milliseconds, when the frame came in. */
  readonly receivedAt: number
  /** Which owner of the upstream connection received it; later ones are greater. */
  readonly fence: number
  /** The number of the next tick under this fence, for vendors that number nothing themselves. */
  readonly nextSequence: () => number
}

/**
 * Why a message, or a whole frame, became no event. The set is closed, for it labels a metric. `malformed`: it cannot be
 * read; `unknown_type`: the vendor has a kind of message that is not known here; `bad_field`: a known kind that lacks what
 * it must have, or has it in another type; `bad_symbol`: what it is about has no canonical symbol; `unused`: nothing of ours
 * is made of it.
 */
export type RefusalReason = 'malformed' | 'unknown_type' | 'bad_field' | 'bad_symbol' | 'unused'

export type Refusal = {
  readonly reason: RefusalReason
  /** The kind of message as the vendor names it, cut to a few characters; absent where it cannot be read. */
  readonly kind?: string
  /** For people: which field, and what is wrong with it. Holds no more of the message than that. */
  readonly detail: string
}

/** What a vendor says of an instrument that it serves, and what it calls it. */
export type ListedInstrument = { readonly facts: InstrumentFacts; readonly vendor: string; readonly alias: string }

/** What a frame comes to: each of its messages is in one of the lists, in the order in which they came. */
export type Mapped = {
  readonly events: readonly MarketEvent[]
  readonly news: readonly NewsItem[]
  /** What concerns the connection (greetings, acknowledgements, errors), decoded: for the conversation of the feed. */
  readonly control: readonly unknown[]
  readonly refusals: readonly Refusal[]
  readonly instruments?: readonly ListedInstrument[]
  /** Fields that known kinds of messages had and that nobody here knows, as `kind.field`, each once; they cost nothing else. */
  readonly unknownFields?: readonly string[]
}

/**
 * Turns what a vendor sent into what the market knows. Pure: it depends on the frame and the arrival alone; where a vendor
 * tells no more than what changed, on the frames of the connection before it too. It never
 * throws, whatever the frame holds: what cannot be read is a refusal, and the rest of the frame counts all the same. Whole
 * numbers beyond 2^53 and nanoseconds come through exactly.
 */
export type Mapper = (frame: Frame, arrival: Arrival) => Mapped
