import type { TradeReport } from '../../market/event.ts'
import { formatInstantNs } from '../../market/instant-ns.ts'
import type { Feed } from '../../market/provenance.ts'
import { isoOf } from '../../market/time.ts'
import type { Trade } from '../../market/trade.ts'
import { jsonCodec } from '../codec.ts'
import { codesIn, FieldError, isWire, numberIn, possibleInstant, textIn } from '../fields.ts'
import { KnownSymbols } from '../known-symbols.ts'
import type { Arrival, Frame, Mapped, Mapper, Refusal } from '../mapper.ts'
import type { PlaceOf } from '../tick-place.ts'
import { canonicalSymbol } from './symbols.ts'

export const SOURCE = 'finnhub'

export type FinnhubMapperOptions = { readonly feed: Feed; readonly placeOf: PlaceOf }

/**
 * Reads messages of trades, each of which holds several. They have neither ids nor venues, and conditions that the vendor
 * numbers by itself: those are kept as `#` and the number.
 */
export function finnhubMapper(options: FinnhubMapperOptions): Mapper {
  const symbols = new KnownSymbols(canonicalSymbol)
  return (frame, arrival) => {
    const message = decoded(frame)
    if (!isWire(message)) return refused({ reason: 'malformed', detail: 'the frame is no JSON object' })
    const { type, data } = message
    if (type === 'ping' || type === 'error') return { ...NOTHING, control: [message] }
    const kind = String(type).slice(0, 20)
    if (type !== 'trade') return refused({ reason: 'unknown_type', kind, detail: 'the kind is not known' })
    if (!Array.isArray(data)) return refused({ reason: 'bad_field', kind, detail: 'data is no list' })
    const events: TradeReport[] = []
    const refusals: Refusal[] = []
    for (const row of data as unknown[]) {
      const result = readTrade(row, symbols, arrival, options)
      if ('type' in result) events.push(result)
      else refusals.push({ kind, ...result })
    }
    const heard = new Set(events.map((event) => event.data.symbol))
    return { ...NOTHING, events, refusals, control: [...heard].map((symbol) => ({ heard: symbol })) }
  }
}

const NOTHING: Mapped = { events: [], news: [], control: [], refusals: [] }
const refused = (refusal: Refusal): Mapped => ({ ...NOTHING, refusals: [refusal] })

function decoded(frame: Frame): unknown {
  try {
    return jsonCodec.decode(frame)
  } catch {
    return undefined
  }
}

function readTrade(
  row: unknown,
  symbols: KnownSymbols,
  arrival: Arrival,
  options: FinnhubMapperOptions
): TradeReport | Refusal {
  if (!isWire(row)) return { reason: 'bad_field', detail: 'a trade is no object' }
  try {
    const symbol = symbols.of(textIn(row, 's'))
    if (symbol === undefined) return { reason: 'bad_symbol', detail: 's is no symbol of ours' }
    const trade = tradeOf(row, symbol, arrival, options)
    return { type: 'trade', data: { symbol, trade, timestamp: trade.asOf } }
  } catch (error) {
    if (error instanceof FieldError) return { reason: 'bad_field', detail: error.message }
    throw error
  }
}

function tradeOf(
  row: Readonly<Record<string, unknown>>,
  symbol: string,
  { receivedAt, fence, nextSequence }: Arrival,
  { feed, placeOf }: FinnhubMapperOptions
): Trade {
  const ms = numberIn(row, 't')
  if (!Number.isInteger(ms)) throw new FieldError('t', 'is no whole number')
  possibleInstant('t', { ms, ns: 0 }, receivedAt)
  const { tradeDate, session } = placeOf(symbol, ms)
  const [price, size] = [numberIn(row, 'p'), numberIn(row, 'v')]
  const conditions = codesIn(row, 'c')?.map((code) => `#${code}`)
  return {
    symbol,
    asOf: formatInstantNs({ ms, ns: 0 }),
    sequence: nextSequence(),
    fence,
    tradeDate,
    ...(session !== undefined && { session }),
    source: SOURCE,
    feed,
    receivedAt: isoOf(receivedAt),
    price,
    size,
    currency: 'USD',
    ...(conditions && { conditions })
  }
}
