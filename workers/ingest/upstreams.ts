import type {
  AlpacaStreamConfig,
  FeedOrder,
  MassiveStreamConfig,
  StreamConfig,
  TwsStreamConfig,
  UpstoxStreamConfig
} from '../../src/config/streams.ts'
import type { Config } from '../../src/config/config.ts'
import { symbolOf } from '../../src/demand/want.ts'
import { classOfSymbol } from '../../src/market/instrument-class.ts'
import type { TopicName } from '../../src/market/event.ts'
import type { HoursOf } from '../../src/market/market-hours.ts'
import type { AlpacaCredential } from '../../src/streams/alpaca/conversation.ts'
import { ALPACA_ENDPOINTS } from '../../src/streams/alpaca/endpoints.ts'
import { alpaca } from '../../src/streams/alpaca/feed.ts'
import type { Canary, Feed } from '../../src/streams/feed.ts'
import { finnhub } from '../../src/streams/finnhub/feed.ts'
import { tws } from '../../src/streams/ibkr/feed.ts'
import { openTws } from '../../src/streams/ibkr/port.ts'
import { massive } from '../../src/streams/massive/feed.ts'
import type { OpenSocket } from '../../src/streams/socket.ts'
import type { PolledQuotes } from '../../src/streams/polled-quotes.ts'
import { upstox, UPSTOX_URL } from '../../src/streams/upstox/feed.ts'
import { fullQuotes } from '../../src/streams/upstox/full-quotes.ts'
import type { InstrumentKeys } from '../../src/streams/upstox/keys.ts'
import { tiingoStream } from '../../src/streams/tiingo/feed.ts'
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
  /** Where they are no WebSockets. */
  readonly open?: OpenSocket
  /** Where the vendor can be asked for what its streams have no place for. */
  readonly polled?: PolledQuotes
}

/** Who serves a topic is looked up for all that are wanted, again and again; of more, all are looked up anew. */
const MAX_KNOWN_TOPICS = 200_000
/** Yahoo tells no bound; its own pages ask for fewer. */
const MAX_YAHOO_SYMBOLS = 500
/** As Alpaca calls tokens of its broker API where a key stands. */
const TOKEN_KEY = 'access_token'

/**
 * Every vendor's streams that the configuration gives what they need; `hoursOf` tells them when markets are open, `upstoxKeys`
 * what Upstox calls instruments: without them it is not listened to. `undescribed`: see TwsOptions.
 */
export function configuredUpstreams(
  config: Config,
  hoursOf: HoursOf,
  upstoxKeys?: InstrumentKeys,
  undescribed?: () => readonly string[]
): Upstream[] {
  const {
    alpaca: alpacaSettings,
    massive: massiveSettings,
    tws: twsSettings,
    upstox: upstoxSettings,
    finnhub: finnhubSettings,
    tiingo: tiingoSettings,
    yahoo: yahooSettings
  } = config.streams
  return [
    ...(massiveSettings ? massiveUpstreams(massiveSettings, config, hoursOf) : []),
    ...(twsSettings ? [twsUpstream(twsSettings, config, hoursOf, undescribed)] : []),
    ...(alpacaSettings ? alpacaUpstreams(alpacaSettings, config, hoursOf) : []),
    ...(upstoxSettings && upstoxKeys ? [upstoxUpstream(upstoxSettings, config, hoursOf, upstoxKeys)] : []),
    ...(finnhubSettings ? [finnhubUpstream(finnhubSettings, config, hoursOf)] : []),
    ...(tiingoSettings ? tiingoUpstreams(tiingoSettings, config, hoursOf) : []),
    ...(yahooSettings ? [yahooUpstream(yahooSettings, config)] : [])
  ].map((upstream) => ordered(upstream, config.streams.order))
}

/** A vendor is asked for instruments of those classes only in whose order it stands. */
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
 * Vendors before one that may serve a topic of ours, the best first: two would tell each trade twice, under two ids. It is
 * remembered of each topic: where a vendor serves something else from now on, ask for another one.
 */
export function bettersOf(upstream: Upstream, all: readonly Upstream[], order: FeedOrder) {
  const vendorOf = ({ feeds }: Upstream) => feeds[0]!.source
  const own = vendorOf(upstream)
  const others = all.filter((each) => vendorOf(each) !== own)
  const known = new Map<TopicName, readonly string[]>()

  function betters(topic: TopicName): readonly string[] {
    const vendors: readonly string[] = order[classOfSymbol(symbolOf(topic))]
    const before = vendors.slice(0, Math.max(0, vendors.indexOf(own)))
    const needed = neededFor(topic)
    const isServedBy =
      (vendor: string) =>
      ({ feeds }: Upstream) =>
        feeds[0]!.source === vendor && feeds.some((feed) => needed.some((each) => feed.serves(each)))
    return before.filter((vendor) => others.some(isServedBy(vendor)))
  }

  return (topic: TopicName): readonly string[] => {
    if (others.length === 0) return []
    const last = known.get(topic)
    if (last) return last
    const vendors = betters(topic)
    if (known.size >= MAX_KNOWN_TOPICS) known.clear()
    known.set(topic, vendors)
    return vendors
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

/** Each market has connections, and an owner, of its own: shares and their options are streamed beside each other. */
function alpacaUpstreams(settings: AlpacaStreamConfig, config: Config, hoursOf: HoursOf): Upstream[] {
  const { feeds, baseUrl, maxSymbols } = settings
  const { read, token } = alpacaCredential(settings)
  const isSandbox = config.MARKET === 'sandbox'
  const options = {
    credential: read,
    isSandbox,
    placeOf: placeReader(hoursOf),
    ...(baseUrl !== undefined && { baseUrl })
  }
  const markets = Map.groupBy(feeds, (name) => ALPACA_ENDPOINTS[name].market)
  return [...markets].map(([market, names]) => ({
    feeds: names.map((name) => {
      const bound = maxSymbols[name]
      const canary = isSandbox && market === 'stocks' ? { canary: simulatedCanary(config.SANDBOX_TICK_MS) } : {}
      return alpaca({ ...options, name, ...canary, ...(bound !== undefined && { maxSymbols: bound }) })
    }),
    ...(token && { token })
  }))
}

function twsUpstream(
  settings: TwsStreamConfig,
  config: Config,
  hoursOf: HoursOf,
  undescribed: (() => readonly string[]) | undefined
): Upstream {
  const { timeoutMs, ...account } = settings
  const isSandbox = config.MARKET === 'sandbox'
  const feed = tws({
    ...account,
    handshakeMs: timeoutMs,
    isSandbox,
    placeOf: placeReader(hoursOf),
    ...(undescribed && { undescribed }),
    ...(isSandbox && { canary: simulatedCanary(config.SANDBOX_TICK_MS) })
  })
  return { feeds: [feed], open: openTws }
}

/** A token is read anew whenever it is needed. */
function upstoxUpstream(
  { credential, modes, maxSymbols, baseUrl }: UpstoxStreamConfig,
  config: Config,
  hoursOf: HoursOf,
  keys: InstrumentKeys
): Upstream {
  const { token, read } = upstoxToken({ credential })
  const isSandbox = config.MARKET === 'sandbox'
  const canary = isSandbox && { canary: simulatedCanary(config.SANDBOX_TICK_MS, ['quotes:^NSEI']) }
  const placeOf = placeReader(hoursOf)
  const feed = upstox({ token: read, modes, maxSymbols, baseUrl, keys, isSandbox, placeOf, ...canary })
  const polled = fullQuotes({
    baseUrl: baseUrl ?? UPSTOX_URL,
    token: read,
    keys,
    // Full quotes are the market's, whatever the mode of the stream.
    feed: isSandbox ? 'sandbox' : 'consolidated',
    placeOf,
    now: Date.now
  })
  return { feeds: [feed], polled, ...(token && { token }) }
}

/** Where it stands in a file, that is read again. */
export function upstoxToken({ credential }: Pick<UpstoxStreamConfig, 'credential'>) {
  if ('token' in credential) return { token: undefined, read: () => credential.token }
  const token = new TokenFile(credential.tokenFile)
  return { token, read: () => token.read() }
}

function finnhubUpstream(
  { apiKey, maxSymbols, baseUrl }: NonNullable<StreamConfig['finnhub']>,
  { MARKET, SANDBOX_TICK_MS }: Config,
  hoursOf: HoursOf
): Upstream {
  const isSandbox = MARKET === 'sandbox'
  const feed = finnhub({
    apiKey,
    maxSymbols,
    isSandbox,
    placeOf: placeReader(hoursOf),
    ...(baseUrl !== undefined && { baseUrl }),
    ...(isSandbox && { canary: simulatedCanary(SANDBOX_TICK_MS, ['trades:SPY']) })
  })
  return { feeds: [feed] }
}

/** Each service has a connection of its own. */
function tiingoUpstreams(
  { token, services, baseUrl }: NonNullable<StreamConfig['tiingo']>,
  { MARKET, SANDBOX_TICK_MS }: Config,
  hoursOf: HoursOf
): Upstream[] {
  const isSandbox = MARKET === 'sandbox'
  const feeds = services.map((service) =>
    tiingoStream({
      token,
      service,
      isSandbox,
      placeOf: placeReader(hoursOf),
      ...(baseUrl !== undefined && { baseUrl }),
      ...(isSandbox && { canary: simulatedCanary(SANDBOX_TICK_MS, ['quotes:SPY']) })
    })
  )
  return feeds.map((feed) => ({ feeds: [feed] }))
}

function yahooUpstream({ baseUrl }: NonNullable<StreamConfig['yahoo']>, { MARKET, SANDBOX_TICK_MS }: Config): Upstream {
  const isSandbox = MARKET === 'sandbox'
  const feed = yahooStream({
    maxSymbols: MAX_YAHOO_SYMBOLS,
    isSandbox,
    ...(baseUrl !== undefined && { baseUrl }),
    ...(isSandbox && { canary: simulatedCanary(SANDBOX_TICK_MS, ['quotes:SPY']) })
  })
  return { feeds: [feed] }
}

/** With each tick of the simulated exchange one event of each topic. */
function simulatedCanary(tickMs: number, topics: readonly TopicName[] = ['trades:SPY', 'bbo:SPY']): Canary {
  return { topics, perMinute: { continuous: (topics.length * 60_000) / tickMs } }
}
