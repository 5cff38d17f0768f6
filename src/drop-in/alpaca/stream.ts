import { isApiKey, isToken } from '../../auth/credential.ts'
import { streamOf, symbolOf as symbolOfTopic } from '../../demand/want.ts'
import { MAX_NAMES_PER_FRAME, type Stream } from '../../hub/protocol.ts'
import type { MarketEvent, TopicName } from '../../market/event.ts'
import type { Feed } from '../../market/provenance.ts'
import { canonicalSymbol } from '../../streams/alpaca/symbols.ts'
import { jsonCodec, msgpackCodec, type Codec } from '../../streams/codec.ts'
import type { Origin } from '../licences.ts'
import { readUpdate, type EventMessage, type Update } from '../stream/event-message.ts'
import { StreamClient, type Farewell, type StreamClientOptions } from '../stream/stream-client.ts'
import type { EventRef } from '../../hub/topic.ts'
import {
  barFields,
  bandFields,
  cancelFields,
  correctionFields,
  quoteFields,
  statusFields,
  tradeFields
} from './wire.ts'

/** Which events the vendor's streams of shares tell, by their paths. */
export const STREAM_FEEDS: Readonly<Record<string, readonly Feed[]>> = {
  iex: ['iex', 'sandbox'],
  sip: ['consolidated', 'otc', 'sandbox'],
  delayed_sip: ['delayed', 'sandbox']
}

/** What of ours a channel needs. Corrections and cancellations follow trades by themselves. */
const STREAM_OF_CHANNEL: Readonly<Record<string, Stream>> = {
  trades: 'trades',
  quotes: 'bbo',
  bars: 'bars.1m',
  updatedBars: 'bars.1m',
  dailyBars: 'bars.1d',
  statuses: 'halts',
  lulds: 'halts'
}
const CHANNELS = Object.keys(STREAM_OF_CHANNEL)

const ERRORS: Readonly<Record<number, string>> = {
  400: 'invalid syntax',
  401: 'not authenticated',
  402: 'auth failed',
  403: 'already authenticated',
  404: 'auth timeout',
  405: 'symbol limit exceeded',
  406: 'connection limit exceeded',
  407: 'slow client',
  409: 'insufficient subscription',
  410: 'invalid subscribe action for this feed',
  500: 'internal error'
}
const FAREWELLS: Readonly<Record<Farewell, number>> = {
  not_in_time: 404,
  wrong_key: 402,
  cannot_tell: 500,
  may_not_stream: 409,
  too_many_connections: 406,
  too_many_frames: 400,
  slow: 407,
  dismissed: 500
}
/** A frame of so few messages holds their number in one byte, one of so many in two. */
const FEW_MESSAGES = 16
const MANY_MESSAGES = 65_536

export type AlpacaStreamOptions = StreamClientOptions & {
  /** Of STREAM_FEEDS. */
  readonly feedName: string
  readonly isBinary: boolean
  /** As the headers of the handshake presented it. */
  readonly credential: string | undefined
}

type Subscribed = ReadonlyMap<string, ReadonlySet<string>>

/** A client of Alpaca's stream of shares. A request is taken as a whole or not at all, and answered with all that holds then. */
export class AlpacaStreamClient extends StreamClient {
  readonly #codec: Codec
  readonly #feeds: readonly Feed[]
  #subscribed: Subscribed = new Map()
  /** It was told that it may not have what comes, and nothing that it may have came since. */
  #isRefused = false

  constructor(options: AlpacaStreamOptions) {
    super(options)
    this.#codec = options.isBinary ? msgpackCodec : jsonCodec
    this.#feeds = STREAM_FEEDS[options.feedName]!
    this.#say({ T: 'success', msg: 'connected' })
    const { credential } = options
    if (credential !== undefined) this.first(() => this.authenticate(credential))
  }

  protected override async received(data: Buffer, isBinary: boolean): Promise<void> {
    const message = isBinary === (this.#codec === msgpackCodec) ? decoded(this.#codec, data) : undefined
    if (!message) return this.#refuse(400)
    const { action, key, secret, ...channels } = message
    if (action === 'auth') {
      if (this.authenticated) return this.#refuse(403)
      return this.authenticate(credentialOf(key, secret))
    }
    if (!this.authenticated) return this.#refuse(401)
    if (action !== 'subscribe' && action !== 'unsubscribe') return this.#refuse(400)
    if (Object.values(channels).flat().length > MAX_NAMES_PER_FRAME) return this.#refuse(405)
    const next = action === 'subscribe' ? this.#with(channels) : this.#without(channels)
    if (typeof next === 'number') return this.#refuse(next)
    return this.#change(next)
  }

  protected override welcome(): void {
    this.#say({ T: 'success', msg: 'authenticated' })
  }

  protected override sayFarewell(why: Farewell): undefined {
    this.#refuse(FAREWELLS[why])
  }

  protected override chosen({ symbol, messages, origin }: Update): readonly EventMessage[] {
    if (!this.#feeds.includes(origin.feed)) return []
    this.#isRefused = false
    return messages.filter(({ channel }) => this.#subscribed.get(channel)?.has(symbol))
  }

  protected override refuseUpdate(): void {
    if (this.#isRefused) return
    this.#isRefused = true
    this.#refuse(409)
  }

  protected override sendAll(messages: readonly EventMessage[]): void {
    if (this.#codec === jsonCodec) return this.send(`[${messages.map(({ text }) => text).join(',')}]`)
    for (let at = 0; at < messages.length; at += MANY_MESSAGES - 1) {
      const part = messages.slice(at, at + MANY_MESSAGES - 1)
      this.send(Buffer.concat([arrayHead(part.length), ...part.map(({ packed }) => packed)]))
    }
  }

  /** The subscriptions with further ones, or the vendor's error. */
  #with(channels: Record<string, unknown>): Subscribed | number {
    const next = new Map(this.#subscribed)
    for (const [channel, spellings] of Object.entries(channels)) {
      if (!CHANNELS.includes(channel)) return 410
      const symbols = symbolsIn(spellings)
      if (!symbols) return 400
      // Here a stream is asked for what somebody wants, and for nothing else: there is no such thing as all of it.
      if (symbols.includes('*')) return 405
      next.set(channel, new Set([...(next.get(channel) ?? []), ...symbols]))
    }
    return next
  }

  #without(channels: Record<string, unknown>): Subscribed | number {
    const next = new Map(this.#subscribed)
    for (const [channel, spellings] of Object.entries(channels)) {
      if (!CHANNELS.includes(channel)) return 410
      const symbols = symbolsIn(spellings)
      if (!symbols) return 400
      const gone = new Set(symbols)
      next.set(
        channel,
        gone.has('*') ? new Set() : new Set([...(next.get(channel) ?? [])].filter((each) => !gone.has(each)))
      )
    }
    return next
  }

  async #change(next: Subscribed): Promise<void> {
    const { caller, following } = this.authenticated!
    const before = topicsOf(this.#subscribed)
    const after = topicsOf(next)
    const added = [...after].filter((name) => !before.has(name))
    if (!(await following.want(added, caller))) return this.#refuse(405)
    if (!added.every((name) => this.#mayFollow(name))) {
      following.drop(added)
      return this.#refuse(409)
    }
    if (!this.isOpen) return
    this.#subscribed = next
    following.listen(added)
    following.drop([...before].filter((name) => !after.has(name)))
    this.#say({ T: 'subscription', ...stateOf(next) })
  }

  /** What a stream brings must be of this feed, and allowed to be handed on. */
  #mayFollow(name: TopicName): boolean {
    const served = this.context.serving.servedBy({ stream: streamOf(name) as Stream, symbol: symbolOfTopic(name) })
    if (served.servedBy !== 'stream' || served.source === undefined || served.feed === undefined) return true
    const origin: Origin = { source: served.source, feed: served.feed }
    return this.#feeds.includes(origin.feed) && this.mayHave(origin)
  }

  #refuse(code: number): void {
    this.#say({ T: 'error', code, msg: ERRORS[code] })
  }

  #say(message: object): void {
    this.send(this.#codec.encode([message]))
  }
}

/** The messages of an event as the vendor tells them, with their channels. */
export const readAlpacaUpdate = (event: EventRef): Update => readUpdate(event, messagesOf)

function messagesOf(event: MarketEvent): [channel: string, wire: object][] {
  const message = (channel: string, T: string, fields: object | undefined): [string, object][] =>
    fields ? [[channel, { T, S: 'symbol' in event.data ? event.data.symbol : '', ...fields }]] : []
  switch (event.type) {
    case 'trade':
      return message('trades', 't', tradeFields(event.data.trade))
    case 'trade_correction':
      return message('trades', 'c', correctionFields(event.data.correction))
    case 'trade_cancel':
      return message('trades', 'x', cancelFields(event.data.cancel))
    case 'bbo':
      return message('quotes', 'q', quoteFields(event.data.bbo))
    case 'halt': {
      const { halt } = event.data
      return [...message('statuses', 's', statusFields(halt)), ...message('lulds', 'l', bandFields(halt))]
    }
    case 'bar_update': {
      const { interval, state, bar } = event.data
      if (state === 'withdrawn') return []
      if (interval === '1d') return message('dailyBars', 'd', barFields(bar))
      if (state === 'provisional') return []
      return state === 'final' ? message('bars', 'b', barFields(bar)) : message('updatedBars', 'u', barFields(bar))
    }
    default:
      return []
  }
}

function topicsOf(subscribed: Subscribed): Set<TopicName> {
  return new Set(
    [...subscribed].flatMap(([channel, symbols]) => [...symbols].map((each) => `${STREAM_OF_CHANNEL[channel]}:${each}`))
  )
}

function stateOf(subscribed: Subscribed): Record<string, string[]> {
  const list = (channel: string) => [...(subscribed.get(channel) ?? [])]
  const own = Object.fromEntries(CHANNELS.map((channel) => [channel, list(channel)]))
  return { ...own, corrections: list('trades'), cancelErrors: list('trades') }
}

/** Undefined where one of them is no symbol as the vendor spells it. */
function symbolsIn(spellings: unknown): string[] | undefined {
  if (!Array.isArray(spellings)) return undefined
  if (!spellings.every((each) => typeof each === 'string')) return undefined
  const symbols = spellings.map((each) => (each === '*' ? '*' : canonicalSymbol(each, 'stocks')))
  return symbols.every((symbol) => symbol !== undefined) ? symbols : undefined
}

/** The key of this server stands in the place of the secret, whatever the key's id is; or in that of the id alone. */
export function credentialOf(id: unknown, secret: unknown): string {
  const texts = [secret, id].filter((each): each is string => typeof each === 'string')
  return texts.find((text) => isApiKey(text) || isToken(text)) ?? texts[0] ?? ''
}

function decoded(codec: Codec, data: Buffer): Record<string, unknown> | undefined {
  try {
    const value = codec.decode(data)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}

/** How MessagePack begins a list of so many. */
function arrayHead(count: number): Uint8Array {
  return count < FEW_MESSAGES ? Uint8Array.of(0x90 | count) : Uint8Array.of(0xdc, count >> 8, count & 0xff)
}
