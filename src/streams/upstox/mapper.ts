import { fromBinary, type Message } from '@bufbuild/protobuf'
import type { MarketEvent } from '../../market/event.ts'
import { kindOfSymbol } from '../../market/instrument-kind.ts'
import type { Feed as MarketFeed } from '../../market/provenance.ts'
import { isoOf } from '../../market/time.ts'
import { FieldError } from '../fields.ts'
import type { Frame, Mapped, Mapper, Refusal } from '../mapper.ts'
import type { PlaceOf } from '../tick-place.ts'
import { UpstoxInstrument, type Context } from './instrument.ts'
import type { InstrumentKeys } from './keys.ts'
import { readingOf } from './reading.ts'
import {
  FeedResponseSchema,
  MarketStatus,
  RequestMode,
  Type,
  type Feed,
  type FeedResponse,
  type MarketInfo
} from './wire/market-data-feed_pb.js'

/** More than any plan lets be subscribed to; of more, those that were told first are forgotten and begin anew. */
const MAX_INSTRUMENTS = 10_000
/** Of one frame no more are told than this. */
const MAX_UNKNOWN_FIELDS = 20
const MAX_KIND_LENGTH = 32

/** What a frame tells the conversation: the segments of the market, or who was told of and in which mode. */
export type UpstoxControl =
  | { readonly is: 'market_info'; readonly segments: ReadonlyMap<string, string> }
  | { readonly is: 'feeds'; readonly modes: ReadonlyMap<string, number> }

export type UpstoxMapperOptions = {
  readonly feed: MarketFeed
  readonly placeOf: PlaceOf
  readonly keys: InstrumentKeys
}

/** What is known of the instruments of one connection, by their keys. */
export class UpstoxInstruments {
  readonly #known = new Map<string, UpstoxInstrument>()

  /**
   * `symbol`: as it is known now; where none is, what was told of before goes on. Undefined where nothing was. A key that
   * has become another instrument's begins anew.
   */
  of(key: string, symbol: string | undefined): UpstoxInstrument | undefined {
    const known = this.#known.get(key)
    if (symbol === undefined || known?.symbol === symbol) return known
    this.#known.delete(key)
    if (this.#known.size >= MAX_INSTRUMENTS) this.#known.delete(this.#known.keys().next().value!)
    const instrument = new UpstoxInstrument(symbol, kindOfSymbol(symbol) === 'index')
    this.#known.set(key, instrument)
    return instrument
  }

  /** What was told of them is no longer told. */
  forget(keys: Iterable<string>): void {
    for (const key of keys) this.#known.delete(key)
  }

  /** Another connection begins: it will say how things stand. */
  forgetAll(): void {
    this.#known.clear()
  }
}

/**
 * Reads frames of protobuf. They tell what changed, so that it is not the frame alone that says what is new: `instruments`
 * holds what the frames before it told.
 */
export function upstoxMapper(options: UpstoxMapperOptions, instruments: UpstoxInstruments): Mapper {
  const { keys, feed, placeOf } = options

  return (frame, arrival): Mapped => {
    const response = decoded(frame)
    if (typeof response === 'string') return onlyRefused({ reason: 'malformed', detail: response })
    const events: MarketEvent[] = []
    const refusals: Refusal[] = []
    const control: UpstoxControl[] = []
    const unknownFields = unknownFieldsOf(response)
    const refuse = (reason: Refusal['reason'], detail: string, kind: string) =>
      void refusals.push({ reason, kind: kind.slice(0, MAX_KIND_LENGTH), detail })
    const isSnapshot = response.type === Type.initial_feed
    const receivedAt = isoOf(arrival.receivedAt)
    const toldAt = Number(response.currentTs)
    const context: Context = { feed, placeOf, arrival, receivedAt, toldAt, isSnapshot }

    function read(key: string, told: Feed): void {
      if (RequestMode[told.requestMode] === undefined)
        refuse('unknown_type', 'the mode is not known', `requestMode ${told.requestMode}`)
      if (told.FeedUnion.case === undefined)
        return refuse('unknown_type', 'there is no known kind of feed in it', 'feed')
      const instrument = instruments.of(key, keys.symbolOf(key))
      if (!instrument) return refuse('bad_symbol', 'the key is of no known instrument', segmentOf(key))
      try {
        events.push(...instrument.take(readingOf(told), context))
      } catch (error) {
        if (!(error instanceof FieldError)) throw error
        refuse('bad_field', error.message, told.FeedUnion.case)
      }
    }

    if (Type[response.type] === undefined) refuse('unknown_type', 'the type is not known', `type ${response.type}`)
    if (response.marketInfo) control.push(marketInfoOf(response.marketInfo, refuse))
    const told = Object.entries(response.feeds)
    for (const [key, each] of told) read(key, each)
    if (told.length > 0)
      control.push({ is: 'feeds', modes: new Map(told.map(([key, each]) => [key, each.requestMode])) })
    return { events, news: [], control, refusals, unknownFields }
  }
}

/** The frame, or what is wrong with it. */
function decoded(frame: Frame): FeedResponse | string {
  if (typeof frame === 'string') return 'a text frame is not protobuf'
  try {
    return fromBinary(FeedResponseSchema, frame)
  } catch {
    return 'the frame cannot be decoded'
  }
}

const onlyRefused = (refusal: Refusal): Mapped => ({ events: [], news: [], control: [], refusals: [refusal] })

function marketInfoOf(
  { segmentStatus, casMarketStatus, preOpenSessionStatus }: MarketInfo,
  refuse: (reason: Refusal['reason'], detail: string, kind: string) => void
): UpstoxControl {
  const segments = new Map<string, string>()
  for (const [segment, status] of Object.entries(segmentStatus)) {
    const name = MarketStatus[status]
    if (name === undefined) refuse('unknown_type', 'the status is not known', `segmentStatus ${status}`)
    segments.set(segment, name ?? `status ${status}`)
  }
  const sessions = { 'closing auction': casMarketStatus, 'pre-open session': preOpenSessionStatus }
  for (const [session, statuses] of Object.entries(sessions)) {
    for (const [segment, { status }] of Object.entries(statuses)) segments.set(`${segment}, ${session}`, status)
  }
  return { is: 'market_info', segments }
}

/** `NSE_EQ` of `NSE_EQ|INE002A01018`: keys are many, segments few. */
const segmentOf = (key: string): string => key.split('|')[0]!

/** Fields that no message here has, as `Message.number`. */
function unknownFieldsOf(response: FeedResponse): string[] {
  const unknown = new Set<string>()
  noteUnknown(response, unknown)
  return [...unknown]
}

function noteUnknown(value: unknown, unknown: Set<string>): void {
  if (typeof value !== 'object' || value === null || unknown.size >= MAX_UNKNOWN_FIELDS) return
  const { $typeName, $unknown } = value as Partial<Message>
  if ($unknown && $typeName !== undefined) {
    for (const { no } of $unknown) unknown.add(`${$typeName.slice($typeName.lastIndexOf('.') + 1)}.${no}`)
  }
  for (const name in value) if (name !== '$unknown') noteUnknown((value as Record<string, unknown>)[name], unknown)
}
