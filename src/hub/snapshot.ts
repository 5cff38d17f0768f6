import { eventOf } from './format.ts'
import { newestOf } from './fanout.ts'
import { chunksOf } from '../market/chunks.ts'
import type { Channel, Rejected, Stream } from './protocol.ts'
import { isValue, type CurrentValue, type NoValue } from './sources.ts'
import { quoteAt } from '../log/superseded.ts'
import type { Topic } from './topic.ts'
import { takesPlace } from '../market/order.ts'
import type { Quote } from '../market/quote.ts'

/** Larger sets come in several frames. */
const MAX_VALUES_PER_FRAME = 500

/** Whether the hub saw a later value than the market answered: then that one is the state that events go on from. */
const isOutdated = (value: CurrentValue | NoValue, { entry, index }: Topic): boolean =>
  entry !== undefined && (!isValue(value) || entry.receivedAt(index) > value.receivedAt)

/** The same for a quote, by the one rule of order. */
export const isOutdatedQuote = (value: CurrentValue | NoValue | undefined, { entry, index }: Topic): boolean =>
  entry !== undefined && (!value || !isValue(value) || takesPlace(value.value as Quote, quoteAt({ entry, index })))

export type QuoteInHand = { readonly topic: Topic; readonly symbol: string; readonly value: CurrentValue | NoValue }

/**
 * The state of topics as frames. `cursor` is the hub's: every event up to it is in the values, because the newer one of
 * what the market answered and what the hub saw is taken.
 */
export function quoteSnapshots(quotes: readonly QuoteInHand[], cursor: string): Buffer[] {
  return framesOf(quotes).map((chunk) => {
    const missing: Rejected[] = []
    const bodies = chunk.flatMap(({ topic, symbol, value }) => {
      if (isOutdatedQuote(value, topic)) return topic.entry!.quoteJson(topic.index)
      if (isValue(value)) return value.body
      missing.push({ symbol, code: value.code, message: value.message })
      return []
    })
    return snapshotFrame({ stream: 'quotes' }, 'quotes', bodies, missing, cursor)
  })
}

/** Of ticks and bars: the newest of each topic that was seen lately. */
export function historySnapshots(stream: Stream, topics: readonly Topic[], cursor: string): Buffer[] {
  const known = topics.filter(({ entry }) => entry !== undefined)
  const field = stream.startsWith('bars.') ? 'bars' : stream
  return framesOf(known).map((chunk) => {
    const bodies = chunk.map((topic) => {
      const { data } = eventOf(newestOf(topic)) as { data: { trade?: unknown; bbo?: unknown; halt?: unknown } }
      return Buffer.from(JSON.stringify(data.trade ?? data.bbo ?? data.halt ?? data))
    })
    return snapshotFrame({ stream }, field, bodies, [], cursor)
  })
}

export type ChannelInHand = {
  readonly channel: Channel
  readonly topics: readonly Topic[]
  /** Of each topic. */
  readonly values: readonly (CurrentValue | NoValue)[]
}

export function channelSnapshot({ channel, topics, values }: ChannelInHand, cursor: string): Buffer {
  const missing: Rejected[] = []
  const bodies = values.flatMap((value, at) => {
    const topic = topics[at]!
    if (isOutdated(value, topic)) return Buffer.from(JSON.stringify(eventOf(newestOf(topic)).data))
    if (isValue(value)) return value.body
    missing.push({ channel, code: value.code, message: value.message })
    return []
  })
  return snapshotFrame({ channel }, 'values', bodies, missing, cursor)
}

const OPEN = Buffer.from('[')
const COMMA = Buffer.from(',')

/** Joins ready JSON: quotes are encoded already. */
function snapshotFrame(
  about: { stream: Stream } | { channel: Channel },
  field: string,
  bodies: readonly Buffer[],
  missing: readonly Rejected[],
  cursor: string
): Buffer {
  const head = JSON.stringify({ type: 'snapshot', data: about }).slice(0, -2)
  const tail = missing.length > 0 ? `],"missing":${JSON.stringify(missing)}` : ']'
  return Buffer.concat([
    Buffer.from(`${head},"${field}":`),
    OPEN,
    ...bodies.flatMap((body, at) => (at === 0 ? [body] : [COMMA, body])),
    Buffer.from(`${tail}},"cursor":"${cursor}"}`)
  ])
}

/** At least one: an empty snapshot says that there is nothing yet. */
function framesOf<T>(values: readonly T[]): T[][] {
  return values.length === 0 ? [[]] : chunksOf(values, MAX_VALUES_PER_FRAME)
}
