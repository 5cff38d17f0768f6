import { Type } from 'typebox'
import { UPSTOX_PLANS } from '../streams/upstox/modes.ts'

/** Which schemes a variable that holds an address may have, and what such an address looks like. */
const ADDRESSES = {
  postgres: { pattern: '^postgres(ql)?://[^ ]+$', examples: ['postgres://user:password@host:5432/database'] },
  redis: { pattern: '^rediss?://[^ ]+$', examples: ['redis://host:6379/0'] },
  http: { pattern: '^https?://[^ ]+$', examples: ['https://host/path'] },
  socket: { pattern: '^wss?://[^ ?#]+$', examples: ['wss://host'] },
  /** Paths are added to it. */
  base: { pattern: '^https?://[^ ?#]+$', examples: ['https://host:8080, without ? and #'] }
}

const url = (description: string) => Type.Optional(Type.String({ ...ADDRESSES.base, description }))
const text = (description: string) => Type.Optional(Type.String({ minLength: 1, description }))
const integer = (minimum: number, maximum: number, initial: number, description: string) =>
  Type.Integer({ minimum, maximum, default: initial, description })
const feedOrder = (of: string, initial: string) =>
  Type.String({ default: initial, description: `Comma-separated; who streams ${of}, the next where one fails` })
const plan = Type.Enum(['standard', 'free'], { default: 'standard', description: 'Preset of request budgets' })
const limits = text('Overrides the plan, e.g. 250/minute, 10000/day, 500 symbols/month')
const secret = (description: string) => Type.Optional(Type.String({ minLength: 32, description }))

/** Every environment variable that Quotewire reads: the one place where a variable is named, typed and defaulted. */
export const Environment = Type.Object({
  MARKET: Type.Enum(['sandbox', 'live'], { default: 'sandbox', description: 'Simulated vendors or real ones' }),
  HOST: Type.String({ minLength: 1, default: '127.0.0.1', description: 'Address to listen on' }),
  PORT: integer(0, 65_535, 3000, 'Port to listen on; 0 picks a free one'),
  QUOTEWIRE_HOME: Type.String({ minLength: 1, default: '.quotewire', description: 'Data, secrets, service files' }),
  METRICS_PORT: Type.Optional(
    Type.Integer({ minimum: 0, maximum: 65_535, description: 'Where a process without an API answers /metrics' })
  ),
  LOG_LEVEL: Type.Enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], { default: 'info' }),
  LOG_FORMAT: Type.Enum(['json', 'text'], { default: 'json', description: 'Logs for programs, or for people' }),
  LOG_SAMPLE_EVERY: integer(0, 1_000_000, 1000, 'Log one in N ordinary requests; 0 logs none of them'),
  SLOW_REQUEST_MS: integer(1, 600_000, 1000, 'Requests slower than this are always logged'),

  DATABASE_URL: Type.Optional(Type.String({ ...ADDRESSES.postgres, description: 'Your own Postgres' })),
  DATABASE_REPLICA_URL: Type.Optional(
    Type.String({ ...ADDRESSES.postgres, description: 'A standby of it: what is stored is read there' })
  ),
  REDIS_URL: Type.Optional(Type.String({ ...ADDRESSES.redis, description: 'Queues, log; noeviction' })),
  LOG_REDIS_URL: Type.Optional(
    Type.String({ ...ADDRESSES.redis, description: 'Event log, where it has a Redis of its own; noeviction' })
  ),
  REDIS_CACHE_URL: Type.Optional(Type.String({ ...ADDRESSES.redis, description: 'Cache; may evict' })),
  REDIS_DOWNLOAD_URL: url('Mirror of the Redis builds that npm start may download'),

  JWT_SECRET: secret('Signs tokens (HS256)'),
  JWT_PREVIOUS_SECRET: secret('Still accepted while tokens signed with it live'),
  JWT_ISSUER: Type.String({ minLength: 1, default: 'quotewire' }),
  JWT_AUDIENCE: Type.String({ minLength: 1, default: 'quotewire' }),
  JWKS_URL: Type.Optional(
    Type.String({ ...ADDRESSES.http, description: 'Key set of an outside issuer (RS256 or ES256)' })
  ),
  JWKS_ISSUER: text('The iss that its tokens must carry'),
  JWKS_MAX_TOKEN_LIFE_SECONDS: integer(60, 31_536_000, 86_400, 'From its iat on, however late its exp is'),
  TOKEN_TTL_SECONDS: integer(1, 86_400, 900, 'Life of a token'),
  CORS_ORIGINS: Type.String({ default: '', description: 'Comma-separated origins that browsers may call from' }),
  TRUST_PROXY: Type.Boolean({ default: false, description: 'Believe the last entry of X-Forwarded-For' }),
  MAX_EVENT_LOOP_DELAY_MS: integer(10, 60_000, 1000, 'A process held up longer refuses requests: OVERLOADED'),
  RATE_LIMIT_PER_MINUTE: integer(1, 10_000_000, 600, 'Requests per user on the standard plan'),
  RATE_LIMIT_PRO_PER_MINUTE: integer(1, 10_000_000, 6000, 'Requests per user on the pro plan'),
  MCP_RATE_LIMIT_PER_MINUTE: integer(1, 10_000_000, 120, 'Requests per user to /mcp, apart from the others'),
  MCP_ALLOWED_HOSTS: Type.String({
    default: '',
    description: 'Comma-separated names, without ports, by which agents reach /mcp, beside HOST and localhost'
  }),

  WS_MAX_CONNECTIONS: integer(1, 1_000_000, 20_000, 'WebSocket connections of one process'),
  WS_CONNECTIONS_PER_USER: integer(1, 1_000_000, 50, 'WebSocket connections of one user in one process'),
  WS_SUBSCRIPTIONS_PER_USER: integer(1, 10_000_000, 5000, 'Symbols and channels of one user in one process'),
  WS_FRAMES_PER_SECOND: integer(1, 100_000, 20, 'Frames that one WebSocket connection may send'),
  WS_MAX_FRAME_KIB: integer(1, 16_384, 256, 'Longest frame that a client may send'),
  WS_HEARTBEAT_MS: integer(100, 600_000, 20_000, 'A client not heard for twice as long is cut off'),
  WS_FLUSH_MS: integer(0, 1000, 0, 'Least time between two writes to clients; 0: each turn of the event loop'),
  ALLOW_FEED_DRILLS: Type.Boolean({
    default: false,
    description: 'Whether administrators may cut streams of the live market on purpose'
  }),
  SOCKET_IO: Type.Boolean({ default: false, description: 'Whether Socket.IO clients are served' }),
  SOCKET_IO_ANONYMOUS: Type.Boolean({ default: false, description: 'Whether Socket.IO clients need no token' }),
  SOCKET_IO_MAX_CONNECTIONS: integer(1, 1_000_000, 1000, 'Socket.IO connections of one process'),
  LOG: Type.Enum(['redis', 'kafka'], { default: 'redis', description: 'What holds the event log' }),
  KAFKA_BROKERS: text('Comma-separated hosts with ports, e.g. kafka-1:9092,kafka-2:9092; with LOG=kafka'),
  KAFKA_TOPIC: Type.String({
    minLength: 1,
    default: 'quotewire',
    description: 'What the names of its topics begin with'
  }),
  KAFKA_TLS: Type.Boolean({ default: false, description: 'Whether its brokers are reached by TLS' }),
  KAFKA_SASL_MECHANISM: Type.Enum(['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'], {
    default: 'SCRAM-SHA-512',
    description: 'How KAFKA_USERNAME and KAFKA_PASSWORD are shown to its brokers'
  }),
  KAFKA_USERNAME: text('Kafka'),
  KAFKA_PASSWORD: text('Kafka'),
  LOG_SHARDS: integer(1, 256, 1, 'Streams or partitions of the event log; another number is another log'),
  LOG_RETENTION_MINUTES: integer(1, 100_000, 60, 'How far back clients can resume at most; LOG_MAX_MIB is the bound'),
  LOG_MAX_MIB: integer(1, 1_000_000, 256, 'Memory of Redis, or disk of Kafka, for each shard of the event log'),
  BATCH_SIZE: integer(1, 1_000_000, 10_000, 'Trades that are written to Postgres at once, at most'),
  BATCH_MS: integer(1, 60_000, 500, 'How long a trade waits for others to be written with it, at most'),

  PROVIDER_ORDER: Type.String({ default: 'yahoo,fmp,alpha-vantage,tiingo', description: 'Who is asked first' }),
  PROVIDER_ORDER_BY_CAPABILITY: Type.String({ default: '', description: 'e.g. news=tiingo,yahoo; bars=fmp' }),
  QUOTE_REFRESH_SECONDS: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 60, description: 'How often followed quotes are renewed; 30, sandbox 2' })
  ),
  QUOTE_INTERVAL_MS: integer(0, 10_000, 200, 'Of a streamed symbol at most one quote is composed in this time'),
  INTERACTIVE_RESERVE_PERCENT: integer(0, 100, 30, 'Share of a budget kept from background jobs'),
  USER_BUDGET_SHARE_PERCENT: integer(1, 100, 25, 'Share of a budget that one of several users may spend'),
  UPSTREAM_TIMEOUT_MS: integer(50, 60_000, 1200, 'One upstream request'),
  REQUEST_DEADLINE_MS: integer(100, 120_000, 2000, 'All upstream work for one request'),
  DIVERGENCE_PERCENT: Type.Number({ exclusiveMinimum: 0, maximum: 100, default: 2 }),
  RISK_FREE_RATE_PERCENT: Type.Number({ minimum: -5, maximum: 50, default: 4 }),

  PRICE_HISTORY_DAYS: integer(1, 36_500, 400, 'How long prices, market snapshots, last good values and news are kept'),
  INTRADAY_BARS_DAYS: integer(1, 36_500, 800, 'How long bars shorter than a day are kept, in whole months'),
  TICKS_DAYS: integer(1, 3650, 30, 'How long trades are kept, by trade date'),
  BBO_DAYS: integer(0, 365, 1, 'How long best bids and offers are kept, by trade date; 0: not at all'),
  RECORDS_DAYS: integer(1, 36_500, 90, 'How long job runs, quarantined values and corrected bars are kept'),

  SUBSCRIBED_SYMBOLS: Type.String({
    default: 'AAPL,MSFT,GOOGL',
    description: 'Comma-separated; streamed whoever else asks for something, after what clients ask for'
  }),
  FEED_ORDER_STOCKS: feedOrder('US shares and funds', 'massive,ibkr,alpaca,finnhub,tiingo,yahoo'),
  FEED_ORDER_OPTIONS: feedOrder('options of the US and India', 'massive,ibkr,alpaca,upstox'),
  FEED_ORDER_CRYPTO: feedOrder('coins', 'massive,alpaca,yahoo'),
  FEED_ORDER_OTHERS: feedOrder('all else', 'upstox,yahoo'),
  ALPACA_KEY_ID: text('Alpaca'),
  ALPACA_SECRET_KEY: text('Alpaca'),
  ALPACA_TOKEN_FILE: text('Alpaca; holds a token in place of the key, and is read again when it changes'),
  ALPACA_FEED: Type.String({ default: 'iex', description: 'Comma-separated, e.g. sip,iex: the next where one fails' }),
  ALPACA_BASE_URL: url('Alpaca, where its past is asked for'),
  ALPACA_LIMITS: text('Of requests for its past; 200/minute unless told'),
  ALPACA_STREAM_URL: Type.Optional(
    Type.String({ ...ADDRESSES.socket, description: 'Stands for the host of its streams' })
  ),
  ALPACA_MAX_SYMBOLS: Type.Optional(
    Type.Integer({ minimum: 4, maximum: 1_000_000, description: 'Trades and quotes together; of iex 30, else all' })
  ),
  MASSIVE_API_KEY: text('Massive, formerly Polygon'),
  MASSIVE_MARKETS: Type.String({ default: 'stocks', description: 'Comma-separated, of stocks, options, crypto' }),
  MASSIVE_DELAYED: Type.Boolean({ default: false, description: 'Whether its plan is 15 minutes late' }),
  MASSIVE_BASE_URL: url('Massive, where its past is asked for'),
  MASSIVE_LIMITS: text('Of requests for its past; 100/minute unless told'),
  MASSIVE_STREAM_URL: Type.Optional(
    Type.String({ ...ADDRESSES.socket, description: 'Stands for the host of its streams' })
  ),
  IBKR_HOST: text('Interactive Brokers: where TWS or IB Gateway runs'),
  IBKR_PORT: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 65_535,
      description: '7497 unless told; live TWS 7496, IB Gateway 4001 and 4002'
    })
  ),
  IBKR_CLIENT_ID: integer(0, 2_147_483_647, 1, 'Its number among the clients of TWS; no two have the same'),
  IBKR_HISTORY_CLIENT_ID: Type.Optional(
    Type.Integer({ minimum: 0, maximum: 2_147_483_647, description: 'For its bars; the number behind IBKR_CLIENT_ID' })
  ),
  IBKR_LIMITS: text('Of requests for its bars; 6/minute unless told'),
  IBKR_TIMEOUT: integer(1000, 600_000, 30_000, 'How long TWS may take to let a connection in, in milliseconds'),
  IBKR_MAX_LINES: integer(2, 100_000, 100, 'Market data lines of the account, one for each symbol'),

  DERIVATIVES: Type.String({
    default: '',
    description: 'Streamed whoever else asks for something: NAME=weekly|monthly/STRIKES, the most important first'
  }),
  DERIVATIVES_MAX_SYMBOLS: integer(1, 50_000, 1900, 'Of the derivatives and their underlyings together'),
  DERIVATIVES_RECENTRE_STEPS: Type.Number({
    minimum: 0.5,
    maximum: 1000,
    default: 2,
    description: 'How many strikes the price moves before others are streamed'
  }),
  UPSTOX_MASTERS: text('Comma-separated, of NSE, BSE, MCX; all in the sandbox, none else unless told'),
  UPSTOX_MASTERS_URL: url("The folder of Upstox's master files"),

  UPSTOX_TOKEN: text('Upstox; one for analytics lives for a year, an access token until 03:30 in India'),
  UPSTOX_TOKEN_FILE: text('Upstox; holds the token in place of UPSTOX_TOKEN, and is read again when it changes'),
  UPSTOX_PLAN: Type.Enum([...UPSTOX_PLANS], { default: 'basic' }),
  UPSTOX_MODE: Type.String({
    default: 'full',
    description:
      'ltpc, option_greeks, full or full_d30; a second one, after a comma, is for what only trades are wanted of'
  }),
  UPSTOX_MAX_SYMBOLS: Type.Optional(
    Type.Integer({ minimum: 2, maximum: 5000, description: 'In place of what the mode allows' })
  ),
  UPSTOX_LIMITS: text('Of requests for its bars; 15/minute unless told'),
  UPSTOX_BASE_URL: url('Upstox, where the addresses of its streams, quotes and bars are asked for'),

  FINNHUB_API_KEY: text('Finnhub'),
  FINNHUB_MAX_SYMBOLS: integer(2, 100_000, 50, 'Symbols of one connection; the free plan has 50'),
  FINNHUB_STREAM_URL: Type.Optional(
    Type.String({ ...ADDRESSES.socket, description: 'Stands for the host of its stream' })
  ),
  TIINGO_STREAM: Type.Enum(['on', 'off'], {
    default: 'off',
    description: "Whether Tiingo's prices of the exchange IEX are listened to, with TIINGO_API_KEY"
  }),
  TIINGO_BOATS: Type.Enum(['on', 'off'], {
    default: 'off',
    description: "Whether Tiingo's prices of Blue Ocean ATS, where shares trade at night, are listened to as well"
  }),
  TIINGO_STREAM_URL: Type.Optional(
    Type.String({ ...ADDRESSES.socket, description: 'Stands for the host of its streams' })
  ),
  YAHOO_STREAM: Type.Enum(['on', 'off'], {
    default: 'off',
    description: "Whether Yahoo's streamer is listened to, without a key: for personal use, never to be redistributed"
  }),
  YAHOO_STREAM_URL: Type.Optional(
    Type.String({ ...ADDRESSES.socket, description: 'Stands for the host of its streamer' })
  ),

  LICENCES: Type.String({
    default: '',
    description: 'What vendors allow: vendor=personal|display|redistribution,...; personal unless told'
  }),

  SANDBOX_URL: Type.String({ ...ADDRESSES.base, default: 'http://127.0.0.1:3900' }),
  SANDBOX_HOURS: Type.Enum(['always', 'exchange'], {
    default: 'always',
    description: 'Whether simulated exchanges trade around the clock or keep their hours'
  }),
  SANDBOX_TICK_MS: integer(10, 60_000, 1000, 'How often simulated prices move'),
  YAHOO_BASE_URL: url('Stands for every Yahoo host'),
  YAHOO_LIMITS: limits,
  FINANCIAL_MODELING_PREP_API_KEY: text('FMP'),
  FMP_BASE_URL: url('FMP'),
  FMP_PLAN: plan,
  FMP_LIMITS: limits,
  ALPHA_VANTAGE_API_KEY: text('Alpha Vantage'),
  ALPHA_VANTAGE_BASE_URL: url('Alpha Vantage'),
  ALPHA_VANTAGE_PLAN: plan,
  ALPHA_VANTAGE_LIMITS: limits,
  TIINGO_API_KEY: text('Tiingo'),
  TIINGO_BASE_URL: url('Tiingo'),
  TIINGO_PLAN: plan,
  TIINGO_LIMITS: limits
})
