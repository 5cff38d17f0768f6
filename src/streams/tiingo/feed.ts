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
/** Its services, by the name that each has in addresses: the exchange IEX, and Blue Ocean, where shares trade at night. */
const CANARIES = {
  iex: { topics: ['quotes:SPY'], perMinute: { continuous: 60, closing_auction: 60 } },
  boats: { topics: ['quotes:SPY'], perMinute: { overnight: 6 } }
} as const satisfies Record<string, Canary>
export type TiingoService = keyof typeof CANARIES

export type TiingoStreamOptions = {
  readonly service?: TiingoService
  readonly token: string
  /** Without a path. */
  readonly baseUrl?: string
  readonly isSandbox?: boolean
  readonly canary?: Canary
  readonly placeOf: PlaceOf
}

/** Tiingo's prices of one venue, at the level that needs no agreement with it: quotes, and no trades. */
export function tiingoStream(options: TiingoStreamOptions): Feed {
  const { token, service = 'iex', baseUrl = TIINGO_STREAM_URL, isSandbox = false, placeOf } = options
  const { canary = CANARIES[service] } = options
  const feed = isSandbox ? 'sandbox' : service
  return {
    name: `${SOURCE}/${service}`,
    source: SOURCE,
    feed,
    leaseKey: `${SOURCE}/${service}/${createHash('sha256').update(token).digest('hex').slice(0, 16)}`,
    slots: [],
    serves: (topic) => streamOf(topic) === 'quotes' && tiingoTicker(symbolOf(topic)) !== undefined,
    canary,
    ghostMs: GHOST_MS,
    endpoint: () => ({ url: `${baseUrl.replace(/\/$/, '')}/${service}`, headers: {} }),
    converse: () => new TiingoConversation(token),
    map: tiingoMapper({ feed, service, placeOf }),
    endingOf: plainEnding
  }
}
