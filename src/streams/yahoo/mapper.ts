import { withoutAbsent } from '../../market/absent.ts'
import { quoteUpdate, type QuoteUpdate } from '../../market/event.ts'
import type { ExtendedHours, Quote } from '../../market/quote.ts'
import type { Feed } from '../../market/provenance.ts'
import { cryptoPair } from '../../market/symbol.ts'
import { isoOf } from '../../market/time.ts'
import { decodedJson } from '../codec.ts'
import { FieldError, isWire, possibleInstant } from '../fields.ts'
import { KnownSymbols } from '../known-symbols.ts'
import type { Arrival, Frame, Mapped, Mapper, Refusal } from '../mapper.ts'
import { pricingDataIn, type PricingData } from './pricing-data.ts'
import { ProtobufError } from './protobuf.ts'
import { canonicalSymbol } from './symbols.ts'

export const SOURCE = 'yahoo'

/** A type that is no instrument's: the streamer shows that it is there. */
const HEARTBEAT = 7
const LEAST_DECIMALS = 2
const MAX_DECIMALS = 8
const PERSONAL_USE = "Yahoo's streamer is for personal use and must not be redistributed"
const BASE_64 = /^[A-Za-z0-9+/]+={0,2}$/

const SESSIONS: Readonly<Record<number, ExtendedHours['session'] | 'regular'>> = {
  0: 'pre',
  1: 'regular',
  2: 'post',
  3: 'overnight'
}

/**
 * Reads frames of the streamer: an object around a message in base64, or, of its first version, that text alone. Each tells
 * what an instrument is quoted at now, without what did not change; trades are not told one by one. Prices are floats of 32
 * bits, which are right once they are rounded to the decimals that the instrument has.
 */
export function yahooMapper({ feed }: { readonly feed: Feed }): Mapper {
  const symbols = new KnownSymbols(canonicalSymbol)
  return (frame, arrival) => {
    try {
      const text = messageIn(frame)
      if (typeof text !== 'string') return nothing({ refusals: [text] })
      const { data, unknownFields } = pricingDataIn(Buffer.from(text, 'base64'))
      if (data.quoteType === HEARTBEAT) return nothing({})
      const symbol = symbols.of(data.id)
      if (symbol === undefined) return nothing({ refusals: [refusal('bad_symbol', 'id is no symbol of ours')] })
      const events = [quoteUpdate(quoteOf(data, symbol, feed, arrival))]
      return nothing({ events, control: [{ heard: symbol }], unknownFields })
    } catch (error) {
      if (error instanceof ProtobufError) return nothing({ refusals: [refusal('malformed', error.message)] })
      if (error instanceof FieldError) return nothing({ refusals: [refusal('bad_field', error.message)] })
      throw error
    }
  }
}

type MappedParts = {
  readonly events?: readonly QuoteUpdate[]
  readonly control?: readonly unknown[]
  readonly refusals?: readonly Refusal[]
  readonly unknownFields?: readonly string[]
}

const nothing = ({ events = [], control = [], refusals = [], unknownFields = [] }: MappedParts): Mapped => ({
  events,
  news: [],
  control,
  refusals,
  ...(unknownFields.length > 0 && { unknownFields })
})

const refusal = (reason: Refusal['reason'], detail: string): Refusal => ({ reason, kind: 'pricing', detail })

/** The message of a frame, in base64; or why there is none. */
function messageIn(frame: Frame): string | Refusal {
  const text = typeof frame === 'string' ? frame.trim() : Buffer.from(frame).toString()
  const message = text.startsWith('{') ? decodedJson(text) : { type: 'pricing', message: text }
  if (!isWire(message)) return { reason: 'malformed', detail: 'the frame is no JSON' }
  const { type, message: encoded } = message
  if (type !== 'pricing')
    return { reason: 'unknown_type', kind: String(type).slice(0, 20), detail: 'the kind is not known' }
  if (typeof encoded !== 'string' || !BASE_64.test(encoded)) return refusal('malformed', 'message is no base64')
  return encoded
}

function quoteOf(data: PricingData, symbol: string, feed: Feed, arrival: Arrival): Quote {
  const { time, marketHours = 1 } = data
  const { ms } = possibleInstant('time', { ms: time, ns: 0 }, arrival.receivedAt)
  const asOf = isoOf(ms)
  const session = SESSIONS[marketHours]
  if (session === undefined) throw new FieldError('market_hours', `is ${marketHours}, which is not known`)
  const told = rounded(data)
  if (told.price === undefined) throw new FieldError('price', 'is missing')
  const { price, change, changePercent, openPrice: open, dayHigh, dayLow, previousClose, bid, ask } = told
  // Of coins the volume is what was paid for them in a day, and the change is against a day ago.
  const isCoin = cryptoPair(symbol) !== undefined
  const isExtended = session !== 'regular'
  const reference = isCoin || isExtended || change === undefined ? undefined : round(price - change, data)
  const volume = isCoin ? undefined : data.dayVolume
  const day = { open, dayHigh, dayLow, previousClose: previousClose ?? reference, volume }
  const sides = { bid, ask, bidSize: bid && data.bidSize, askSize: ask && data.askSize }
  return withoutAbsent<Quote>({
    symbol,
    // Outside regular hours the change is against the regular price.
    price: isExtended && change !== undefined ? round(price - change, data) : price,
    ...(isExtended ? {} : { change, changePercent }),
    ...day,
    ...sides,
    currency: data.currency,
    marketState: session === 'overnight' ? 'closed' : session,
    extendedHours: isExtended
      ? withoutAbsent<ExtendedHours>({ session, price, change, changePercent, asOf })
      : undefined,
    asOf,
    sequence: arrival.nextSequence(),
    provenance: {
      source: SOURCE,
      feed,
      delivery: 'stream',
      receivedAt: isoOf(arrival.receivedAt),
      state: 'live',
      attempts: [],
      notes: [PERSONAL_USE]
    }
  })
}

const PRICES = ['price', 'change', 'openPrice', 'dayHigh', 'dayLow', 'previousClose', 'bid', 'ask'] as const

/** A price that is 0 is none, but a change may be. Throws FieldError where one is no number. */
function rounded(data: PricingData): Partial<Record<(typeof PRICES)[number] | 'changePercent', number>> {
  const told: Partial<Record<(typeof PRICES)[number] | 'changePercent', number>> = {}
  for (const field of [...PRICES, 'changePercent'] as const) {
    const value = data[field]
    if (value === undefined || (value === 0 && !field.startsWith('change'))) continue
    if (!Number.isFinite(value)) throw new FieldError(field, 'is no number')
    told[field] = field === 'changePercent' ? Number(value.toPrecision(7)) : round(value, data)
  }
  return told
}

function round(value: number, { priceHint = LEAST_DECIMALS }: PricingData): number {
  return Number(value.toFixed(Math.min(MAX_DECIMALS, Math.max(LEAST_DECIMALS, priceHint))))
}
