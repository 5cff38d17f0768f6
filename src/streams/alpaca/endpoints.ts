import { MINUTE_MS } from '../../market/time.ts'
import type { Canary } from '../feed.ts'
import type { Feed as MarketFeed } from '../../market/provenance.ts'

export const ALPACA_FEEDS = [
  'iex',
  'sip',
  'delayed_sip',
  'boats',
  'overnight',
  'crypto',
  'indicative',
  'opra',
  'news',
  'test'
] as const
export type AlpacaFeedName = (typeof ALPACA_FEEDS)[number]

/** What trades on a feed decides how its symbols are spelt and what its fields mean. */
export type AlpacaMarket = 'stocks' | 'crypto' | 'options' | 'news'

export type AlpacaEndpoint = {
  /** Behind the host. */
  readonly path: string
  readonly market: AlpacaMarket
  readonly feed: MarketFeed
  readonly codec: 'json' | 'msgpack'
  /** See Feed. */
  readonly delayMs?: number
  /** The vendor's channels, by the stream of ours that needs them. */
  readonly channels: Readonly<Record<string, readonly string[]>>
  /** Asked for on every connection, whatever is wanted. */
  readonly always?: Readonly<Record<string, readonly string[]>>
  readonly canary: Canary | undefined
}

const TICKS = { trades: ['trades'], bbo: ['quotes'] }
const BARS = { 'bars.1m': ['bars', 'updatedBars'], 'bars.1d': ['dailyBars'] }
const STOCKS = { ...TICKS, ...BARS, halts: ['statuses', 'lulds'] }

/** What SPY comes to at least: on the tape of all exchanges, and at one that has some hundredths of it. */
const SPY_ON_THE_TAPE: Canary = {
  topics: ['trades:SPY', 'bbo:SPY'],
  perMinute: { pre: 60, continuous: 600, closing_auction: 600, post: 30 }
}
/** The first minutes of a phase tell what was traded in the one before it. */
const SPY_LATER: Canary = {
  topics: SPY_ON_THE_TAPE.topics,
  perMinute: { continuous: 60, closing_auction: 60, post: 30 }
}
const SPY_AT_ONE_VENUE: Canary = {
  topics: ['trades:SPY', 'bbo:SPY'],
  perMinute: { continuous: 120, closing_auction: 120 }
}
const SPY_AT_NIGHT: Canary = { topics: ['trades:SPY', 'bbo:SPY'], perMinute: { overnight: 10 } }

/** https://docs.alpaca.markets/docs/streaming-market-data; the options stream speaks MessagePack only. */
export const ALPACA_ENDPOINTS: Readonly<Record<AlpacaFeedName, AlpacaEndpoint>> = {
  iex: stocks('v2/iex', 'iex', SPY_AT_ONE_VENUE),
  sip: stocks('v2/sip', 'consolidated', SPY_ON_THE_TAPE),
  delayed_sip: { ...stocks('v2/delayed_sip', 'delayed', SPY_LATER), delayMs: 15 * MINUTE_MS },
  boats: stocks('v1beta1/boats', 'boats', SPY_AT_NIGHT),
  overnight: stocks('v1beta1/overnight', 'overnight', SPY_AT_NIGHT),
  crypto: {
    path: 'v1beta3/crypto/us',
    market: 'crypto',
    feed: 'composite',
    codec: 'json',
    channels: { ...TICKS, ...BARS },
    canary: { topics: ['trades:BTC-USD', 'bbo:BTC-USD'], perMinute: { continuous: 30 } }
  },
  indicative: options('v1beta1/indicative', 'indicative'),
  opra: options('v1beta1/opra', 'opra'),
  news: {
    path: 'v1beta1/news',
    market: 'news',
    feed: 'composite',
    codec: 'json',
    channels: {},
    always: { news: ['*'] },
    canary: undefined
  },
  test: stocks('v2/test', 'sandbox', {
    topics: ['trades:FAKEPACA', 'bbo:FAKEPACA'],
    perMinute: { overnight: 20, pre: 20, continuous: 20, closing_auction: 20, post: 20, closed: 20 }
  })
}

function stocks(path: string, feed: MarketFeed, canary: Canary): AlpacaEndpoint {
  return { path, market: 'stocks', feed, codec: 'json', channels: STOCKS, canary }
}

function options(path: string, feed: MarketFeed): AlpacaEndpoint {
  return { path, market: 'options', feed, codec: 'msgpack', channels: TICKS, canary: undefined }
}
