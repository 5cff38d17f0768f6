import { parseSymbol } from '../market/symbol.ts'
import type { LiveContext } from './context.ts'
import type { Hub } from './hub.ts'
import { CHANNELS, type Rejected, type Stream } from './protocol.ts'
import { channelSnapshot, historySnapshots, quoteSnapshots } from './snapshot.ts'
import { isValue, type CurrentValue, type NoValue } from './sources.ts'
import { topicNames, type Subject } from './subject.ts'
import type { Topic } from './topic.ts'

/** Something wanted, with its topics and what the market has of it now. */
export type Wish = {
  readonly subject: Subject
  readonly topics: readonly Topic[]
  readonly values: readonly (CurrentValue | NoValue)[]
}

/** The kind of a group of subjects, as answers name it. */
export type Group = { readonly type: 'market_data' } | { readonly type: 'stock_quotes'; readonly stream: Stream }

export type Examined = { readonly wishes: Wish[]; readonly rejected: Rejected[] }

/** Finds out what there is of the names that a client sent. */
export async function examine(context: LiveContext, group: Group, names: readonly string[]): Promise<Examined> {
  return group.type === 'market_data' ? examineChannels(context, names) : examineSymbols(context, group.stream, names)
}

async function examineChannels(context: LiveContext, names: readonly string[]): Promise<Examined> {
  const channels = CHANNELS.filter((channel) => names.includes(channel))
  const wishes = await Promise.all(
    channels.map(async (channel) => wishFor(context.hub, { channel }, await context.sources.channel(channel)))
  )
  const unknown = names.filter((name) => !channels.some((channel) => channel === name))
  const message = `There is no such channel; there are ${CHANNELS.join(', ')}`
  return { wishes, rejected: unknown.map((channel) => ({ channel, code: 'UNKNOWN_CHANNEL', message })) }
}

/** A symbol that no provider knows is rejected; one that cannot be had now is accepted, and comes when it can. */
async function examineSymbols(context: LiveContext, stream: Stream, names: readonly string[]): Promise<Examined> {
  const symbols = new Set<string>()
  const rejected: Rejected[] = []
  for (const name of names) {
    const symbol = parseSymbol(name)
    if (symbol) symbols.add(symbol)
    else rejected.push({ symbol: name, code: 'INVALID_SYMBOL', message: 'Not a symbol' })
  }
  const values = await context.sources.quotes([...symbols])
  const wishes = [...symbols].flatMap((symbol, at): Wish[] => {
    const value = values[at]!
    if (isValue(value) || !value.unknown) return [wishFor(context.hub, { stream, symbol }, [value])]
    const { code, message, details } = value
    rejected.push({ symbol, code, message, ...(details !== undefined && { details }) })
    return []
  })
  return { wishes, rejected }
}

function wishFor(hub: Hub, subject: Subject, values: readonly (CurrentValue | NoValue)[]): Wish {
  return { subject, values, topics: topicNames(subject).map((name) => hub.topics.get(name)) }
}

/** The state of what is wished for, as frames. */
export function snapshotsOf(group: Group, wishes: readonly Wish[], cursor: string): Buffer[] {
  if (wishes.length === 0) return []
  if (group.type === 'market_data') {
    return wishes.flatMap(({ subject, topics, values }) =>
      'channel' in subject ? [channelSnapshot({ channel: subject.channel, topics, values }, cursor)] : []
    )
  }
  if (group.stream !== 'quotes') {
    return historySnapshots(
      group.stream,
      wishes.flatMap(({ topics }) => topics),
      cursor
    )
  }
  const quotes = wishes.flatMap(({ subject, topics, values }) =>
    'symbol' in subject ? [{ topic: topics[0]!, symbol: subject.symbol, value: values[0]! }] : []
  )
  return quoteSnapshots(quotes, cursor)
}

export function subjectNamed(group: Group, name: string): Subject {
  return group.type === 'market_data'
    ? { channel: CHANNELS.find((channel) => channel === name)! }
    : { stream: group.stream, symbol: name }
}
