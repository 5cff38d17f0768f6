import { expect, test } from 'vitest'
import { ConfigError, loadConfig } from '../../src/config/config.ts'

const LIVE = { MARKET: 'live', ALPACA_KEY_ID: 'AK', ALPACA_SECRET_KEY: 'SK' }

function problemsOf(env: NodeJS.ProcessEnv): readonly string[] {
  try {
    loadConfig(env)
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
  }
  return []
}

test('the simulated streams need no key; the real ones are off without one', () => {
  const { alpaca, symbols } = loadConfig({}).streams
  expect(alpaca).toMatchObject({ feeds: ['iex'], baseUrl: 'ws://127.0.0.1:3900/alpaca-stream' })
  expect(alpaca!.maxSymbols.iex).toBeUndefined()
  expect(symbols).toEqual(['AAPL', 'MSFT', 'GOOGL'])
  expect(loadConfig({ MARKET: 'live' }).streams.alpaca).toBeUndefined()
})

test('a key listens to the free feed within its plan, and to others as they are named', () => {
  const free = loadConfig(LIVE).streams.alpaca!
  expect(free).toMatchObject({ credential: { key: 'AK', secret: 'SK' }, feeds: ['iex'], baseUrl: undefined })
  expect(free.maxSymbols.iex).toBe(30)
  const paid = loadConfig({ ...LIVE, ALPACA_FEED: 'sip, iex', SUBSCRIBED_SYMBOLS: 'brk-b, BTCUSD' }).streams
  expect(paid.alpaca!.feeds).toEqual(['sip', 'iex'])
  expect(paid.alpaca!.maxSymbols.sip).toBeUndefined()
  expect(paid.symbols).toEqual(['BRK.B', 'BTC-USD'])
  const token = loadConfig({ MARKET: 'live', ALPACA_TOKEN_FILE: '/run/token' }).streams.alpaca!
  expect(token.credential).toEqual({ tokenFile: '/run/token' })
})

test('Upstox is on where it has a token, in the sandbox too, with modes that its plan has', () => {
  expect(loadConfig({}).streams.upstox).toBeUndefined()
  expect(loadConfig({ UPSTOX_TOKEN: 'T' }).streams.upstox).toMatchObject({
    credential: { token: 'T' },
    modes: ['full'],
    baseUrl: 'http://127.0.0.1:3900/upstox'
  })
  const env = { MARKET: 'live', UPSTOX_TOKEN_FILE: '/run/token', UPSTOX_MODE: 'full_d30, ltpc', UPSTOX_PLAN: 'plus' }
  expect(loadConfig(env).streams.upstox).toEqual({
    history: { budget: [{ limit: 15, unit: 'requests', per: 'minute' }] },
    credential: { tokenFile: '/run/token' },
    plan: 'plus',
    modes: ['full_d30', 'ltpc'],
    maxSymbols: undefined,
    baseUrl: undefined
  })
})

test('Massive is on where it has a key, in the sandbox too, and its former host can be named', () => {
  expect(loadConfig({}).streams.massive).toBeUndefined()
  expect(loadConfig({ MASSIVE_API_KEY: 'K', MASSIVE_DELAYED: 'true' }).streams.massive).toMatchObject({
    markets: ['stocks'],
    isDelayed: true,
    baseUrl: 'ws://127.0.0.1:3900/massive-stream/delayed',
    history: { baseUrl: 'http://127.0.0.1:3900/massive' }
  })
  const env = { MASSIVE_API_KEY: 'K', MASSIVE_MARKETS: 'crypto, stocks', MASSIVE_STREAM_URL: 'wss://socket.polygon.io' }
  expect(loadConfig({ MARKET: 'live', ...env }).streams.massive).toEqual({
    apiKey: 'K',
    markets: ['crypto', 'stocks'],
    isDelayed: false,
    baseUrl: 'wss://socket.polygon.io',
    history: { baseUrl: undefined, budget: [{ limit: 100, unit: 'requests', per: 'minute' }] }
  })
})

test.each([
  [{ UPSTOX_MODE: 'full,quote' }, 'UPSTOX_MODE must name one or two modes of'],
  [{ UPSTOX_MODE: 'ltpc,full' }, 'UPSTOX_MODE must name a mode with bids and offers first'],
  [{ UPSTOX_MODE: 'full_d30' }, 'UPSTOX_MODE full_d30 needs UPSTOX_PLAN=plus'],
  [{ UPSTOX_TOKEN: 'T', UPSTOX_TOKEN_FILE: '/run/token' }, 'UPSTOX_TOKEN_FILE stands in the place of'],
  [{ MASSIVE_MARKETS: 'stocks,nasdaq' }, 'MASSIVE_MARKETS must name markets of stocks, options, crypto'],
  [{ MARKET: 'live', ALPACA_KEY_ID: 'AK' }, 'ALPACA_KEY_ID and ALPACA_SECRET_KEY must be set together'],
  [{ ...LIVE, ALPACA_FEED: 'sip,nasdaq' }, 'ALPACA_FEED must name feeds of'],
  [{ ...LIVE, ALPACA_FEED: ',' }, 'ALPACA_FEED must name feeds of'],
  [{ ...LIVE, ALPACA_TOKEN_FILE: '/run/token' }, 'ALPACA_TOKEN_FILE stands in the place of'],
  [{ ...LIVE, ALPACA_STREAM_URL: 'https://host' }, 'ALPACA_STREAM_URL must be a URL like wss://host'],
  [{ SUBSCRIBED_SYMBOLS: 'AAPL,a b c' }, 'SUBSCRIBED_SYMBOLS names something that cannot be a symbol']
])('%j says what is wrong, and not the value', (env, problem) => {
  const problems = problemsOf(env)
  expect(problems).toEqual([expect.stringContaining(problem)])
  expect(problems.join()).not.toMatch(/nasdaq|a b c|\bAK\b/)
})

test('TWS is off until its host is named, and has the ports and the patience that its documents print', () => {
  expect(loadConfig({}).streams.tws).toBeUndefined()
  expect(loadConfig({ MARKET: 'live', IBKR_HOST: '127.0.0.1', IBKR_PORT: '4001' }).streams.tws).toEqual({
    host: '127.0.0.1',
    port: 4001,
    clientId: 1,
    timeoutMs: 30_000,
    maxLines: 100,
    historyClientId: 2,
    history: { budget: [{ limit: 6, unit: 'requests', per: 'minute' }] }
  })
  expect(() => loadConfig({ IBKR_HOST: 'http://127.0.0.1' })).toThrow('IBKR_HOST must be')
})
