import { createHash } from 'node:crypto'
import type { Feed as MarketFeed } from '../../market/provenance.ts'
import { MINUTE_MS } from '../../market/time.ts'
import type { Canary, Feed } from '../feed.ts'
import type { PlaceOf } from '../tick-place.ts'
import { MassiveConversation } from './conversation.ts'
import { massiveMapper } from './mapper.ts'
import { problemOfEnding } from './problems.ts'
import { parameterOf, type MassiveMarket } from './symbols.ts'
import { SOURCE } from './tick.ts'

/** The former hosts, `socket.polygon.io` and `delayed.polygon.io`, serve the same: a base URL may name them. */
export const MASSIVE_URLS = { live: 'wss://socket.massive.com', delayed: 'wss://delayed.massive.com' } as const

/** A newcomer takes the place of a connection that is still held, so none has to be waited for. */
const GHOST_MS = 0
/** Of the delayed clusters. */
const DELAY_MS = 15 * MINUTE_MS
/** Contracts whose quotes one connection may carry. */
const MAX_QUOTED_CONTRACTS = 1000

const FEEDS: Readonly<Record<MassiveMarket, MarketFeed>> = {
  stocks: 'consolidated',
  options: 'opra',
  // Some venues of many.
  crypto: 'composite'
}

/** Of contracts none lives long enough to be named here. */
const CANARIES: Readonly<Record<MassiveMarket, Canary | undefined>> = {
  stocks: {
    topics: ['trades:SPY', 'bbo:SPY'],
    perMinute: { pre: 60, continuous: 600, closing_auction: 600, post: 30 }
  },
  options: undefined,
  crypto: { topics: ['trades:BTC-USD', 'bbo:BTC-USD'], perMinute: { continuous: 60 } }
}

export type MassiveOptions = {
  readonly market: MassiveMarket
  /** Whether the plan is of the clusters that tell everything a quarter of an hour late. */
  readonly isDelayed?: boolean
  /** Without a path; the vendor's unless told. */
  readonly baseUrl?: string
  /** Asked before each connection. */
  readonly apiKey: () => string
  /** Whether all that comes is simulated. */
  readonly isSandbox?: boolean
  /** In the place of the market's own. */
  readonly canary?: Canary
  readonly placeOf: PlaceOf
}

/** One of Massive's clusters (Polygon until 2025). Each takes one connection of a key, and plans are sold for each. */
export function massive(options: MassiveOptions): Feed {
  const { market, isDelayed = false, baseUrl, apiKey, isSandbox = false, canary = CANARIES[market], placeOf } = options
  const feed = isSandbox ? 'sandbox' : isDelayed ? 'delayed' : FEEDS[market]
  const url = baseUrl ?? MASSIVE_URLS[isDelayed ? 'delayed' : 'live']
  return {
    name: `${SOURCE}/${market}`,
    source: SOURCE,
    feed,
    ...(isDelayed && { delayMs: DELAY_MS }),
    leaseKey: `${SOURCE}/${market}/${digest(apiKey())}`,
    slots: market === 'options' ? [{ streams: ['bbo'], topics: MAX_QUOTED_CONTRACTS }] : [],
    serves: (topic) => parameterOf(market, topic) !== undefined,
    canary,
    ghostMs: GHOST_MS,
    endpoint: () => ({ url: `${url.replace(/\/$/, '')}/${market}`, headers: {} }),
    converse: () => new MassiveConversation({ market, apiKey: apiKey() }),
    map: massiveMapper({ market, feed, placeOf }),
    endingOf: problemOfEnding
  }
}

const digest = (key: string): string => createHash('sha256').update(key).digest('hex').slice(0, 16)
