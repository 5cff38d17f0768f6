import { Type, type Static } from 'typebox'
import { Bar, Interval } from './bar.ts'
import { Bbo } from './bbo.ts'
import { Halt } from './halt.ts'
import { MarketStatus } from './market-status.ts'
import { Indices, Movers, Sectors } from './market-wide.ts'
import { Provenance } from './provenance.ts'
import { Quote } from './quote.ts'
import { Sentiment } from './sentiment.ts'
import { Trade, TradeCancel, TradeCorrection } from './trade.ts'

/**
 * What the log carries and clients receive. Trades, best bids, quotes and bars stand in the log as numbers, in the order of
 * their shapes' members; their JSON is made once in each API process, and only of what somebody there listens to.
 */
export const QuoteUpdate = Type.Object({
  type: Type.Literal('quote_update'),
  data: Type.Object({
    symbol: Type.String(),
    quote: Quote,
    timestamp: Type.String({ format: 'date-time', description: "The quote's asOf" })
  })
})
export type QuoteUpdate = Static<typeof QuoteUpdate>

export const TradeReport = Type.Object({
  type: Type.Literal('trade'),
  data: Type.Object({ symbol: Type.String(), trade: Trade, timestamp: Type.String({ format: 'date-time' }) })
})
export type TradeReport = Static<typeof TradeReport>

/** `timestamp` is the asOf of what is told, as everywhere. */
const symbolUpdate = <Name extends string, Field extends string, Shape extends Type.TSchema>(
  type: Name,
  field: Field,
  shape: Shape
) =>
  Type.Object({
    type: Type.Literal(type),
    data: Type.Object({
      symbol: Type.String(),
      timestamp: Type.String({ format: 'date-time' }),
      ...({ [field]: shape } as Record<Field, Shape>)
    })
  })

/**
 * A trade that was missed when it happened and fetched later. It is for those who keep trades and for nobody who follows them
 * live, and stands in a topic of its own.
 */
export const TradeBackfill = Type.Object({
  type: Type.Literal('trade_backfill'),
  data: TradeReport.properties.data
})
export type TradeBackfill = Static<typeof TradeBackfill>

/** Stands in the topic of the trades that it corrects. */
export const TradeCorrected = symbolUpdate('trade_correction', 'correction', TradeCorrection)
export type TradeCorrected = Static<typeof TradeCorrected>

/** Stands in the topic of the trades that it takes back. */
export const TradeCancelled = symbolUpdate('trade_cancel', 'cancel', TradeCancel)
export type TradeCancelled = Static<typeof TradeCancelled>

export const BboUpdate = symbolUpdate('bbo', 'bbo', Bbo)
export type BboUpdate = Static<typeof BboUpdate>

export const HaltUpdate = symbolUpdate('halt', 'halt', Halt)
export type HaltUpdate = Static<typeof HaltUpdate>

/** `provisional` while its interval runs, `final` after it, `corrected` when late trades changed a final bar. */
export const BarState = Type.Enum(['provisional', 'final', 'corrected'])
export type BarState = Static<typeof BarState>

/** `withdrawn`: there is no such bar, for all trades that moved its price were taken back; it is told as it was told last. */
export const BarUpdateState = Type.Enum([...BarState.enum, 'withdrawn'])
export type BarUpdateState = Static<typeof BarUpdateState>

export const BarUpdate = Type.Object({
  type: Type.Literal('bar_update'),
  data: Type.Object({
    symbol: Type.String(),
    interval: Interval,
    bar: Bar,
    state: BarUpdateState,
    revision: Type.Integer({ minimum: 0, description: 'Counts the corrections' }),
    reason: Type.Optional(Type.String({ description: 'Why it was corrected or withdrawn' })),
    provenance: Provenance,
    timestamp: Type.String({ format: 'date-time', description: 'When this state of the bar was reached, UTC' })
  })
})
export type BarUpdate = Static<typeof BarUpdate>

const channelUpdate = <Name extends string, Value extends Type.TSchema>(type: Name, value: Value) =>
  Type.Object({ type: Type.Literal(type), data: value })

export const IndicesUpdate = channelUpdate('indices_update', Indices)
export const SectorsUpdate = channelUpdate('sectors_update', Sectors)
export const MoversUpdate = channelUpdate('movers_update', Movers)
export const SentimentUpdate = channelUpdate('sentiment_update', Sentiment)
export const StatusUpdate = channelUpdate('market_status', MarketStatus)

export const MarketEvent = Type.Union([
  QuoteUpdate,
  TradeReport,
  TradeBackfill,
  TradeCorrected,
  TradeCancelled,
  BboUpdate,
  HaltUpdate,
  BarUpdate,
  IndicesUpdate,
  SectorsUpdate,
  MoversUpdate,
  SentimentUpdate,
  StatusUpdate
])
export type MarketEvent = Static<typeof MarketEvent>

export const quoteUpdate = (quote: Quote): QuoteUpdate => ({
  type: 'quote_update',
  data: { symbol: quote.symbol, quote, timestamp: quote.asOf }
})

/** What is subscribed to: `quotes:AAPL`, `trades:AAPL`, `bbo:AAPL`, `halts:AAPL`, `bars.1m:AAPL`, `indices`, `movers:gainers`. */
export type TopicName = string

export function topicOf(event: MarketEvent): TopicName {
  switch (event.type) {
    case 'quote_update':
      return `quotes:${event.data.symbol}`
    case 'bbo':
      return `bbo:${event.data.symbol}`
    case 'halt':
      return `halts:${event.data.symbol}`
    case 'trade':
    case 'trade_correction':
    case 'trade_cancel':
      return `trades:${event.data.symbol}`
    case 'trade_backfill':
      return `backfills:${event.data.symbol}`
    case 'bar_update':
      return `bars.${event.data.interval}:${event.data.symbol}`
    case 'movers_update':
      return `movers:${event.data.type}`
    default:
      return CHANNEL_TOPICS[event.type]
  }
}

const CHANNEL_TOPICS = {
  indices_update: 'indices',
  sectors_update: 'sectors',
  sentiment_update: 'sentiment',
  market_status: 'status'
} as const
