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
import { integerBetween, mix } from '../../noise.ts'
import type { Listed, ListedQuote } from '../../vendors/upstox/listing.ts'

export type FeedInit = MessageInitShape<typeof FeedSchema>

const IST_MS = 330 * MINUTE_MS
const LEVELS: Partial<Readonly<Record<RequestMode, number>>> = { [RequestMode.full_d5]: 5, [RequestMode.full_d30]: 30 }
const SEGMENTS = ['NSE_EQ', 'NSE_FO', 'NSE_INDEX', 'NSE_COM', 'NCD_FO', 'BSE_EQ', 'BSE_FO', 'BSE_INDEX', 'BCD_FO']
/** In a frame of changes the book and the greeks come with every second one. */
const BOOK_EVERY = 2

export type OpenMarkets = { readonly stocks: boolean; readonly commodities: boolean }

export type Tick = {
  readonly at: number
  readonly tickMs: number
  readonly isSnapshot: boolean
}

/** What is told of an instrument at a tick; undefined where nothing traded that was not told before. */
export function feedOf(listed: Listed, mode: RequestMode, tick: Tick): FeedInit | undefined {
  const { at, tickMs, isSnapshot } = tick
  const quote = listed.quote(at)
  if (!isSnapshot && quote.phase !== 'regular') return undefined
  const ltpc = ltpcOf(listed, quote, tick)
  const marketOHLC = { ohlc: [dayOf(quote)] }
  if (mode === RequestMode.ltpc) return { FeedUnion: { case: 'ltpc', value: ltpc }, requestMode: mode }
  if (listed.isIndex) {
    const value = { FullFeedUnion: { case: 'indexFF' as const, value: { ltpc, marketOHLC } } }
    return { FeedUnion: { case: 'fullFeed', value }, requestMode: mode }
  }
  const vtt = BigInt(quote.volume)
  const hasBook = isSnapshot || Math.floor(at / tickMs) % BOOK_EVERY === 0
  if (mode === RequestMode.option_greeks) {
    const value = { ltpc, ...(hasBook && { firstDepth: levelOf(listed, quote, 0) }), ...figuresOf(quote), vtt }
    return { FeedUnion: { case: 'firstLevelWithGreeks', value }, requestMode: mode }
  }
  const bidAskQuote = Array.from({ length: LEVELS[mode] ?? 0 }, (_, depth) => levelOf(listed, quote, depth))
  const book = hasBook && { marketLevel: { bidAskQuote }, ...figuresOf(quote) }
  const value = { ltpc, ...book, marketOHLC, atp: (quote.dayHigh + quote.dayLow) / 2, vtt }
  return {
    FeedUnion: { case: 'fullFeed', value: { FullFeedUnion: { case: 'marketFF', value } } },
    requestMode: mode
  }
}

/** The last of the trades since the tick before, which is a part of what traded. */
function ltpcOf(listed: Listed, { price, previousClose, asOf, volume, phase }: ListedQuote, { at, tickMs }: Tick) {
  const traded = volume - listed.quote(at - tickMs).volume
  const key = mix(listed.hash, Math.floor(at / tickMs))
  const ltq = listed.isIndex ? 0 : integerBetween(1, Math.max(1, traded), key, 7)
  return { ltp: price, ltt: BigInt(phase === 'regular' ? at : asOf), ltq: BigInt(ltq), cp: previousClose }
}

/** Shares come with greeks too, that are empty. */
function figuresOf({ figures }: ListedQuote) {
  if (!figures) return { optionGreeks: {} }
  const { openInterest, impliedVolatility, ...optionGreeks } = figures
  return { optionGreeks, oi: openInterest, iv: impliedVolatility }
}

function levelOf({ tickSize }: Listed, { bid, ask, bidSize, askSize }: ListedQuote, depth: number) {
  const step = depth * tickSize
  return { bidQ: BigInt(bidSize + depth), bidP: bid - step, askQ: BigInt(askSize + depth), askP: ask + step }
}

/** It begins at midnight in India, and its close lags. */
function dayOf({ open, dayHigh, dayLow, price, volume, asOf }: ListedQuote): MessageInitShape<typeof OHLCSchema> {
  const midnight = Math.floor((asOf + IST_MS) / DAY_MS) * DAY_MS - IST_MS
  return { interval: '1d', open, high: dayHigh, low: dayLow, close: price, vol: BigInt(volume), ts: BigInt(midnight) }
}

export function feedsFrame(feeds: Readonly<Record<string, FeedInit>>, at: number, isSnapshot: boolean): Uint8Array {
  const type = isSnapshot ? Type.initial_feed : Type.live_feed
  return toBinary(FeedResponseSchema, create(FeedResponseSchema, { type, feeds, currentTs: BigInt(at) }))
}

/** NSE and BSE keep one calendar, and commodities one of their own. */
export function marketInfoFrame({ stocks, commodities }: OpenMarkets, at: number): Uint8Array {
  const statusOf = (isOpen: boolean) => (isOpen ? MarketStatus.NORMAL_OPEN : MarketStatus.NORMAL_CLOSE)
  const segmentStatus = {
    ...Object.fromEntries(SEGMENTS.map((segment) => [segment, statusOf(stocks)])),
    MCX_FO: statusOf(commodities)
  }
  const init = { type: Type.market_info, currentTs: BigInt(at), marketInfo: { segmentStatus } }
  return toBinary(FeedResponseSchema, create(FeedResponseSchema, init))
}
