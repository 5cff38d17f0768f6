import { createHash } from 'node:crypto'
import { streamOf, symbolOf } from '../../demand/want.ts'
import type { Canary, Feed } from '../feed.ts'
import { plainEnding } from '../plain-ending.ts'
import type { PlaceOf } from '../tick-place.ts'
import { FinnhubConversation } from './conversation.ts'
import { finnhubMapper, SOURCE } from './mapper.ts'
import { finnhubSymbol } from './symbols.ts'

export const FINNHUB_STREAM_URL = 'wss://ws.finnhub.io'
/** A connection that is made while the vendor holds another one costs both. */
const GHOST_MS = 60_000
const SPY: Canary = { topics: ['trades:SPY'], perMinute: { continuous: 60, closing_auction: 60 } }

export type FinnhubOptions = {
  readonly apiKey: string
  /** Without a path. */
  readonly baseUrl?: string
  readonly maxSymbols: number
  readonly isSandbox?: boolean
  readonly canary?: Canary
  readonly placeOf: PlaceOf
}

/** Finnhub's trades of US shares, in the vendor's own selection. A key takes one connection. */
export function finnhub(options: FinnhubOptions): Feed {
  const { apiKey, baseUrl = FINNHUB_STREAM_URL, maxSymbols, isSandbox = false, canary = SPY, placeOf } = options
  const feed = isSandbox ? 'sandbox' : 'composite'
  return {
    name: `${SOURCE}/trades`,
    source: SOURCE,
    feed,
    leaseKey: `${SOURCE}/trades/${createHash('sha256').update(apiKey).digest('hex').slice(0, 16)}`,
    slots: [{ streams: ['trades'], topics: maxSymbols }],
    serves: (topic) => streamOf(topic) === 'trades' && finnhubSymbol(symbolOf(topic)) !== undefined,
    canary,
    ghostMs: GHOST_MS,
    endpoint: () => ({ url: `${baseUrl.replace(/\/$/, '')}/?token=${encodeURIComponent(apiKey)}`, headers: {} }),
    converse: () => new FinnhubConversation(),
    map: finnhubMapper({ feed, placeOf }),
    endingOf: plainEnding
  }
}
