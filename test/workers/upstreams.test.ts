import { expect, test } from 'vitest'
import { loadConfig } from '../../src/config/config.ts'
import { CALENDARS } from '../../src/market/calendars.ts'
import { SessionClock } from '../../src/market/session-clock.ts'
import type { InstrumentKeys } from '../../src/streams/upstox/keys.ts'
import { bettersOf, configuredUpstreams } from '../../workers/ingest/upstreams.ts'

const { hoursOf } = new SessionClock(CALENDARS)
const KEYS = { MARKET: 'live', ALPACA_KEY_ID: 'AK', ALPACA_SECRET_KEY: 'SK', ALPACA_FEED: 'sip' }

function feedsFor(env: NodeJS.ProcessEnv, topic: string, upstoxKeys?: InstrumentKeys): string[] {
  const { streams } = loadConfig(env)
  const upstreams = configuredUpstreams(loadConfig(env), hoursOf, upstoxKeys)
  return upstreams.flatMap((upstream) => {
    const feed = upstream.feeds.find((each) => each.serves(topic))
    const betters = bettersOf(upstream, upstreams, streams.order)(topic)
    return feed ? [[...betters, feed.name].join(' before ')] : []
  })
}

test('each vendor stands behind those that are named before it, of the classes that it has', () => {
  const both = { ...KEYS, MASSIVE_API_KEY: 'MK' }
  expect(feedsFor(both, 'trades:AAPL')).toEqual(['massive/stocks', 'massive before alpaca/sip'])
  const reversed = { ...both, FEED_ORDER_STOCKS: 'alpaca,massive' }
  expect(feedsFor(reversed, 'trades:AAPL')).toEqual(['alpaca before massive/stocks', 'alpaca/sip'])
  expect(feedsFor({ ...both, FEED_ORDER_STOCKS: 'alpaca' }, 'trades:BRK.B')).toEqual(['alpaca/sip'])
  expect(feedsFor({ ...both, MASSIVE_MARKETS: 'crypto' }, 'trades:AAPL')).toEqual(['alpaca/sip'])
  expect(feedsFor(KEYS, 'trades:AAPL')).toEqual(['alpaca/sip'])
  expect(() => loadConfig({ FEED_ORDER_CRYPTO: 'masive' })).toThrow(/FEED_ORDER_CRYPTO must name vendors of/)
})

test('TWS is asked for shares before Alpaca, and a simulated one for simulated shares only', () => {
  const own = { ...KEYS, IBKR_HOST: '10.0.0.7' }
  expect(feedsFor(own, 'trades:AAPL')).toEqual(['ibkr/tws', 'ibkr before alpaca/sip'])
  expect(feedsFor({ ...own, MASSIVE_API_KEY: 'MK' }, 'trades:AAPL')).toEqual([
    'massive/stocks',
    'massive before ibkr/tws',
    'massive before ibkr before alpaca/sip'
  ])
  expect(feedsFor(own, 'trades:OCDO.L')).toEqual([])
  const endpointOf = (env: NodeJS.ProcessEnv) =>
    configuredUpstreams(loadConfig(env), hoursOf).flatMap(({ feeds }) =>
      feeds.filter(({ source }) => source === 'ibkr').map((feed) => feed.endpoint())
    )
  expect(endpointOf(own)).toMatchObject([{ url: 'tws://10.0.0.7:7497/1' }])
  expect(endpointOf({ IBKR_HOST: '10.0.0.7', SANDBOX_URL: 'http://[::1]:3950', IBKR_CLIENT_ID: '4' })).toMatchObject([
    { url: 'tws://[::1]:3951/4' }
  ])
})

test('what trades in India is asked of Upstox alone, before Yahoo where that tells an index too', () => {
  const env = { ...KEYS, IBKR_HOST: '10.0.0.7', MASSIVE_API_KEY: 'MK', UPSTOX_TOKEN: 'UT', YAHOO_STREAM: 'on' }
  const keys = { keyOf: () => 'NSE_EQ|INE002A01018', symbolOf: () => undefined }
  expect(feedsFor(env, 'trades:NSE:RELIANCE', keys)).toEqual(['upstox/full'])
  expect(feedsFor(env, 'trades:NSE:NIFTY261013C25000', keys)).toEqual(['upstox/full'])
  expect(feedsFor(env, 'quotes:^NSEI', keys)).toEqual(['upstox/full', 'upstox before yahoo/streamer'])
  expect(feedsFor(env, 'quotes:^NSEI')).toEqual(['yahoo/streamer'])
})

test('each market of a key has an owner of its own', () => {
  const upstreams = configuredUpstreams(
    loadConfig({ MASSIVE_API_KEY: 'MK', MASSIVE_MARKETS: 'stocks,crypto' }),
    hoursOf
  )
  const names = upstreams.map(({ feeds }) => feeds[0]!.name)
  expect(names).toEqual(['massive/stocks', 'massive/crypto', 'alpaca/iex'])
  expect(new Set(upstreams.map(({ feeds }) => feeds[0]!.leaseKey)).size).toBe(3)
  expect(upstreams[0]!.feeds[0]!.endpoint()).toMatchObject({ url: 'ws://127.0.0.1:3900/massive-stream/stocks' })
})

test('each service of a Tiingo token has one owner in the whole installation, and neither keeps the other out', () => {
  const ownersOf = (env: NodeJS.ProcessEnv) => {
    const config = loadConfig({ MARKET: 'live', TIINGO_API_KEY: 'TK', ...env })
    const upstreams = configuredUpstreams(config, hoursOf)
    return upstreams.map((upstream) => {
      const feed = upstream.feeds[0]!
      const { name, leaseKey, slots } = feed
      const betters = bettersOf(upstream, upstreams, config.streams.order)('quotes:AAPL')
      return { name, leaseKey, slots, endpoint: feed.endpoint(), betters }
    })
  }
  const both = ownersOf({ TIINGO_STREAM: 'on', TIINGO_BOATS: 'on' })
  const parts = [...ownersOf({ TIINGO_STREAM: 'on' }), ...ownersOf({ TIINGO_BOATS: 'on' })]
  expect(both).toEqual(parts)
  expect(both).toMatchObject([
    { name: 'tiingo/iex', slots: [], betters: [], endpoint: { url: 'wss://api.tiingo.com/iex' } },
    { name: 'tiingo/boats', slots: [], betters: [], endpoint: { url: 'wss://api.tiingo.com/boats' } }
  ])
  const others = ownersOf({ TIINGO_STREAM: 'on', TIINGO_BOATS: 'on', TIINGO_API_KEY: 'another' })
  expect(new Set([...both, ...others].map(({ leaseKey }) => leaseKey)).size).toBe(4)
})
