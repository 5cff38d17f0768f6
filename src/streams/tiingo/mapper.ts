import { withoutAbsent } from '../../market/absent.ts'
import { quoteUpdate } from '../../market/event.ts'
import { formatInstantNs } from '../../market/instant-ns.ts'
import type { ExtendedHours, Quote } from '../../market/quote.ts'
import type { Feed } from '../../market/provenance.ts'
import { isoOf } from '../../market/time.ts'
import { jsonCodec } from '../codec.ts'
import { FieldError, instantIn, isWire, numberIn, textIn } from '../fields.ts'
import { KnownSymbols } from '../known-symbols.ts'
import type { Arrival, Frame, Mapped, Mapper, Refusal } from '../mapper.ts'
import type { PlaceOf } from '../tick-place.ts'
import { canonicalSymbol } from './symbols.ts'

export const SOURCE = 'tiingo'

const REFERENCE_PRICES = {
  iex: "Tiingo's reference price, made of quotations and trades at the exchange IEX",
  boats: "Tiingo's reference price, made of quotations and trades at Blue Ocean ATS"
}
const CONTROL: ReadonlySet<unknown> = new Set(['I', 'H', 'E'])

export type TiingoMapperOptions = {
  readonly feed: Feed
  readonly service: keyof typeof REFERENCE_PRICES
  readonly placeOf: PlaceOf
}

/**
 * Reads messages of the reference level (6): an instant, a ticker and a price, which is no trade. Messages of the levels of single
 * trades and quotations have more members; they need an agreement with the exchange, and nothing is made of them.
 */
export function tiingoMapper(options: TiingoMapperOptions): Mapper {
  const symbols = new KnownSymbols(canonicalSymbol)
  return (frame, arrival) => {
    const message = decoded(frame)
    if (!isWire(message)) return refused({ reason: 'malformed', detail: 'the frame is no JSON object' })
    const { messageType, data } = message
    if (CONTROL.has(messageType)) return { events: [], news: [], control: [message], refusals: [] }
    const kind = String(messageType).slice(0, 20)
    if (messageType !== 'A') return refused({ reason: 'unknown_type', kind, detail: 'the kind is not known' })
    if (!Array.isArray(data)) return refused({ reason: 'bad_field', kind, detail: 'data is no list' })
    if (data.length > 3) return refused({ reason: 'unused', kind, detail: 'it is not of the reference level' })
    try {
      const [date, ticker, price] = data as unknown[]
      const symbol = symbols.of(textIn({ ticker }, 'ticker'))
      if (symbol === undefined) return refused({ reason: 'bad_symbol', kind, detail: 'ticker is no symbol of ours' })
      const event = quoteUpdate(quoteOf(symbol, { date, price }, arrival, options))
      return { events: [event], news: [], control: [], refusals: [] }
    } catch (error) {
      if (error instanceof FieldError) return refused({ reason: 'bad_field', kind, detail: error.message })
      throw error
    }
  }
}

const refused = (refusal: Refusal): Mapped => ({ events: [], news: [], control: [], refusals: [refusal] })

function decoded(frame: Frame): unknown {
  try {
    return jsonCodec.decode(frame)
  } catch {
    return undefined
  }
}

function quoteOf(
  symbol: string,
  wire: { date: unknown; price: unknown },
  { receivedAt, nextSequence }: Arrival,
  { feed, service, placeOf }: TiingoMapperOptions
): Quote {
  const instant = instantIn(wire, 'date', receivedAt)
  const price = numberIn(wire, 'price')
  const asOf = formatInstantNs(instant)
  const { session = 'regular' } = placeOf(symbol, instant.ms)
  const extendedHours: ExtendedHours | undefined = session === 'regular' ? undefined : { session, price, asOf }
  return withoutAbsent<Quote>({
    symbol,
    price,
    currency: 'USD',
    extendedHours,
    asOf,
    sequence: nextSequence(),
    provenance: {
      source: SOURCE,
      feed,
      delivery: 'stream',
      receivedAt: isoOf(receivedAt),
      state: 'live',
      attempts: [],
      notes: [REFERENCE_PRICES[service]]
    }
  })
}
