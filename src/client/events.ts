import type { Frames, Stream } from './api.ts'
import type { Channel, StreamFrame } from './contract.ts'

/** What has a cursor of its own: the channels all together have one. */
export type StreamName = Stream | 'channels'
export type Frame = Frames[keyof Frames]
/** Frames that tell what happened to one symbol or channel. */
export type MarketFrame = Exclude<Extract<StreamFrame, { cursor: string }>, { type: 'snapshot' | 'gap' | 'resumed' }>

const STREAM_OF = { quote_update: 'quotes', bbo: 'bbo', halt: 'halts' } as const
const TRADES = new Set(['trade', 'trade_correction', 'trade_cancel'])
const CHANNEL_OF: Readonly<Record<string, Channel>> = {
  indices_update: 'indices',
  sectors_update: 'sectors',
  movers_update: 'movers',
  sentiment_update: 'sentiment',
  market_status: 'status'
}

/** What a frame is about; undefined for frames that this version does not know. */
export function subjectOf({ type, data }: Frame): { stream: StreamName; name: string } | undefined {
  const channel = CHANNEL_OF[type]
  if (channel) return { stream: 'channels', name: channel }
  const { symbol, interval } = (data ?? {}) as { symbol?: string; interval?: string }
  if (symbol === undefined) return undefined
  if (TRADES.has(type)) return { stream: 'trades', name: symbol }
  if (type === 'bar_update') return { stream: `bars.${interval}` as Stream, name: symbol }
  const stream = STREAM_OF[type as keyof typeof STREAM_OF] as StreamName | undefined
  return stream && { stream, name: symbol }
}
