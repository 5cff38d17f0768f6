import { expect, test } from 'vitest'
import { loadConfig } from '../../src/config/config.ts'
import { CALENDARS } from '../../src/market/calendars.ts'
import { SessionClock } from '../../src/market/session-clock.ts'
import { bettersOf, configuredUpstreams } from '../../workers/ingest/upstreams.ts'

const { hoursOf } = new SessionClock(CALENDARS)
const KEYS = { MARKET: 'live', ALPACA_KEY_ID: 'AK', ALPACA_SECRET_KEY: 'SK', ALPACA_FEED: 'sip' }

function feedsFor(env: NodeJS.ProcessEnv, topic: string): string[] {
  const { streams } = loadConfig(env)
  const upstreams = configuredUpstreams(loadConfig(env), hoursOf)
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

test('each market of a key has an owner of its own', () => {
  const upstreams = configuredUpstreams(
    loadConfig({ MASSIVE_API_KEY: 'MK', MASSIVE_MARKETS: 'stocks,crypto' }),
    hoursOf
  )
  const names = upstreams.map(({ feeds }) => feeds[0]!.name)
  expect(names).toEqual(['massive/stocks', 'massive/crypto', 'alpaca/iex'])
  expect(new Set(upstreams.map(({ feeds }) => feeds[0]!.leaseKey)).size).toBe(3)
  expect(upstreams[0]!.feeds[0]!.endpoint().url).toBe('ws://127.0.0.1:3900/massive-stream/stocks')
})
