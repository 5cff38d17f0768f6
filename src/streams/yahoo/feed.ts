import { streamOf, symbolOf } from '../../demand/want.ts'
import type { Canary, Feed } from '../feed.ts'
import { plainEnding } from '../plain-ending.ts'
import { YahooConversation } from './conversation.ts'
import { SOURCE, yahooMapper } from './mapper.ts'
import { streamerSymbol } from './symbols.ts'

export const YAHOO_STREAM_URL = 'wss://streamer.finance.yahoo.com'

/** Whoever says nothing for longer is forgotten; the vendor's own page says it again as often. */
const REPEAT_EVERY_MS = 15_000
/** The streamer answers programs that look like browsers. */
const HEADERS = {
  'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36',
  origin: 'https://finance.yahoo.com'
}
const SPY: Canary = { topics: ['quotes:SPY'], perMinute: { continuous: 60, closing_auction: 60 } }

export type YahooStreamOptions = {
  /** Without a path. */
  readonly baseUrl?: string
  /** Symbols that one connection asks for; the vendor says of no bound. */
  readonly maxSymbols: number
  readonly isSandbox?: boolean
  readonly canary?: Canary
}

/**
 * The streamer behind Yahoo's pages: nobody needs a key, nobody promised it to anybody, and what it tells is for personal use.
 * It tells quotes and no trades, so neither bars nor best bids are made of it.
 */
export function yahooStream({
  baseUrl = YAHOO_STREAM_URL,
  maxSymbols,
  isSandbox = false,
  canary = SPY
}: YahooStreamOptions): Feed {
  const feed = isSandbox ? 'sandbox' : 'composite'
  return {
    name: `${SOURCE}/streamer`,
    source: SOURCE,
    feed,
    leaseKey: `${SOURCE}/streamer`,
    slots: [{ streams: ['quotes'], topics: maxSymbols }],
    serves: (topic) => streamOf(topic) === 'quotes' && streamerSymbol(symbolOf(topic)) !== undefined,
    canary,
    ghostMs: 0,
    repeatEveryMs: REPEAT_EVERY_MS,
    endpoint: () => ({ url: `${baseUrl.replace(/\/$/, '')}/?version=2`, headers: HEADERS }),
    converse: () => new YahooConversation(),
    map: yahooMapper({ feed }),
    endingOf: plainEnding
  }
}
