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

test('TWS is asked for shares before Alpaca, and a simulated one for simulated shares only', () => {
  const own = { ...KEYS, IBKR_HOST: '10.0.0.7' }
  expect(carriersOf(own, 'trades:AAPL')).toEqual(['ibkr/tws'])
  expect(carriersOf({ ...own, MASSIVE_API_KEY: 'MK' }, 'trades:AAPL')).toEqual(['massive/stocks'])
  expect(carriersOf(own, 'trades:OCDO.L')).toEqual([])
  const endpointOf = (env: NodeJS.ProcessEnv) =>
    configuredUpstreams(loadConfig(env), hoursOf).flatMap(({ feeds }) =>
      feeds.filter(({ source }) => source === 'ibkr').map((feed) => feed.endpoint())
    )
  expect(endpointOf(own)).toMatchObject([{ url: 'tws://10.0.0.7:7497/1' }])
  expect(endpointOf({ IBKR_HOST: '10.0.0.7', SANDBOX_URL: 'http://[::1]:3950', IBKR_CLIENT_ID: '4' })).toMatchObject([
    { url: 'tws://[::1]:3951/4' }
  ])
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
