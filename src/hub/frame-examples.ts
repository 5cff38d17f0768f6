import type { Feed, Provenance } from '../market/provenance.ts'

const CURSOR = 'AbK3xQ.1f-9'
const AT = '2026-11-30T15:30:00.120Z'

const provenance = (source: string, feed: Feed, state: Provenance['state'] = 'live') => ({
  source,
  feed,
  receivedAt: AT,
  state,
  attempts: []
})
const streamed = { ...provenance('alpaca', 'iex'), delivery: 'stream' }
const polled = { source: 'yahoo', feed: 'delayed', asOf: '2026-11-30T15:28:41.000Z', groups: ['reference', 'day'] }
const tick = {
  symbol: 'AAPL',
  asOf: '2026-11-30T15:30:00.118204511Z',
  sequence: 48_211,
  tradeDate: '2026-11-30',
  session: 'regular',
  source: 'alpaca',
  feed: 'iex',
  receivedAt: AT
}
const trade = {
  ...tick,
  tape: 'C',
  price: 231.42,
  size: 100,
  currency: 'USD',
  venue: 'V',
  conditions: ['@'],
  tradeId: '8817'
}
const replaces = { tradeDate: '2026-11-30', venue: 'V', tape: 'C', tradeId: '8790', price: 23.14, size: 100 }
const quote = {
  symbol: 'AAPL',
  price: 231.42,
  change: 2.9,
  changePercent: 1.27,
  previousClose: 228.52,
  volume: 21_340_118,
  currency: 'USD',
  marketState: 'regular',
  asOf: AT,
  provenance: { ...streamed, parts: [polled] }
}
const index = { ...quote, symbol: '^GSPC', price: 6012.28, provenance: provenance('yahoo', 'delayed', 'delayed') }
const session = {
  exchange: 'XNYS',
  name: 'NYSE and Nasdaq',
  timeZone: 'America/New_York',
  phase: 'continuous',
  marketState: 'regular',
  since: '2026-11-30T14:30:00.000Z',
  until: '2026-11-30T21:00:00.000Z',
  tradeDate: '2026-11-30',
  nextOpen: '2026-12-01T14:30:00.000Z',
  nextClose: '2026-11-30T21:00:00.000Z'
}
const component = {
  name: 'momentum',
  score: 64,
  weight: 1,
  inputs: { sp500: 6012.28, average125: 5820.4 },
  asOf: AT,
  ageSeconds: 3,
  provenance: provenance('yahoo', 'delayed', 'delayed')
}

/** One frame of each name, as the documents of the protocol show it. */
export const FRAME_EXAMPLES: Record<string, object> = {
  subscribe: { type: 'subscribe', id: 1, data: { type: 'stock_quotes', symbols: ['AAPL', 'BRK.B'], stream: 'trades' } },
  unsubscribe: { type: 'unsubscribe', id: 2, data: { type: 'market_data', channels: ['movers'] } },
  list: { type: 'list', id: 3 },
  auth: { type: 'auth', id: 4, data: { token: 'qw_…' } },
  ping: { type: 'ping', id: 5 },
  welcome: {
    type: 'welcome',
    data: {
      session: 'b1c0e2',
      encoding: 'json',
      epoch: '7f3a',
      authenticated: true,
      heartbeatMs: 20_000,
      limits: { connectionsPerUser: 50, subscriptionsPerUser: 5000, framesPerSecond: 20, frameBytes: 262_144 }
    }
  },
  authenticated: { type: 'authenticated', id: 4, data: { user: 'desk', expiresAt: '2026-11-30T15:45:00.000Z' } },
  subscribed: {
    type: 'subscribed',
    id: 1,
    data: {
      type: 'stock_quotes',
      stream: 'trades',
      accepted: [{ symbol: 'AAPL', servedBy: 'stream', source: 'alpaca', feed: 'iex', since: AT }],
      rejected: [{ symbol: 'A B', code: 'INVALID_SYMBOL', message: 'Not a symbol' }],
      count: 1
    }
  },
  unsubscribed: { type: 'unsubscribed', id: 2, data: { type: 'market_data', removed: ['movers'], count: 1 } },
  subscriptions: { type: 'subscriptions', id: 3, data: { channels: [], streams: { trades: ['AAPL'] }, count: 1 } },
  served_by: {
    type: 'served_by',
    data: {
      type: 'stock_quotes',
      stream: 'trades',
      symbols: [{ symbol: 'AAPL', servedBy: 'nobody', reason: 'outage' }]
    }
  },
  snapshot: { type: 'snapshot', data: { stream: 'trades', trades: [trade] }, cursor: CURSOR },
  resumed: { type: 'resumed', data: { type: 'stock_quotes', stream: 'trades', replayed: 412 }, cursor: CURSOR },
  gap: {
    type: 'gap',
    data: { type: 'stock_quotes', stream: 'trades', reason: 'trimmed', from: '2026-11-30T14:02:10.000Z', to: AT },
    cursor: CURSOR
  },
  notice: { type: 'notice', data: { code: 'TOKEN_EXPIRES', message: 'The token expires in 60 s: send another one' } },
  error: { type: 'error', id: 1, data: { code: 'RATE_LIMITED', message: 'More than 600 requests in a minute' } },
  pong: { type: 'pong', id: 5, data: { timestamp: AT } },
  quote_update: { type: 'quote_update', data: { symbol: 'AAPL', quote, timestamp: AT }, cursor: CURSOR },
  quote_change: {
    type: 'quote_update',
    data: { symbol: 'AAPL', changed: { price: 231.43, asOf: AT }, timestamp: AT },
    cursor: CURSOR
  },
  trade: { type: 'trade', data: { symbol: 'AAPL', trade, timestamp: tick.asOf }, cursor: CURSOR },
  trade_correction: {
    type: 'trade_correction',
    data: { symbol: 'AAPL', timestamp: tick.asOf, correction: { ...trade, replaces } },
    cursor: CURSOR
  },
  trade_cancel: {
    type: 'trade_cancel',
    data: { symbol: 'AAPL', timestamp: tick.asOf, cancel: { ...tick, replaces, reason: 'error' } },
    cursor: CURSOR
  },
  bbo: {
    type: 'bbo',
    data: {
      symbol: 'AAPL',
      timestamp: tick.asOf,
      bbo: { ...tick, bid: 231.41, bidSize: 300, bidVenue: 'V', ask: 231.43, askSize: 200, askVenue: 'V' }
    },
    cursor: CURSOR
  },
  halt: {
    type: 'halt',
    data: {
      symbol: 'AAPL',
      timestamp: tick.asOf,
      halt: { ...tick, status: 'halted', reasonCode: 'T1', reason: 'News pending' }
    },
    cursor: CURSOR
  },
  bar_update: {
    type: 'bar_update',
    data: {
      symbol: 'AAPL',
      interval: '1m',
      bar: { start: '2026-11-30T15:29:00.000Z', open: 231.2, high: 231.5, low: 231.18, close: 231.42, volume: 81_220 },
      state: 'final',
      revision: 0,
      provenance: streamed,
      timestamp: AT
    },
    cursor: CURSOR
  },
  indices_update: { type: 'indices_update', data: { indices: [index], provenance: index.provenance }, cursor: CURSOR },
  sectors_update: {
    type: 'sectors_update',
    data: {
      sectors: [{ sector: 'Energy', changePercent: -0.41, asOf: AT }],
      provenance: provenance('fmp', 'composite')
    },
    cursor: CURSOR
  },
  movers_update: {
    type: 'movers_update',
    data: {
      type: 'gainers',
      movers: [{ symbol: 'AAPL', price: 231.42, changePercent: 1.27, currency: 'USD' }],
      provenance: provenance('fmp', 'composite')
    },
    cursor: CURSOR
  },
  sentiment_update: {
    type: 'sentiment_update',
    data: {
      score: 64,
      label: 'greed',
      knownWeight: 0.25,
      asOf: AT,
      components: [component],
      missing: [{ name: 'put-call', nominalWeight: 0.1, reason: 'No provider has an option chain of SPY now' }],
      provenance: component.provenance
    },
    cursor: CURSOR
  },
  market_status: { type: 'market_status', data: { exchanges: [session] }, cursor: CURSOR },
  heartbeat: { type: 'heartbeat', data: { timestamp: AT } },
  close: { type: 'close', data: { code: 4001, reason: 'going away' } }
}
