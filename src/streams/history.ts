import type { Bar } from '../market/bar.ts'
import type { Feed as MarketFeed } from '../market/provenance.ts'
import type { Trade } from '../market/trade.ts'
import type { HistoryName } from '../providers/provider.ts'

/** Where what a stream missed can be had. */
export type HistoryWay = {
  /** Names it to people and in records, e.g. `alpaca/sip`. */
  readonly name: string
  /** What the vendor calls the feed that is to be asked. */
  readonly feed: string
  /** The plan may have nothing younger. */
  readonly minAgeMs: number
  /** Where the stream is of one venue and the feed of all: the one. Others' trades are none that the stream missed. */
  readonly venue?: string
}

export type HistoryRequest = {
  readonly symbol: string
  /** Epoch milliseconds; `until` is exclusive. */
  readonly from: number
  readonly until: number
  readonly way: HistoryWay
  /** As the page before it named it. */
  readonly page?: string
}

export type HistoryPage<Item> = {
  readonly items: readonly Item[]
  /** Undefined behind the last page. */
  readonly next: string | undefined
  /** What of it could not be read. */
  readonly refused: number
}

/**
 * What the vendor of a stream sells of its past over REST. Trades have the identities that the stream gives them, so that one
 * that was streamed is recognised. Methods reject with ProviderError, or with the signal's reason.
 */
export interface History {
  readonly name: HistoryName
  /** How the past of a feed can be had, in the order in which it is to be tried; none where nobody sells it. */
  ways(feed: MarketFeed, symbol: string): readonly HistoryWay[]
  /** Missing where trades of before are not sold, or have no identities. Labelled as the feed that missed them. What was taken back, or is wrong by a later word of the tape, is left out. */
  trades?(request: HistoryRequest & { readonly feed: MarketFeed }, signal: AbortSignal): Promise<HistoryPage<Trade>>
  /** The vendor's own bars, as traded, without adjustment. Those of a day are named by the session's date. */
  bars(request: HistoryRequest & { readonly interval: '1m' | '1d' }, signal: AbortSignal): Promise<HistoryPage<Bar>>
  close(): Promise<void>
}
