import { Type, type Static } from 'typebox'
import { Interval } from '../market/bar.ts'
import { Bbo } from '../market/bbo.ts'
import { BarUpdate } from '../market/event.ts'
import { Feed } from '../market/provenance.ts'
import { Halt } from '../market/halt.ts'
import { Quote } from '../market/quote.ts'
import { RequestedSymbols } from '../market/symbol.ts'
import { Trade } from '../market/trade.ts'

/** Market-wide channels. */
export const CHANNELS = ['indices', 'sectors', 'movers', 'sentiment', 'status'] as const
export type Channel = (typeof CHANNELS)[number]

/** What there is per symbol. */
export const STREAMS = [
  'quotes',
  'trades',
  'bbo',
  'halts',
  ...Interval.enum.map((interval) => `bars.${interval}` as const)
] as const
export type Stream = (typeof STREAMS)[number]

export const MAX_CONFLATE_MS = 60_000
export const MAX_CURSOR_LENGTH = 4096

/** A client that wants more names them in several frames. */
export const MAX_NAMES_PER_FRAME = 5000

/** Text that clients send is echoed in answers: it is kept short. */
export const MAX_NAME_LENGTH = 64
export const Id = Type.Optional(
  Type.Union([Type.Integer(), Type.String({ maxLength: 64 })], { description: 'Comes back with the answer' })
)
const Cursor = Type.String({
  description: 'Opaque. Everything of the stream up to this frame: resume with it as `since`'
})
const Instant = Type.String({ format: 'date-time' })

/** A frame of either side, by its type. */
export const frame = <Kind extends string, Data extends Type.TSchema>(type: Kind, data: Data) =>
  Type.Object({ type: Type.Literal(type), id: Id, data }, { additionalProperties: false })

const Failure = Type.Object({
  code: Type.String({ description: 'Stable, UPPER_SNAKE' }),
  message: Type.String(),
  details: Type.Optional(Type.Unknown())
})
export type Failure = Static<typeof Failure>

export const Limits = Type.Object({
  connectionsPerUser: Type.Integer(),
  subscriptionsPerUser: Type.Integer(),
  framesPerSecond: Type.Integer(),
  frameBytes: Type.Integer()
})
export type Limits = Static<typeof Limits>

export const Welcome = frame(
  'welcome',
  Type.Object({
    session: Type.String(),
    encoding: Type.Enum(['json', 'binary'], { description: 'Of quotes, trades and bars; all else is JSON' }),
    epoch: Type.String({ description: "Names the log's life; another one after it was lost" }),
    authenticated: Type.Boolean(),
    authenticateWithinMs: Type.Optional(Type.Integer({ description: 'Where a first auth frame is waited for' })),
    heartbeatMs: Type.Integer({ description: 'The server pings so often, and misses a peer after two of them' }),
    limits: Limits
  })
)
export const Authenticated = frame(
  'authenticated',
  Type.Object({ user: Type.String(), expiresAt: Type.Optional(Instant) })
)

const servedBy = {
  servedBy: Type.Enum(['stream', 'polling', 'calendar', 'replay', 'nobody'], {
    description:
      'Where its events come from now; replay: from what is stored; nobody: no source carries it yet, frames come once one does'
  }),
  source: Type.Optional(Type.String({ description: 'Whose stream it is', examples: ['alpaca'] })),
  feed: Type.Optional(Feed),
  since: Type.Optional(Type.String({ format: 'date-time', description: 'When the stream began to carry it, UTC' })),
  reason: Type.Optional(
    Type.String({ description: 'Why a stream that could carry it does not', examples: ['over_the_cap'] })
  )
}
const ServedBy = Type.Object(servedBy)
export type ServedBy = Static<typeof ServedBy>

export const Accepted = Type.Object({
  symbol: Type.Optional(Type.String()),
  channel: Type.Optional(Type.String()),
  ...servedBy,
  topic: Type.Optional(Type.Integer({ description: 'Its number in binary records, on this connection' }))
})
export type Accepted = Static<typeof Accepted>
export const Rejected = Type.Object({
  symbol: Type.Optional(Type.String()),
  channel: Type.Optional(Type.String()),
  ...Failure.properties
})
export type Rejected = Static<typeof Rejected>

const Subscriptions = Type.Integer({ minimum: 0, description: 'Of the connection, from now on; movers are three' })

/** Everything that the connection is subscribed to, on request. */
export const SubscriptionList = frame(
  'subscriptions',
  Type.Object({
    channels: Type.Array(Type.String()),
    streams: Type.Record(Type.String(), Type.Array(Type.String()), { description: 'Symbols by stream' }),
    count: Subscriptions
  })
)
export type Current = Omit<Static<typeof SubscriptionList>['data'], 'count'>

const Topics = { type: Type.Enum(['market_data', 'stock_quotes']), stream: Type.Optional(Type.Enum(STREAMS)) }
export const Subscribed = frame(
  'subscribed',
  Type.Object({
    ...Topics,
    accepted: Type.Array(Accepted),
    rejected: Type.Array(Rejected),
    requested: Type.Optional(RequestedSymbols),
    count: Subscriptions
  })
)
export const Unsubscribed = frame(
  'unsubscribed',
  Type.Object({
    ...Topics,
    removed: Type.Array(Type.String()),
    reason: Type.Optional(
      Type.Enum(['not_found'], {
        description: 'Where nobody asked for it. not_found: no vendor knows the symbols, which could not be told before'
      })
    ),
    count: Subscriptions
  })
)

/** Somebody else brings the events of symbols than was said last. */
export const ServedOtherwise = frame(
  'served_by',
  Type.Object({
    type: Type.Literal('stock_quotes'),
    stream: Type.Enum(STREAMS),
    symbols: Type.Array(Type.Object({ symbol: Type.String(), ...servedBy }))
  })
)

export const Snapshot = Type.Object({
  type: Type.Literal('snapshot'),
  data: Type.Object({
    stream: Type.Optional(Type.Enum(STREAMS)),
    channel: Type.Optional(Type.Enum(CHANNELS)),
    quotes: Type.Optional(Type.Array(Quote)),
    trades: Type.Optional(Type.Array(Trade, { description: 'The newest of each symbol that was seen lately' })),
    bbo: Type.Optional(Type.Array(Bbo)),
    halts: Type.Optional(Type.Array(Halt)),
    bars: Type.Optional(Type.Array(BarUpdate.properties.data)),
    values: Type.Optional(Type.Array(Type.Unknown(), { description: "The channel's value; three lists for movers" })),
    missing: Type.Optional(Type.Array(Rejected, { description: 'What has no value now, and why' }))
  }),
  cursor: Cursor
})

export const Gap = Type.Object({
  type: Type.Literal('gap'),
  data: Type.Object({
    ...Topics,
    reason: Type.Enum(['trimmed', 'log_replaced', 'unknown_position'], {
      description: 'Too long ago; the log lost its data; not a position that this log gave out'
    }),
    from: Type.Optional(Type.String({ format: 'date-time', description: 'Events after this instant may be missing' })),
    to: Type.String({ format: 'date-time', description: 'Up to this one; the snapshot that follows is newer' })
  }),
  cursor: Cursor
})

/** Ends a replay: from here on events come as they happen. */
export const Resumed = Type.Object({
  type: Type.Literal('resumed'),
  data: Type.Object({ ...Topics, replayed: Type.Integer({ minimum: 0 }) }),
  cursor: Cursor
})

export const Notice = frame('notice', Failure)
export const Refusal = frame('error', Failure)
export const Pong = Type.Object({ type: Type.Literal('pong'), id: Id, data: Type.Object({ timestamp: Instant }) })

/** Sent so often, where nobody answers pings, so that a dead connection shows. */
export const Heartbeat = Type.Object({ type: Type.Literal('heartbeat'), data: Type.Object({ timestamp: Instant }) })
export type Heartbeat = Static<typeof Heartbeat>

/** The last frame of a stream that cannot end with a close code. */
export const Closed = Type.Object({
  type: Type.Literal('close'),
  data: Type.Object({ code: Type.Integer({ description: 'A close code of the WebSocket' }), reason: Type.String() })
})
export type Closed = Static<typeof Closed>

/** A quote as what changed since the frame before (`fields: changed`). */
export const QuoteChange = Type.Object({
  type: Type.Literal('quote_update'),
  data: Type.Object({
    symbol: Type.String(),
    changed: Type.Partial(Quote),
    removed: Type.Optional(Type.Array(Type.String(), { description: 'Fields that the quote no longer has' })),
    timestamp: Instant
  }),
  cursor: Cursor
})

/** What the server sends about the connection itself. */
export type ControlFrame =
  | Static<typeof Welcome>
  | Static<typeof Authenticated>
  | Static<typeof Subscribed>
  | Static<typeof Unsubscribed>
  | Static<typeof SubscriptionList>
  | Static<typeof ServedOtherwise>
  | Static<typeof Gap>
  | Static<typeof Resumed>
  | Static<typeof Notice>
  | Static<typeof Refusal>
  | Static<typeof Pong>
