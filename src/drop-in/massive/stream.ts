import { streamOf, symbolOf as symbolOfTopic } from '../../demand/want.ts'
import { MAX_NAMES_PER_FRAME, type Stream } from '../../hub/protocol.ts'
import type { EventRef } from '../../hub/topic.ts'
import type { MarketEvent, TopicName } from '../../market/event.ts'
import { symbolOf, tickerOf } from '../../streams/massive/symbols.ts'
import { wireJson } from '../wire-json.ts'
import { readUpdate, type EventMessage, type Update } from '../stream/event-message.ts'
import { StreamClient, type Farewell, type StreamClientOptions } from '../stream/stream-client.ts'
import { bandMessage, minuteMessage, quoteMessage, tradeMessage } from './wire.ts'

/** What of ours a channel needs. */
const STREAM_OF_CHANNEL: ReadonlyMap<string, Stream> = new Map([
  ['T', 'trades'],
  ['Q', 'bbo'],
  ['AM', 'bars.1m'],
  ['LULD', 'halts']
])
/**
 * What the vendor has and we do not: seconds, which it tells once and never corrects, while trades of them may still come;
 * its own estimates, and imbalances. It refuses what a plan does not hold.
 */
const CHANNELS_NOT_HELD: ReadonlySet<string> = new Set(['A', 'FMV', 'LV', 'NOI'])
const POLICY_VIOLATION = 1008
const NOT_AUTHORIZED = 'not authorized'

const FAREWELLS: Readonly<Record<Farewell, { status: string; message: string; code?: number }>> = {
  not_in_time: { status: 'auth_timeout', message: 'No authentication request received.' },
  wrong_key: { status: 'auth_failed', message: 'authentication failed' },
  cannot_tell: { status: 'error', message: 'internal error' },
  may_not_stream: { status: 'auth_failed', message: 'authentication failed' },
  too_many_connections: {
    status: 'max_connections',
    message: 'Maximum number of websocket connections exceeded. ',
    code: POLICY_VIOLATION
  },
  too_many_frames: { status: 'error', message: 'too many requests', code: POLICY_VIOLATION },
  slow: { status: 'error', message: 'slow consumer', code: POLICY_VIOLATION },
  dismissed: { status: 'error', message: 'the connection was ended by an operator' }
}

/** A client of Massive's stream of shares. Each parameter of a request is confirmed by itself; a refusal names none. */
export class MassiveStreamClient extends StreamClient {
  /** `T.AAPL`, with the topic behind it. */
  readonly #parameters = new Map<string, TopicName>()
  #isRefused = false

  constructor(options: StreamClientOptions) {
    super(options)
    this.#tell('connected', 'Connected Successfully')
  }

  protected override async received(data: Buffer): Promise<void> {
    const { action, params } = decoded(data)
    if (action === 'auth') {
      if (!this.authenticated) await this.authenticate(params)
      return
    }
    if (!this.authenticated) return
    const listed = params.split(',')
    if (listed.length > MAX_NAMES_PER_FRAME) return this.#tell('error', NOT_AUTHORIZED)
    const parameters = [...new Set(listed.map((each) => each.trim()))]
    if (action === 'subscribe') await this.#subscribe(parameters)
    if (action === 'unsubscribe') this.#unsubscribe(parameters)
  }

  protected override welcome(): void {
    this.#tell('auth_success', 'authenticated')
  }

  protected override sayFarewell(why: Farewell): number | undefined {
    const { status, message, code } = FAREWELLS[why]
    this.#tell(status, message)
    return code
  }

  protected override chosen({ messages }: Update): readonly EventMessage[] {
    this.#isRefused = false
    return messages.filter(({ channel }) => this.#parameters.has(channel))
  }

  protected override refuseUpdate(): void {
    if (this.#isRefused) return
    this.#isRefused = true
    this.#tell('error', NOT_AUTHORIZED)
  }

  protected override sendAll(messages: readonly EventMessage[]): void {
    this.send(`[${messages.map(({ text }) => text).join(',')}]`)
  }

  async #subscribe(parameters: readonly string[]): Promise<void> {
    const { caller, following } = this.authenticated!
    const asked = parameters.flatMap((parameter) => {
      const topic = this.#parameters.has(parameter) ? undefined : topicOf(parameter)
      return topic === undefined ? [] : [{ parameter, topic }]
    })
    for (const parameter of parameters) if (isNotHeld(parameter)) this.#tell('error', NOT_AUTHORIZED)
    const topics = [...new Set(asked.map(({ topic }) => topic))]
    if (!(await following.want(topics, caller))) return this.#tell('error', NOT_AUTHORIZED)
    const refused = topics.filter((topic) => !this.#mayFollow(topic))
    following.drop(refused)
    if (!this.isOpen) return
    following.listen(topics)
    for (const { parameter, topic } of asked) {
      if (refused.includes(topic)) this.#tell('error', NOT_AUTHORIZED)
      else {
        this.#parameters.set(parameter, topic)
        this.#tell('success', `subscribed to: ${parameter}`)
      }
    }
  }

  #unsubscribe(parameters: readonly string[]): void {
    for (const parameter of parameters) {
      const topic = this.#parameters.get(parameter)
      if (topic === undefined) continue
      this.#parameters.delete(parameter)
      this.authenticated!.following.drop([topic])
      this.#tell('success', `unsubscribed to: ${parameter}`)
    }
  }

  #mayFollow(name: TopicName): boolean {
    const served = this.context.serving.servedBy({ stream: streamOf(name) as Stream, symbol: symbolOfTopic(name) })
    if (served.servedBy !== 'stream' || served.source === undefined || served.feed === undefined) return true
    return this.mayHave({ source: served.source, feed: served.feed })
  }

  #tell(status: string, message: string): void {
    this.send(wireJson([{ ev: 'status', status, message }]))
  }
}

/** The messages of an event, each with the parameter that it belongs to. */
export const readMassiveUpdate = (event: EventRef): Update => readUpdate(event, messagesOf)

function messagesOf(event: MarketEvent): [channel: string, wire: object][] {
  const ticker = 'symbol' in event.data ? tickerOf('stocks', event.data.symbol) : undefined
  if (ticker === undefined) return []
  switch (event.type) {
    case 'trade':
      return [[`T.${ticker}`, tradeMessage(ticker, event.data.trade)]]
    case 'bbo':
      return [[`Q.${ticker}`, quoteMessage(ticker, event.data.bbo)]]
    case 'halt': {
      const message = bandMessage(ticker, event.data.halt)
      return message ? [[`LULD.${ticker}`, message]] : []
    }
    case 'bar_update': {
      const { state, bar } = event.data
      return state === 'final' ? [[`AM.${ticker}`, minuteMessage(ticker, bar)]] : []
    }
    default:
      // The vendor tells neither corrections nor cancellations of shares.
      return []
  }
}

/** Of a channel that only the vendor has, or of all tickers of one. */
function isNotHeld(parameter: string): boolean {
  const [channel = '', ticker] = parameter.split('.', 2)
  return CHANNELS_NOT_HELD.has(channel) || (ticker === '*' && STREAM_OF_CHANNEL.has(channel))
}

/** Undefined for a channel that is not published here, and for what is no ticker: a list of all tickers is neither. */
function topicOf(parameter: string): TopicName | undefined {
  const at = parameter.indexOf('.')
  const stream = STREAM_OF_CHANNEL.get(parameter.slice(0, Math.max(at, 0)))
  const symbol = symbolOf('stocks', parameter.slice(at + 1))
  return stream === undefined || symbol === undefined ? undefined : `${stream}:${symbol}`
}

function decoded(data: Buffer): { action: string; params: string } {
  try {
    const { action, params } = JSON.parse(data.toString()) as Record<string, unknown>
    return { action: String(action), params: String(params) }
  } catch {
    return { action: '', params: '' }
  }
}
