import { createHash } from 'node:crypto'
import { streamOf, symbolOf } from '../../demand/want.ts'
import { jsonCodec, msgpackCodec } from '../codec.ts'
import type { Canary, Feed } from '../feed.ts'
import type { PlaceOf } from '../tick-place.ts'
import { SOURCE } from './context.ts'
import { AlpacaConversation, type AlpacaCredential } from './conversation.ts'
import { ALPACA_ENDPOINTS, type AlpacaFeedName } from './endpoints.ts'
import { alpacaMapper } from './mapper.ts'
import { problemOfEnding } from './problems.ts'
import { alpacaSymbol } from './symbols.ts'

export const ALPACA_URL = 'wss://stream.data.alpaca.markets'
/** What a connection that broke off is said to be held for; the vendor tells no number. */
const GHOST_MS = 60_000

export type AlpacaOptions = {
  readonly name: AlpacaFeedName
  /** Without a path. */
  readonly baseUrl?: string
  /** Asked before each connection: a token is replaced while the process runs. */
  readonly credential: () => AlpacaCredential
  /** Symbols of trades and quotes together that the plan allows; absent where it allows all. */
  readonly maxSymbols?: number
  /** MessagePack halves what has to be read; the options stream speaks nothing else. */
  readonly codec?: 'json' | 'msgpack'
  /** Whether all that comes is simulated. */
  readonly isSandbox?: boolean
  /** What is never silent, where it is not what the vendor's own feed has. */
  readonly canary?: Canary
  readonly placeOf: PlaceOf
}

/** One of Alpaca's streams. Each path takes one connection of a key on most plans. */
export function alpaca(options: AlpacaOptions): Feed {
  const { name, baseUrl = ALPACA_URL, credential, maxSymbols, isSandbox = false, placeOf } = options
  const endpoint = ALPACA_ENDPOINTS[name]
  const isBinary = endpoint.codec === 'msgpack' || options.codec === 'msgpack'
  const codec = isBinary ? msgpackCodec : jsonCodec
  const feed = isSandbox ? 'sandbox' : endpoint.feed
  return {
    name: `${SOURCE}/${name}`,
    source: SOURCE,
    feed,
    ...(endpoint.delayMs !== undefined && { delayMs: endpoint.delayMs }),
    leaseKey: `${SOURCE}/${name}/${digest(credential().key)}`,
    slots: maxSymbols === undefined ? [] : [{ streams: ['trades', 'bbo'], topics: maxSymbols }],
    serves(topic) {
      const hasChannel = Object.hasOwn(endpoint.channels, streamOf(topic))
      return hasChannel && alpacaSymbol(symbolOf(topic), endpoint.market) !== undefined
    },
    canary: options.canary ?? endpoint.canary,
    ghostMs: GHOST_MS,
    endpoint: () => ({
      url: `${baseUrl.replace(/\/$/, '')}/${endpoint.path}`,
      headers: { 'content-type': isBinary ? 'application/msgpack' : 'application/json' }
    }),
    converse: () => new AlpacaConversation({ endpoint, codec, credential: credential() }),
    map: alpacaMapper({ market: endpoint.market, feed, codec, placeOf }),
    endingOf: problemOfEnding
  }
}

const digest = (key: string): string => createHash('sha256').update(key).digest('hex').slice(0, 16)
