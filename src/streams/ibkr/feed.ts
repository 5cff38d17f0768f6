import type { Feed as MarketFeed } from '../../market/provenance.ts'
import { streamOf, symbolOf } from '../../demand/want.ts'
import type { Canary, Feed } from '../feed.ts'
import type { PlaceOf } from '../tick-place.ts'
import { queryOf, SOURCE } from './contracts.ts'
import { TwsConversation, type KnownContracts } from './conversation.ts'
import { twsMapper } from './mapper.ts'
import { twsEndpoint } from './port.ts'
import { problemOfEnding } from './problems.ts'

const STREAMS: ReadonlySet<string> = new Set(['trades', 'bbo', 'halts'])
/** TWS is on a machine of ours, and lets go of a client whose end it did not see within moments. */
const GHOST_MS = 10_000
/** It tells what changes four times a second at most. */
const SPY: Canary = { topics: ['trades:SPY', 'bbo:SPY'], perMinute: { continuous: 60, closing_auction: 30 } }

export type TwsOptions = {
  readonly host: string
  readonly port: number
  readonly clientId: number
  /** From the first packet to the number that says that TWS takes requests. */
  readonly handshakeMs: number
  /** Market data lines that the account has. */
  readonly maxLines: number
  readonly isSandbox?: boolean
  readonly canary?: Canary
  readonly placeOf: PlaceOf
  /** Canonical symbols of shares that TWS shall tell what it knows of whenever it is connected to. */
  readonly undescribed?: () => readonly string[]
}

/**
 * Market data of TWS or IB Gateway. It samples: four times a second at most the last trade, with the volume of the day, and
 * the best bid and offer, of venues that it does not name. So it is `composite`, and its volumes are nobody's official ones.
 */
export function tws(options: TwsOptions): Feed {
  const { host, port, clientId, handshakeMs, maxLines, isSandbox = false, placeOf } = options
  const feed: MarketFeed = isSandbox ? 'sandbox' : 'composite'
  const contracts: KnownContracts = new Map()
  return {
    name: `${SOURCE}/tws`,
    source: SOURCE,
    feed,
    leaseKey: `${SOURCE}/${host}:${port}/${clientId}`,
    slots: [{ streams: [...STREAMS], topics: maxLines, per: 'symbol' }],
    serves: (topic) => STREAMS.has(streamOf(topic)) && queryOf(symbolOf(topic)) !== undefined,
    canary: options.canary ?? SPY,
    ghostMs: GHOST_MS,
    handshakeMs,
    endpoint: () => twsEndpoint({ host, port, clientId }),
    converse: () => new TwsConversation(contracts, options.undescribed),
    map: twsMapper({ feed, placeOf }),
    endingOf: problemOfEnding
  }
}
