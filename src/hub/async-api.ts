import type { TSchema } from 'typebox'
import * as events from '../market/event.ts'
import * as client from './client-protocol.ts'
import * as protocol from './protocol.ts'
import { CloseCode } from './close-codes.ts'
import { FRAME_EXAMPLES } from './frame-examples.ts'
import { plainSchema } from '../plain-schema.ts'

/** What each side sends, by name. The document and the server's checks are made of the same shapes. */
const SENT_BY_CLIENT: Record<string, [schema: TSchema, summary: string]> = {
  subscribe: [client.Subscribe, 'Wants events; with `since`, what was missed first'],
  unsubscribe: [client.Unsubscribe, 'Wants events no longer; without a list, none of that kind'],
  list: [client.List, 'Asks for everything that is subscribed'],
  auth: [client.Authenticate, 'Authenticates a connection that came without a key or token, or renews what it may'],
  ping: [client.Ping, 'Asks for a pong']
}
const SENT_BY_SERVER: Record<string, [schema: TSchema, summary: string]> = {
  welcome: [protocol.Welcome, 'Opens the conversation: limits and heartbeat'],
  authenticated: [protocol.Authenticated, 'Answers auth'],
  subscribed: [protocol.Subscribed, 'Answers subscribe, for each symbol or channel'],
  unsubscribed: [
    protocol.Unsubscribed,
    'Answers unsubscribe; or, without being asked, ends symbols that no vendor knows'
  ],
  subscriptions: [protocol.SubscriptionList, 'Answers list'],
  served_by: [protocol.ServedOtherwise, 'A stream began or ceased to carry symbols, or nobody polls them any more'],
  snapshot: [protocol.Snapshot, 'The state from which events go on'],
  resumed: [protocol.Resumed, 'Ends a replay'],
  gap: [protocol.Gap, 'Events are missing; a snapshot follows'],
  notice: [protocol.Notice, 'Something to know: TOKEN_EXPIRES, TOO_SLOW'],
  error: [protocol.Refusal, 'A frame was refused, or why the connection ends'],
  pong: [protocol.Pong, 'Answers ping'],
  quote_update: [withCursor(events.QuoteUpdate), 'A new quote'],
  quote_change: [protocol.QuoteChange, 'A new quote as what changed (`fields: changed`)'],
  trade: [withCursor(events.TradeReport), 'A trade'],
  trade_correction: [withCursor(events.TradeCorrected), 'A trade that was told otherwise before'],
  trade_cancel: [withCursor(events.TradeCancelled), 'A trade that did not happen'],
  bbo: [withCursor(events.BboUpdate), 'The best bid and offer'],
  halt: [withCursor(events.HaltUpdate), 'Trading stops, or goes on; or the prices between which it may go on'],
  bar_update: [withCursor(events.BarUpdate), 'A bar, provisional, final, corrected or withdrawn'],
  indices_update: [withCursor(events.IndicesUpdate), 'Channel indices'],
  sectors_update: [withCursor(events.SectorsUpdate), 'Channel sectors'],
  movers_update: [withCursor(events.MoversUpdate), 'Channel movers: gainers, losers or actives'],
  sentiment_update: [withCursor(events.SentimentUpdate), 'Channel sentiment'],
  market_status: [withCursor(events.StatusUpdate), 'Channel status: an exchange opened, paused or closed']
}
/** In place of pings and of close codes. */
const SENT_IN_EVENT_STREAMS: Record<string, [schema: TSchema, summary: string]> = {
  heartbeat: [protocol.Heartbeat, 'The connection lives; in lines of JSON, where server-sent events have a comment'],
  close: [protocol.Closed, 'The stream ends, and why']
}
const EVENT_STREAM = 'eventStream'
const EVENT_STREAM_MESSAGES = { ...SENT_BY_SERVER, ...SENT_IN_EVENT_STREAMS }
const EVERY_MESSAGE = { ...SENT_BY_CLIENT, ...EVENT_STREAM_MESSAGES }

const CHANNEL_ADDRESSES = {
  marketData: '/api/v1/market/ws/market-data',
  stockQuotes: '/api/v1/market/ws/stock-quotes'
} as const

const DESCRIPTION = `Live quotes, trades, best bids, halts, bars and market-wide channels.

An API key or a token is given by the \`Authorization\` header (scheme Bearer), by \`X-API-Key\`, as \`Sec-WebSocket-Protocol: quotewire, bearer.<key or token>\`,
by \`?token=\`, or in a first \`auth\` frame; a ticket of \`POST /api/v1/auth/ticket\` by \`?ticket=\`.
With \`batch\`, events that travel together come as one JSON array of their messages.
The sub-protocol \`quotewire.binary\` sends quotes, trades and bars as fixed-width records; docs/websocket.md describes them.

Close codes (4000 to 4499: connect again; 4500 to 4999: not before something was changed):
${Object.values(CloseCode)
  .map(({ code, reason }) => `- ${code}: ${reason}`)
  .join('\n')}`

/** AsyncAPI 3: the live protocol for programs. */
export const asyncApi = {
  asyncapi: '3.0.0',
  info: { title: 'Quotewire live', version: '1', description: DESCRIPTION, license: { name: 'MIT' } },
  defaultContentType: 'application/json',
  channels: {
    ...Object.fromEntries(
      Object.entries(CHANNEL_ADDRESSES).map(([name, address]) => [
        name,
        { address, messages: references({ ...SENT_BY_CLIENT, ...SENT_BY_SERVER }, '#/components/messages') }
      ])
    ),
    [EVENT_STREAM]: {
      address: '/api/v1/market/stream',
      description: 'HTTP: frames as server-sent events, or a line of JSON each; docs/server-sent-events.md',
      messages: references(EVENT_STREAM_MESSAGES, '#/components/messages')
    }
  },
  operations: Object.fromEntries([
    ...Object.keys(CHANNEL_ADDRESSES).flatMap((channel) => [
      [`${channel}Receive`, operation('receive', channel, SENT_BY_CLIENT)] as const,
      [`${channel}Send`, operation('send', channel, SENT_BY_SERVER)] as const
    ]),
    [`${EVENT_STREAM}Send`, operation('send', EVENT_STREAM, EVENT_STREAM_MESSAGES)] as const
  ]),
  components: {
    securitySchemes: {
      bearer: { type: 'http', scheme: 'bearer', description: 'An API key (`qw_…`), or a token exchanged for one' },
      apiKey: { type: 'httpApiKey', in: 'header', name: 'X-API-Key', description: 'An API key (`qw_…`)' },
      protocol: {
        type: 'httpApiKey',
        in: 'header',
        name: 'Sec-WebSocket-Protocol',
        description: '`quotewire, bearer.<key or token>`'
      },
      token: {
        type: 'httpApiKey',
        in: 'query',
        name: 'token',
        description: 'A key or token; addresses end up in logs'
      },
      ticket: { type: 'httpApiKey', in: 'query', name: 'ticket', description: 'A ticket, good once, for 30 seconds' }
    },
    messages: Object.fromEntries(
      Object.entries(EVERY_MESSAGE).map(([name, [schema, summary]]) => [
        name,
        { name, summary, payload: plainSchema(schema), examples: [{ payload: FRAME_EXAMPLES[name]! }] }
      ])
    )
  }
}

/** What an event's frame is: the event, and its place in the log. */
function withCursor(event: TSchema): TSchema {
  const { properties, required } = event as TSchema & { properties: object; required: string[] }
  const cursor = {
    type: 'string',
    description: 'Opaque. Everything of the stream up to this frame: resume with it as `since`'
  }
  return { ...event, properties: { ...properties, cursor }, required: [...required, 'cursor'] }
}

function operation(action: 'send' | 'receive', channel: string, messages: Record<string, unknown>) {
  return {
    action,
    channel: { $ref: `#/channels/${channel}` },
    security: ['bearer', 'apiKey', 'protocol', 'token', 'ticket'].map((scheme) => ({
      $ref: `#/components/securitySchemes/${scheme}`
    })),
    messages: Object.values(references(messages, `#/channels/${channel}/messages`))
  }
}

function references(messages: Record<string, unknown>, base: string): Record<string, { $ref: string }> {
  return Object.fromEntries(Object.keys(messages).map((name) => [name, { $ref: `${base}/${name}` }]))
}
