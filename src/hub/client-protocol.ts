import { Type, type Static } from 'typebox'
import {
  CHANNELS,
  frame,
  Id,
  MAX_CONFLATE_MS,
  MAX_CURSOR_LENGTH,
  MAX_NAME_LENGTH,
  MAX_NAMES_PER_FRAME,
  STREAMS
} from './protocol.ts'

const Name = Type.String({ minLength: 1, maxLength: MAX_NAME_LENGTH })
const CHANNEL_NAMES = `Of ${CHANNELS.join(', ')}; each other name is rejected by itself`
const SYMBOL_NAMES = 'Symbols in any usual spelling; what is none is rejected by itself'
const names = (description: string, options: { minItems?: number } = {}) =>
  Type.Array(Name, { maxItems: MAX_NAMES_PER_FRAME, description, ...options })

const MarketDataTopics = { type: Type.Literal('market_data') }
const StockQuotesTopics = {
  type: Type.Literal('stock_quotes'),
  stream: Type.Optional(Type.Enum(STREAMS, { default: 'quotes', description: 'What of the symbols' }))
}
const OptionChainTopics = {
  type: Type.Literal('option_chain'),
  underlying: Type.String({
    minLength: 1,
    maxLength: 64,
    description: 'Stands for itself and for all contracts on it that expire on one day; answered as stock_quotes'
  }),
  expiry: Type.Optional(
    Type.String({
      pattern: '^\\d{4}-\\d{2}-\\d{2}$',
      description: 'YYYY-MM-DD; the nearest that still trades without it'
    })
  ),
  stream: StockQuotesTopics.stream
}
const delivery = {
  since: Type.Optional(
    Type.String({
      maxLength: MAX_CURSOR_LENGTH,
      description: 'Cursor of the last frame of this kind: replays what came after'
    })
  ),
  conflateMs: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: MAX_CONFLATE_MS,
      description: 'For the whole connection: the newest quote per symbol so often; 0 is every one'
    })
  ),
  batch: Type.Optional(Type.Boolean({ description: 'For the whole connection: events come as arrays' })),
  fields: Type.Optional(
    Type.Enum(['all', 'changed'], { description: 'For the whole connection: whole quotes, or what changed in them' })
  )
}
const closed = { additionalProperties: false } as const

export const Subscribe = frame(
  'subscribe',
  Type.Union([
    Type.Object({ ...MarketDataTopics, channels: names(CHANNEL_NAMES, { minItems: 1 }), ...delivery }, closed),
    Type.Object({ ...StockQuotesTopics, symbols: names(SYMBOL_NAMES, { minItems: 1 }), ...delivery }, closed),
    Type.Object({ ...OptionChainTopics, ...delivery }, closed)
  ])
)
export type Subscribe = Static<typeof Subscribe>

export const Unsubscribe = frame(
  'unsubscribe',
  Type.Union([
    Type.Object({ ...MarketDataTopics, channels: Type.Optional(names(`${CHANNEL_NAMES}. Without it, all`)) }, closed),
    Type.Object(
      { ...StockQuotesTopics, symbols: Type.Optional(names(`${SYMBOL_NAMES}. Without it, all of the stream`)) },
      closed
    )
  ])
)
export type Unsubscribe = Static<typeof Unsubscribe>

export const Authenticate = frame(
  'auth',
  Type.Object({ token: Type.String({ maxLength: 8192, description: 'An API key or a token' }) }, closed)
)
export type Authenticate = Static<typeof Authenticate>

export const Ping = Type.Object({ type: Type.Literal('ping'), id: Id }, closed)

export const List = Type.Object({ type: Type.Literal('list'), id: Id }, closed)

/** What clients send. */
export const ClientFrame = Type.Union([Subscribe, Unsubscribe, List, Authenticate, Ping])
export type ClientFrame = Static<typeof ClientFrame>
