import { Type, type Static } from 'typebox'

/** What a client speaks: `stocks` is plain WebSocket at /stocks, `alpaca` and `massive` the vendors' own protocols. */
export const LiveProtocol = Type.Enum(['websocket', 'sse', 'ndjson', 'socket.io', 'stocks', 'alpaca', 'massive'])
export type LiveProtocol = Static<typeof LiveProtocol>

const Count = Type.Integer({ minimum: 0 })
const Instant = Type.String({ format: 'date-time' })

/** What one client takes of what it is sent. */
export const DeliveryState = Type.Object({
  bufferedBytes: Type.Integer({
    minimum: 0,
    description: 'Wait in the process, because the client has not taken them'
  }),
  behindSince: Type.Optional(Type.String({ format: 'date-time', description: 'Absent where it keeps up' })),
  conflated: Type.Integer({
    minimum: 0,
    description: 'Values passed over because a newer one came while it was behind'
  }),
  conflateMs: Type.Optional(Type.Integer({ minimum: 1, description: 'How seldom it asked to get quotes' }))
})
export type DeliveryState = Static<typeof DeliveryState>

/** A live connection, as operators see it. */
export const LiveConnection = Type.Object(
  {
    id: Type.String({ description: 'Unique among all processes; of a WebSocket the `session` of its welcome' }),
    protocol: LiveProtocol,
    user: Type.Optional(Type.String({ description: 'Absent until it has said who it is' })),
    userId: Type.Optional(Type.String()),
    address: Type.Optional(
      Type.String({ description: 'By TRUST_PROXY the one that the proxy names; a Unix socket has none' })
    ),
    openedAt: Instant,
    subscriptions: Count,
    ...DeliveryState.properties
  },
  { $id: 'LiveConnection' }
)
export type LiveConnection = Static<typeof LiveConnection>
