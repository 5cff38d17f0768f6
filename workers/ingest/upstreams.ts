import type {
  AlpacaStreamConfig,
  MassiveStreamConfig,
  TwsStreamConfig,
  UpstoxStreamConfig
} from '../../src/config/streams.ts'
import type { Config } from '../../src/config/config.ts'
import type { TopicName } from '../../src/market/event.ts'
import type { HoursOf } from '../../src/market/market-hours.ts'
import type { AlpacaCredential } from '../../src/streams/alpaca/conversation.ts'
import { alpaca } from '../../src/streams/alpaca/feed.ts'
import type { Canary, Feed } from '../../src/streams/feed.ts'
import { tws } from '../../src/streams/ibkr/feed.ts'
import { openTws } from '../../src/streams/ibkr/port.ts'
import { massive } from '../../src/streams/massive/feed.ts'
import type { OpenSocket } from '../../src/streams/socket.ts'
import { upstox } from '../../src/streams/upstox/feed.ts'
import type { InstrumentKeys } from '../../src/streams/upstox/keys.ts'
import { placeReader } from '../../src/streams/tick-place.ts'
import { TokenFile } from './token-file.ts'

/** One vendor's streams under one credential. */
export type Upstream = {
  /** In the order in which they are to be used. */
  readonly feeds: readonly Feed[]
  /** Where its credential is replaced while it streams. */
  readonly token?: TokenFile
  /** Where they are no WebSockets. */
  readonly open?: OpenSocket
}

/** As Alpaca calls tokens of its broker API where a key stands. */
const TOKEN_KEY = 'access_token'

/**
 * Every vendor's streams that the configuration gives what they need; `hoursOf` tells them when markets are open, `upstoxKeys`
 * what Upstox calls instruments: without them it is not listened to.
 */
export function configuredUpstreams(config: Config, hoursOf: HoursOf, upstoxKeys?: InstrumentKeys): Upstream[] {
  const { alpaca: alpacaSettings, massive: massiveSettings, tws: twsSettings, upstox: upstoxSettings } = config.streams
  const upstreams = [
    ...(massiveSettings ? massiveUpstreams(massiveSettings, config, hoursOf) : []),
    ...(twsSettings ? [twsUpstream(twsSettings, config, hoursOf)] : []),
    ...(alpacaSettings ? [alpacaUpstream(alpacaSettings, config, hoursOf)] : []),
    ...(upstoxSettings && upstoxKeys ? [upstoxUpstream(upstoxSettings, config, hoursOf, upstoxKeys)] : [])
  ]
  return upstreams.map((upstream, at) => without(upstream, upstreams.slice(0, at)))
}

/**
 * Two vendors would tell each trade twice, under two ids: what one before serves, the next is not asked for. Halts are asked
 * of all, for Massive tells those of Nasdaq alone, and a halt that is told twice is one.
 */
function without(upstream: Upstream, before: readonly Upstream[]): Upstream {
  const isServed = (topic: TopicName) =>
    !topic.startsWith('halts:') && before.some(({ feeds }) => feeds.some((feed) => feed.serves(topic)))
  const feeds = upstream.feeds.map((feed): Feed => ({
    ...feed,
    serves: (topic) => feed.serves(topic) && !isServed(topic),
    canary: feed.canary?.topics.some(isServed) ? undefined : feed.canary
  }))
  return { ...upstream, feeds }
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

function twsUpstream(settings: TwsStreamConfig, config: Config, hoursOf: HoursOf): Upstream {
  const { timeoutMs, ...account } = settings
  const isSandbox = config.MARKET === 'sandbox'
  const canary = isSandbox ? { canary: simulatedCanary(config.SANDBOX_TICK_MS) } : {}
  const feed = tws({ ...account, handshakeMs: timeoutMs, isSandbox, placeOf: placeReader(hoursOf), ...canary })
  return { feeds: [feed], open: openTws }
}

/** A token is read anew whenever it is needed. */
function upstoxUpstream(
  { credential, modes, maxSymbols, baseUrl }: UpstoxStreamConfig,
  config: Config,
  hoursOf: HoursOf,
  keys: InstrumentKeys
): Upstream {
  const token = 'tokenFile' in credential ? new TokenFile(credential.tokenFile) : undefined
  const read = 'tokenFile' in credential ? () => token!.read() : () => credential.token
  const isSandbox = config.MARKET === 'sandbox'
  const canary = isSandbox && { canary: simulatedCanary(config.SANDBOX_TICK_MS, ['quotes:^NSEI']) }
  const placeOf = placeReader(hoursOf)
  const feed = upstox({ token: read, modes, maxSymbols, baseUrl, keys, isSandbox, placeOf, ...canary })
  return { feeds: [feed], ...(token && { token }) }
}

/** With each tick of the simulated exchange at least one event. */
function simulatedCanary(tickMs: number, topics: readonly TopicName[] = ['trades:SPY', 'bbo:SPY']): Canary {
  return { topics, perMinute: { continuous: 60_000 / tickMs } }
}
