import type { TopicName } from '../market/event.ts'
import { CHANNELS, STREAMS, type Channel, type Current, type Stream } from './protocol.ts'
import type { Topic } from './topic.ts'

/** What a subscription is about: a channel, or one symbol in a stream. */
export type Subject = { readonly channel: Channel } | { readonly stream: Stream; readonly symbol: string }

const MOVERS = ['movers:gainers', 'movers:losers', 'movers:actives']

/** The topics behind a subject. */
export function topicNames(subject: Subject): TopicName[] {
  if ('stream' in subject) return [`${subject.stream}:${subject.symbol}`]
  return subject.channel === 'movers' ? MOVERS : [subject.channel]
}

export function subjectOf({ name }: Topic): Subject {
  const at = name.indexOf(':')
  const head = at < 0 ? name : name.slice(0, at)
  const channel = CHANNELS.find((each) => each === head)
  return channel ? { channel } : { stream: STREAMS.find((each) => each === head)!, symbol: name.slice(at + 1) }
}

/** Those of some topics that somebody must bring for clients: what is about one symbol. */
export function leasedOf(topics: readonly Topic[]): TopicName[] {
  return topics.flatMap((topic) => ('symbol' in subjectOf(topic) ? topic.name : []))
}

/** Everything among some topics, as clients name it. */
export function currentOf(topics: Iterable<Topic>): Current {
  const channels = new Set<string>()
  const streams: Record<string, string[]> = {}
  for (const topic of topics) {
    const subject = subjectOf(topic)
    if ('channel' in subject) channels.add(subject.channel)
    else (streams[subject.stream] ??= []).push(subject.symbol)
  }
  return { channels: [...channels], streams }
}
