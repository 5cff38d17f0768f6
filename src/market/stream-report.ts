import { Type, type Static } from 'typebox'

const Instant = (description: string) => Type.String({ format: 'date-time', description })

/** What a vendor's stream does now, as the process that owns it says. */
export const StreamReport = Type.Object({
  stream: Type.String({ description: 'Vendor and feed', examples: ['alpaca/iex'] }),
  state: Type.Enum(['connecting', 'authenticated', 'subscribing', 'live', 'mute', 'cooling_down', 'stopped'], {
    description: 'mute: connected, and silent when it should not be; cooling_down: it waits for its next attempt'
  }),
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
  cap: Type.Optional(
    Type.Integer({ minimum: 0, description: 'Topics that the plan allows; absent where it allows all' })
  ),
  connections: Type.Integer({ minimum: 0, description: 'That were begun' }),
  reconnects: Type.Optional(Type.Integer({ minimum: 0, description: 'Connections after the first one' })),
  gaps: Type.Optional(Type.Integer({ minimum: 0, description: 'That this process has written into the ledger' })),
  lastError: Type.Optional(
    Type.Object(
      { text: Type.String(), at: Instant('When, UTC') },
      { description: 'What failed last, also when the stream is live again' }
    )
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
