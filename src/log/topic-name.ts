import { Interval } from '../market/bar.ts'
import type { MarketEvent, TopicName } from '../market/event.ts'
import { shardOf } from './shard.ts'

/** How the topics of symbols begin; an entry names one by its place here. What has none of them stands under 0, whole. */
const PREFIXES = [
  '',
  'quotes:',
  'trades:',
  'bbo:',
  'halts:',
  ...Interval.enum.map((interval) => `bars.${interval}:`),
  'backfills:'
]
const QUOTES = 1
const TRADES = 2
const BBO = 3
const HALTS = 4
const FIRST_BARS = 5
const BACKFILLS = PREFIXES.length - 1
const CHANNEL = 0
const MAX_TEXT_BYTES = 255
/** Above so many of one kind what is known of them is forgotten; it is worth a microsecond each. */
const MAX_KNOWN = 200_000

/** A topic as entries hold it: the number of its prefix, and in UTF-8 what follows it. */
export type TopicKey = { readonly hash: number; readonly code: number; readonly text: Buffer }

/** What is known of a topic that this process writes. */
export type WrittenTopic = Omit<TopicKey, 'text'> & {
  readonly text: string
  readonly name: TopicName
  readonly shard: number
  /** The table in which it has a row, and which; kept by the builders. */
  table: object | undefined
  row: number
}

/**
 * Readers find out by it whether anybody wants a topic, without making its name: a whole number of 32 bits (FNV-1a). Two
 * topics may have the same one.
 */
export function hashOfTopic(name: TopicName): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < name.length; index++) hash = Math.imul(hash ^ name.charCodeAt(index), 0x01000193)
  return hash | 0
}

/** The name of a topic that an entry holds. */
export const topicNamed = (code: number, text: string): TopicName => (PREFIXES[code] ?? '') + text

export const isQuotesCode = (code: number): boolean => code === QUOTES
export const isBackfillsCode = (code: number): boolean => code === BACKFILLS

/** By what entries know a topic. */
export function topicKeyOf(name: TopicName): TopicKey {
  const code = Math.max(CHANNEL, PREFIXES.indexOf(name.slice(0, name.indexOf(':') + 1)))
  return { hash: hashOfTopic(name), code, text: Buffer.from(name.slice(PREFIXES[code]!.length)) }
}

/** What is known of the topics that one process writes. */
export class WrittenTopics {
  readonly #shards: number
  readonly #byText: readonly Map<string, WrittenTopic>[] = PREFIXES.map(() => new Map<string, WrittenTopic>())

  constructor(shards: number) {
    this.#shards = shards
  }

  /** Throws RangeError for one that is too long, or no text. */
  of(event: MarketEvent): WrittenTopic {
    switch (event.type) {
      case 'trade':
      case 'trade_correction':
      case 'trade_cancel':
        return this.#get(TRADES, event.data.symbol)
      case 'trade_backfill':
        return this.#get(BACKFILLS, event.data.symbol)
      case 'quote_update':
        return this.#get(QUOTES, event.data.symbol)
      case 'bbo':
        return this.#get(BBO, event.data.symbol)
      case 'halt':
        return this.#get(HALTS, event.data.symbol)
      case 'bar_update':
        return this.#get(FIRST_BARS + Interval.enum.indexOf(event.data.interval), event.data.symbol)
      case 'movers_update':
        return this.#get(CHANNEL, `movers:${event.data.type}`)
      default:
        return this.#get(CHANNEL, CHANNELS[event.type])
    }
  }

  #get(code: number, text: string): WrittenTopic {
    const known = this.#byText[code]!.get(text)
    return known ?? this.#create(code, text)
  }

  #create(code: number, text: string): WrittenTopic {
    const name = topicNamed(code, text)
    if (!text.isWellFormed()) throw new RangeError('the name of a topic is no text')
    if (Buffer.byteLength(text) > MAX_TEXT_BYTES) throw new RangeError(`the topic ${name.slice(0, 40)}… is too long`)
    const topic: WrittenTopic = {
      name,
      code,
      text,
      hash: hashOfTopic(name),
      shard: shardOf(name, this.#shards),
      table: undefined,
      row: 0
    }
    const known = this.#byText[code]!
    if (known.size >= MAX_KNOWN) known.clear()
    known.set(text, topic)
    return topic
  }
}

const CHANNELS = {
  indices_update: 'indices',
  sectors_update: 'sectors',
  sentiment_update: 'sentiment',
  market_status: 'status'
} as const
