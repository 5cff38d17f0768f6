import { eventOf } from '../../hub/format.ts'
import type { EventRef, Topic } from '../../hub/topic.ts'
import type { MarketEvent } from '../../market/event.ts'
import type { Origin } from '../licences.ts'
import { msgpackCodec } from '../../streams/codec.ts'
import { wireJson } from '../wire-json.ts'

/** A message of a vendor's stream, written once in each encoding for all clients that get it. */
export class EventMessage {
  /** The vendor's channel that it belongs to. */
  readonly channel: string
  readonly #wire: object
  #text: string | undefined
  #packed: Uint8Array | undefined

  constructor(channel: string, wire: object) {
    this.channel = channel
    this.#wire = wire
  }

  get text(): string {
    return (this.#text ??= wireJson(this.#wire))
  }

  get packed(): Uint8Array {
    return (this.#packed ??= msgpackCodec.encode(this.#wire) as Uint8Array)
  }
}

/** What clients of a vendor's protocol are told of an event. */
export type Update = {
  readonly topic: Topic
  readonly symbol: string
  readonly origin: Origin
  readonly messages: readonly EventMessage[]
}

/** `messagesOf`: what the vendor tells of it, each with the channel that it belongs to. */
export function readUpdate(
  event: EventRef,
  messagesOf: (event: MarketEvent) => readonly (readonly [channel: string, wire: object])[]
): Update {
  const read = eventOf(event) as MarketEvent
  const symbol = 'symbol' in read.data ? read.data.symbol : ''
  const messages = messagesOf(read).map(([channel, wire]) => new EventMessage(channel, wire))
  return { topic: event.topic, symbol, origin: originOf(read), messages }
}

/** Who told it. */
function originOf({ type, data }: MarketEvent): Origin {
  switch (type) {
    case 'trade':
      return data.trade
    case 'trade_correction':
      return data.correction
    case 'trade_cancel':
      return data.cancel
    case 'bbo':
      return data.bbo
    case 'halt':
      return data.halt
    case 'bar_update':
      return data.provenance
    default:
      throw new TypeError(`clients of vendors' protocols are not told of ${type}`)
  }
}
