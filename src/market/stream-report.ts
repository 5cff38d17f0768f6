import { Type, type Static } from 'typebox'

const Instant = (description: string) => Type.String({ format: 'date-time', description })

/** So many topics, or symbols, of some streams together. */
const StreamLimit = Type.Object({
  streams: Type.Array(Type.String(), { examples: [['trades', 'bbo']] }),
  most: Type.Integer({ minimum: 0 }),
  of: Type.Enum(['topic', 'symbol'])
})

/** What a vendor's stream does now, as the process that owns it says. */
export const StreamReport = Type.Object({
  stream: Type.String({ description: 'Vendor and feed', examples: ['alpaca/iex'] }),
  state: Type.Enum(
    ['connecting', 'authenticated', 'subscribing', 'live', 'mute', 'interrupted', 'cooling_down', 'stopped'],
    {
      description:
        'mute: connected, and silent when it should not be; interrupted: connected, and its vendor has lost its own sources; cooling_down: it waits for its next attempt'
    }
  ),
  text: Type.String({ description: 'The state in a sentence: what is waited for, and for how long' }),
  since: Instant('When it came into this state, UTC'),
  owner: Type.Optional(Type.String({ description: 'The process that listens' })),
  standsBy: Type.Optional(
    Type.Boolean({ description: 'Whether it is listened to only so that it can take over from a better one' })
  ),
  wanted: Type.Integer({ minimum: 0, description: 'Topics that it is asked for' }),
  carried: Type.Integer({ minimum: 0, description: 'Topics that its vendor has acknowledged' }),
  lastEventAt: Type.Optional(Instant('When it last brought something, UTC; absent before that')),
  lastEventAgeSeconds: Type.Optional(Type.Number({ minimum: 0 })),
  problem: Type.Optional(Type.String({ description: 'The kind of its last failure, until it is live again' })),
  connections: Type.Integer({ minimum: 0, description: 'That were begun' }),
  reconnects: Type.Optional(Type.Integer({ minimum: 0, description: 'Connections after the first one' })),
  gaps: Type.Optional(Type.Integer({ minimum: 0, description: 'That this process has written into the ledger' })),
  lastError: Type.Optional(
    Type.Object(
      { text: Type.String(), at: Instant('When, UTC') },
      { description: 'What failed last, also when the stream is live again' }
    )
  ),
  credentialUntil: Type.Optional(
    Instant('Until when its vendor takes the key or token, UTC; absent where it does not say')
  ),
  limits: Type.Optional(
    Type.Array(StreamLimit, { description: 'What the plan allows on one connection; empty where it allows all' })
  )
})
export type StreamReport = Static<typeof StreamReport>

export const BrokerStatus = Type.Object(
  {
    status: Type.Enum(['live', 'degraded', 'down', 'none'], {
      description: 'All streams are live; some are; none is; or no process listens to any'
    }),
    text: Type.String({ description: 'The same in a sentence' }),
    streams: Type.Array(StreamReport)
  },
  { $id: 'BrokerStatus' }
)
export type BrokerStatus = Static<typeof BrokerStatus>
