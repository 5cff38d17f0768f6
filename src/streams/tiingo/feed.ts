import { createHash } from 'node:crypto'
import { streamOf, symbolOf } from '../../demand/want.ts'
import type { Canary, Feed } from '../feed.ts'
import { plainEnding } from '../plain-ending.ts'
import type { PlaceOf } from '../tick-place.ts'
import { TiingoConversation } from './conversation.ts'
import { SOURCE, tiingoMapper } from './mapper.ts'
import { tiingoTicker } from './symbols.ts'

export const TIINGO_STREAM_URL = 'wss://api.tiingo.com'
/** What a connection that broke off is said to be held for; the vendor tells no number. */
const GHOST_MS = 30_000
const SPY: Canary = { topics: ['quotes:SPY'], perMinute: { continuous: 60, closing_auction: 60 } }

export type TiingoStreamOptions = {
  readonly token: string
  /** Without a path. */
  readonly baseUrl?: string
  readonly isSandbox?: boolean
  readonly canary?: Canary
  readonly placeOf: PlaceOf
}

/** Tiingo's prices of the exchange IEX, at the level that needs no agreement with the exchange: quotes, and no trades. */
export function tiingoStream(options: TiingoStreamOptions): Feed {
  const { token, baseUrl = TIINGO_STREAM_URL, isSandbox = false, canary = SPY, placeOf } = options
  const feed = isSandbox ? 'sandbox' : 'iex'
  return {
    name: `${SOURCE}/iex`,
    source: SOURCE,
    feed,
    leaseKey: `${SOURCE}/iex/${createHash('sha256').update(token).digest('hex').slice(0, 16)}`,
    slots: [],
    serves: (topic) => streamOf(topic) === 'quotes' && tiingoTicker(symbolOf(topic)) !== undefined,
    canary,
    ghostMs: GHOST_MS,
    endpoint: () => ({ url: `${baseUrl.replace(/\/$/, '')}/iex`, headers: {} }),
    converse: () => new TiingoConversation(token),
    map: tiingoMapper({ feed, placeOf }),
    endingOf: plainEnding
  }
}
