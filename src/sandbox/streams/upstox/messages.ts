import { create, toBinary, type MessageInitShape } from '@bufbuild/protobuf'
import { DAY_MS, MINUTE_MS } from '../../../market/time.ts'
import {
  FeedResponseSchema,
  MarketStatus,
  RequestMode,
  Type,
  type FeedSchema,
  type OHLCSchema
} from '../../../streams/upstox/wire/market-data-feed_pb.js'
import type { Exchange } from '../../exchange.ts'
import { integerBetween, mix } from '../../noise.ts'
import type { SimulatedQuote } from '../../quotes.ts'
import type { Instrument } from '../../universe/instrument.ts'
import type { Tape } from '../tape.ts'

export type FeedInit = MessageInitShape<typeof FeedSchema>

const IST_MS = 330 * MINUTE_MS
const LEVELS: Partial<Readonly<Record<RequestMode, number>>> = { [RequestMode.full_d5]: 5, [RequestMode.full_d30]: 30 }
const SEGMENTS = ['NSE_EQ', 'NSE_FO', 'NSE_INDEX', 'NSE_COM', 'NCD_FO', 'BSE_EQ', 'BSE_FO', 'BSE_INDEX', 'BCD_FO']
/** In a frame of changes the book and the greeks come with every second one. */
const BOOK_EVERY = 2

export type Told = {
  readonly tape: Tape
  readonly exchange: Exchange
  readonly at: number
  readonly isSnapshot: boolean
}

/** What is told of an instrument at a tick; undefined where nothing traded that was not told before. */
export function feedOf(instrument: Instrument, mode: RequestMode, told: Told): FeedInit | undefined {
  const { tape, exchange, at, isSnapshot } = told
  const quote = exchange.quote(instrument, at)
  if (!isSnapshot && !tape.trade(instrument, at)) return undefined
  const ltpc = ltpcOf(quote, told)
  const marketOHLC = { ohlc: [dayOf(quote)] }
  if (mode === RequestMode.ltpc) return { FeedUnion: { case: 'ltpc', value: ltpc }, requestMode: mode }
  if (instrument.kind === 'index') {
    const value = { FullFeedUnion: { case: 'indexFF' as const, value: { ltpc, marketOHLC } } }
    return { FeedUnion: { case: 'fullFeed', value }, requestMode: mode }
  }
  const vtt = BigInt(quote.volume)
  const hasBook = isSnapshot || Math.floor(at / tape.tickMs) % BOOK_EVERY === 0
  if (mode === RequestMode.option_greeks) {
    const value = { ltpc, ...(hasBook && { firstDepth: levelOf(quote, 0) }), optionGreeks: {}, vtt }
    return { FeedUnion: { case: 'firstLevelWithGreeks', value }, requestMode: mode }
  }
  const bidAskQuote = Array.from({ length: LEVELS[mode] ?? 0 }, (_, depth) => levelOf(quote, depth))
  const book = hasBook && { marketLevel: { bidAskQuote }, optionGreeks: {} }
  const value = { ltpc, ...book, marketOHLC, atp: (quote.dayHigh + quote.dayLow) / 2, vtt }
  return {
    FeedUnion: { case: 'fullFeed', value: { FullFeedUnion: { case: 'marketFF', value } } },
    requestMode: mode
  }
}

/** The last of the trades since the tick before, which is a part of what traded. */
function ltpcOf({ instrument, price, previousClose, asOf, volume }: SimulatedQuote, { tape, exchange, at }: Told) {
  const traded = volume - exchange.quote(instrument, at - tape.tickMs).volume
  const key = mix(exchange.keyOf(instrument), Math.floor(at / tape.tickMs))
  const ltq = instrument.kind === 'index' ? 0 : integerBetween(1, Math.max(1, traded), key, 7)
  const trades = tape.trade(instrument, at) !== undefined
  return { ltp: price, ltt: BigInt(trades ? at : asOf), ltq: BigInt(ltq), cp: previousClose }
}

function levelOf({ bid, ask, bidSize, askSize, instrument }: SimulatedQuote, depth: number) {
  const step = depth / 10 ** instrument.decimals
  return { bidQ: BigInt(bidSize + depth), bidP: bid - step, askQ: BigInt(askSize + depth), askP: ask + step }
}

/** It begins at midnight in India, and its close lags. */
function dayOf({ open, dayHigh, dayLow, price, volume, asOf }: SimulatedQuote): MessageInitShape<typeof OHLCSchema> {
  const midnight = Math.floor((asOf + IST_MS) / DAY_MS) * DAY_MS - IST_MS
  return { interval: '1d', open, high: dayHigh, low: dayLow, close: price, vol: BigInt(volume), ts: BigInt(midnight) }
}

export function feedsFrame(feeds: Readonly<Record<string, FeedInit>>, at: number, isSnapshot: boolean): Uint8Array {
  const type = isSnapshot ? Type.initial_feed : Type.live_feed
  return toBinary(FeedResponseSchema, create(FeedResponseSchema, { type, feeds, currentTs: BigInt(at) }))
}

/** All segments together: the simulated exchanges of India keep one calendar. */
export function marketInfoFrame(isOpen: boolean, at: number): Uint8Array {
  const status = isOpen ? MarketStatus.NORMAL_OPEN : MarketStatus.NORMAL_CLOSE
  const segmentStatus = Object.fromEntries(SEGMENTS.map((segment) => [segment, status]))
  const init = { type: Type.market_info, currentTs: BigInt(at), marketInfo: { segmentStatus } }
  return toBinary(FeedResponseSchema, create(FeedResponseSchema, init))
}
