import { expect, test } from 'vitest'
import { loadConfig } from '../../src/config/config.ts'
import { CALENDARS } from '../../src/market/calendars.ts'
import { SessionClock } from '../../src/market/session-clock.ts'
import { configuredUpstreams } from '../../workers/ingest/upstreams.ts'

const { hoursOf } = new SessionClock(CALENDARS)
const KEYS = { MARKET: 'live', ALPACA_KEY_ID: 'AK', ALPACA_SECRET_KEY: 'SK', ALPACA_FEED: 'sip' }

function carriersOf(env: NodeJS.ProcessEnv, topic: string): string[] {
  const feeds = configuredUpstreams(loadConfig(env), hoursOf).flatMap((upstream) => upstream.feeds)
  return feeds.filter((feed) => feed.serves(topic)).map(({ name }) => name)
}

test('a trade is not told by two vendors, and what the first lacks the second still brings', () => {
  const both = { ...KEYS, MASSIVE_API_KEY: 'MK' }
  expect(carriersOf(both, 'trades:AAPL')).toEqual(['massive/stocks'])
  expect(carriersOf(both, 'halts:IBM')).toEqual(['massive/stocks', 'alpaca/sip'])
  expect(carriersOf({ ...both, MASSIVE_MARKETS: 'crypto' }, 'trades:AAPL')).toEqual(['alpaca/sip'])
  expect(carriersOf(KEYS, 'trades:AAPL')).toEqual(['alpaca/sip'])
})

test('no vendor is kept listening to an instrument that another one brings', () => {
  const canaries = (env: NodeJS.ProcessEnv) =>
    configuredUpstreams(loadConfig(env), hoursOf).flatMap(({ feeds }) =>
      feeds.flatMap(({ canary }) => canary?.topics ?? [])
    )
  expect(canaries({ ...KEYS, MASSIVE_API_KEY: 'MK' })).toEqual(['trades:SPY', 'bbo:SPY'])
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
