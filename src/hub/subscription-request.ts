import { parseSymbol, type RequestedSymbols } from '../market/symbol.ts'
import type { SubscribeData, UnsubscribeData } from './client-frame.ts'
import type { LiveContext } from './context.ts'
import type { Hub } from './hub.ts'
import { chunksOf } from '../market/chunks.ts'
import { CHANNELS, type Failure, type Rejected, type Stream } from './protocol.ts'
import { channelSnapshot, historySnapshots, quoteSnapshots } from './snapshot.ts'
import { isValue, type CurrentValue, type NoValue } from './sources.ts'
import { currentOf, topicNames, type Subject } from './subject.ts'
import type { Topic } from './topic.ts'

/** So many symbols are looked up in one turn of the event loop. */
const SYMBOLS_PER_TURN = 250

/** Something wanted that can be had, with what the market has of it now. */
export type Found = { readonly subject: Subject; readonly values: readonly (CurrentValue | NoValue)[] }

/** The same with its topics, which must be held as soon as they are named. */
export type SubscriptionRequest = Found & { readonly topics: readonly Topic[] }

/** The kind of a group of subjects, as answers name it. */
export type Group = { readonly type: 'market_data' } | { readonly type: 'stock_quotes'; readonly stream: Stream }

export type Validated = {
  readonly found: Found[]
  readonly rejected: Rejected[]
  /** The canonical symbol by each name that is spelled otherwise; absent where all are spelled so. */
  readonly requested?: RequestedSymbols
}

/** What a user asks about: the names that a client sent. */
export type Asked = {
  readonly userId: string
  readonly group: Group
  readonly names: readonly string[]
  /** The names were told here: one that has no quote yet is no unknown one. */
  readonly areKnown?: boolean
}

/** Finds out what there is of what a user asks about. */
export async function validate(context: LiveContext, asked: Asked): Promise<Validated> {
  const { group, names } = asked
  if (group.type === 'market_data') return validateChannels(context, names)
  return examineSymbols(context, { ...asked, stream: group.stream })
}

async function validateChannels(context: LiveContext, names: readonly string[]): Promise<Validated> {
  const offered = context.offer.channels
  const channels = offered.filter((channel) => names.includes(channel))
  const found = await Promise.all(
    channels.map(async (channel) => ({ subject: { channel }, values: await context.sources.channel(channel) }))
  )
  const unknown = names.filter((name) => !channels.some((channel) => channel === name))
  const message = `There is no such channel${offered.length > 0 ? `; there are ${offered.join(', ')}` : ' here'}`
  return { found, rejected: unknown.map((channel) => ({ channel, code: 'UNKNOWN_CHANNEL', message })) }
}

/** A symbol that no provider knows is rejected; one that cannot be had now is accepted, and comes when it can. */
async function examineSymbols(
  context: LiveContext,
  { userId, stream, names, areKnown = false }: Omit<Asked, 'group'> & { stream: Stream }
): Promise<Validated> {
  if (!context.offer.streams.includes(stream)) {
    const message = `There is no such stream here; there are ${context.offer.streams.join(', ')}`
    return { found: [], rejected: names.map((symbol) => ({ symbol, code: 'UNKNOWN_STREAM', message })) }
  }
  const symbols = new Set<string>()
  const rejected: Rejected[] = []
  const requested = new Map<string, string>()
  for (const name of names) {
    const symbol = parseSymbol(name)
    if (symbol) {
      symbols.add(symbol)
      if (symbol !== name) requested.set(name, symbol)
    } else rejected.push({ symbol: name, code: 'INVALID_SYMBOL', message: 'Not a symbol' })
  }
  const found: Found[] = []
  const chunks = chunksOf([...symbols], SYMBOLS_PER_TURN)
  const looked = await Promise.all(
    chunks.map(async (chunk, at) => {
      if (at > 0) await context.serialQueue.next()
      return context.sources.quotes(chunk, userId)
    })
  )
  for (const [at, chunk] of chunks.entries()) {
    for (const [index, symbol] of chunk.entries()) {
      const value = looked[at]![index]!
      if (isValue(value) || !value.unknown || areKnown) found.push({ subject: { stream, symbol }, values: [value] })
      else rejected.push(rejectionOf(symbol, value))
    }
  }
  return { found, rejected, ...(requested.size > 0 && { requested: Object.fromEntries(requested) }) }
}

const rejectionOf = (symbol: string, { code, message, details }: NoValue): Rejected => ({
  symbol,
  code,
  message,
  ...(details !== undefined && { details })
})

export function requestOf(hub: Hub, found: Found): SubscriptionRequest {
  return { ...found, topics: topicNames(found.subject).map((name) => hub.topics.get(name)) }
}

/** The state of what is wished for, as frames. */
export function snapshotsOf(group: Group, requests: readonly SubscriptionRequest[], cursor: string): Buffer[] {
  if (requests.length === 0) return []
  if (group.type === 'market_data') {
    return requests.flatMap(({ subject, topics, values }) =>
      'channel' in subject ? [channelSnapshot({ channel: subject.channel, topics, values }, cursor)] : []
    )
  }
  if (group.stream !== 'quotes') {
    return historySnapshots(
      group.stream,
      requests.flatMap(({ topics }) => topics),
      cursor
    )
  }
  const quotes = requests.flatMap(({ subject, topics, values }) =>
    'symbol' in subject ? [{ topic: topics[0]!, symbol: subject.symbol, value: values[0]! }] : []
  )
  return quoteSnapshots(quotes, cursor)
}

/** Undefined where a group has no such subject. */
export function subjectNamed(group: Group, name: string): Subject | undefined {
  if (group.type === 'stock_quotes') return { stream: group.stream, symbol: parseSymbol(name) ?? name }
  const channel = CHANNELS.find((each) => each === name)
  return channel && { channel }
}

/** The kind of what a frame is about. */
export function groupOf(data: SubscribeData | UnsubscribeData): Group {
  return data.type === 'market_data' ? { type: data.type } : { type: 'stock_quotes', stream: data.stream ?? 'quotes' }
}

/** What a frame names, each once, or why that cannot be told. */
export async function namesIn(
  { sources }: LiveContext,
  data: SubscribeData,
  userId: string
): Promise<readonly string[] | Failure> {
  if (data.type === 'market_data') return [...new Set(data.channels)]
  if (data.type === 'stock_quotes') return [...new Set(data.symbols)]
  const { underlying, expiry } = data
  const symbol = parseSymbol(underlying)
  if (!symbol) {
    const details = { field: 'data.underlying', message: 'is no symbol' }
    return { code: 'INVALID_SYMBOL', message: 'data.underlying is no symbol', details }
  }
  const chain = (await sources.chain?.(symbol, expiry, userId)) ?? NO_CHAINS
  if (!('code' in chain)) return chain
  const { code, message, details } = chain
  return { code, message, ...(details !== undefined && { details }) }
}

const NO_CHAINS: Failure = { code: 'UNKNOWN_STREAM', message: 'There are no option chains here' }

/** Topics by kind, as the names that clients know. */
export function groupsOf(topics: readonly Topic[]): [Group, string[]][] {
  const { channels, streams } = currentOf(topics)
  const symbols = Object.entries(streams).map(([stream, names]): [Group, string[]] => [
    { type: 'stock_quotes', stream: stream as Stream },
    names
  ])
  return channels.length > 0 ? [[{ type: 'market_data' }, channels], ...symbols] : symbols
}
