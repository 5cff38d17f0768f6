import type { AlpacaStreamConfig, FeedOrder, MassiveStreamConfig, StreamConfig } from '../../src/config/streams.ts'
import type { Config } from '../../src/config/config.ts'
import { symbolOf } from '../../src/demand/want.ts'
import { classOfSymbol } from '../../src/market/instrument-class.ts'
import type { TopicName } from '../../src/market/event.ts'
import type { HoursOf } from '../../src/market/market-hours.ts'
import type { AlpacaCredential } from '../../src/streams/alpaca/conversation.ts'
import { alpaca } from '../../src/streams/alpaca/feed.ts'
import type { Canary, Feed } from '../../src/streams/feed.ts'
import { massive } from '../../src/streams/massive/feed.ts'
import { yahooStream } from '../../src/streams/yahoo/feed.ts'
import { placeReader } from '../../src/streams/tick-place.ts'
import { neededFor } from './needs.ts'
import { TokenFile } from './token-file.ts'

/** One vendor's streams under one credential. */
export type Upstream = {
  /** In the order in which they are to be used. */
  readonly feeds: readonly Feed[]
  /** Where its credential is replaced while it streams. */
  readonly token?: TokenFile
}

/** Yahoo tells no bound; its own pages ask for fewer. */
const MAX_YAHOO_SYMBOLS = 500
/** As Alpaca calls tokens of its broker API where a key stands. */
const TOKEN_KEY = 'access_token'

/** Every vendor's streams that the configuration gives what they need; `hoursOf` tells them when markets are open. */
export function configuredUpstreams(config: Config, hoursOf: HoursOf): Upstream[] {
  const { alpaca: alpacaSettings, massive: massiveSettings, yahoo: yahooSettings } = config.streams
  return [
    ...(massiveSettings ? massiveUpstreams(massiveSettings, config, hoursOf) : []),
    ...(alpacaSettings ? [alpacaUpstream(alpacaSettings, config, hoursOf)] : []),
    ...(yahooSettings ? [yahooUpstream(yahooSettings, config)] : [])
  ].map((upstream) => ordered(upstream, config.streams.order))
}

/** A vendor is asked for instruments of those classes only in whose order it stands; for halts whatever the order says. */
function ordered(upstream: Upstream, order: FeedOrder): Upstream {
  const isOrdered = (vendor: string, topic: TopicName) =>
    order[classOfSymbol(symbolOf(topic))].some((each) => each === vendor)
  const feeds = upstream.feeds.map((feed): Feed => ({
    ...feed,
    serves: (topic) => feed.serves(topic) && isOrdered(feed.source, topic)
  }))
  return { ...upstream, feeds }
}

/**
 * Vendors before one that may serve a topic of ours, the best first: two would tell each trade twice, under two ids.
 */
export function bettersOf(upstream: Upstream, all: readonly Upstream[], order: FeedOrder) {
  const vendorOf = ({ feeds }: Upstream) => feeds[0]!.source
  return (topic: TopicName): string[] => {
    const vendors: readonly string[] = order[classOfSymbol(symbolOf(topic))]
    const before = vendors.slice(0, Math.max(0, vendors.indexOf(vendorOf(upstream))))
    const needed = neededFor(topic)
    const serving = all.filter(({ feeds }) => feeds.some((feed) => needed.some((each) => feed.serves(each))))
    return before.filter((vendor) => serving.some((each) => vendorOf(each) === vendor))
  }
}

/** Each market is a cluster with a connection, and an owner, of its own. */
function massiveUpstreams(settings: MassiveStreamConfig, config: Config, hoursOf: HoursOf): Upstream[] {
  const { apiKey, markets, isDelayed, baseUrl } = settings
  const isSandbox = config.MARKET === 'sandbox'
  const placeOf = placeReader(hoursOf)
  return markets.map((market) => {
    const canary = isSandbox && market === 'stocks' ? { canary: simulatedCanary(config.SANDBOX_TICK_MS) } : {}
    return { feeds: [massive({ market, isDelayed, baseUrl, apiKey: () => apiKey, isSandbox, placeOf, ...canary })] }
  })
}

/** Read anew whenever it is needed; `token`: where it may be replaced meanwhile. */
export function alpacaCredential({ credential }: Pick<AlpacaStreamConfig, 'credential'>): {
  readonly read: () => AlpacaCredential
  readonly token: TokenFile | undefined
} {
  if (!('tokenFile' in credential)) return { read: () => credential, token: undefined }
  const token = new TokenFile(credential.tokenFile)
  return { read: () => ({ key: TOKEN_KEY, secret: token.read() }), token }
}

function alpacaUpstream(settings: AlpacaStreamConfig, config: Config, hoursOf: HoursOf): Upstream {
  const { feeds, baseUrl, maxSymbols } = settings
  const { read, token } = alpacaCredential(settings)
  const isSandbox = config.MARKET === 'sandbox'
  const options = {
    credential: read,
    isSandbox,
    placeOf: placeReader(hoursOf),
    ...(baseUrl !== undefined && { baseUrl }),
    ...(isSandbox && { canary: simulatedCanary(config.SANDBOX_TICK_MS) })
  }
  const made = feeds.map((name) => {
    const bound = maxSymbols[name]
    return alpaca({ ...options, name, ...(bound !== undefined && { maxSymbols: bound }) })
  })
  return { feeds: made, ...(token && { token }) }
}

function yahooUpstream({ baseUrl }: NonNullable<StreamConfig['yahoo']>, { MARKET, SANDBOX_TICK_MS }: Config): Upstream {
  const isSandbox = MARKET === 'sandbox'
  const canary: Canary = { topics: ['quotes:SPY'], perMinute: { continuous: 60_000 / SANDBOX_TICK_MS } }
  const feed = yahooStream({
    maxSymbols: MAX_YAHOO_SYMBOLS,
    isSandbox,
    ...(baseUrl !== undefined && { baseUrl }),
    ...(isSandbox && { canary })
  })
  return { feeds: [feed] }
}

/** With each tick of the simulated exchange one trade and one quote. */
function simulatedCanary(tickMs: number): Canary {
  return { topics: ['trades:SPY', 'bbo:SPY'], perMinute: { continuous: (2 * 60_000) / tickMs } }
}
