import type { TopicName } from '../market/event.ts'
import type { RowChange } from './row-reader.ts'

/** Why something is wanted, the most urgent first. */
export const PRIORITIES = ['client', 'watch_list', 'warm_up'] as const
export type Priority = (typeof PRIORITIES)[number]

/** What is wanted of one topic (`trades:AAPL`) by everybody together. */
export type Want = {
  readonly topic: TopicName
  /** The most urgent of all. */
  readonly priority: Priority
  /** How many leases there are of that priority: of each user one in each process. */
  readonly leases: number
}

/** `trades` of `trades:AAPL`: what a vendor calls a stream or a channel. */
export const streamOf = (topic: TopicName): string => topic.slice(0, topic.indexOf(':'))

export const symbolOf = (topic: TopicName): string => topic.slice(topic.indexOf(':') + 1)

/** A lease is a row whose field names topic and user; no topic has a space. */
export const leaseField = (topic: TopicName, userId: string): string => `${topic} ${userId}`

export function readLeaseField(field: string): { topic: TopicName; userId: string } {
  const at = field.indexOf(' ')
  return { topic: field.slice(0, at), userId: field.slice(at + 1) }
}

/** All leases, added up by topic. */
export class Wants {
  /** By topic: how many leases of each priority. */
  readonly #counts = new Map<TopicName, number[]>()

  /** Undefined: nobody wants it. */
  get(topic: TopicName): Want | undefined {
    const counts = this.#counts.get(topic)
    const rank = counts?.findIndex((count) => count > 0) ?? -1
    return rank < 0 ? undefined : { topic, priority: PRIORITIES[rank]!, leases: counts![rank]! }
  }

  /** Takes over what changed; returns the topics that it was about. A priority of a later release counts as the last one. */
  apply(changes: readonly RowChange[]): Set<TopicName> {
    const touched = new Set<TopicName>()
    for (const { field, was, now } of changes) {
      const { topic } = readLeaseField(field)
      touched.add(topic)
      const counts = this.#counts.get(topic) ?? PRIORITIES.map(() => 0)
      this.#counts.set(topic, counts)
      if (was !== undefined) counts[rankOf(was)]!--
      if (now !== undefined) counts[rankOf(now)]!++
    }
    for (const topic of touched) if (!this.get(topic)) this.#counts.delete(topic)
    return touched
  }
}

function rankOf(name: string): number {
  const rank = PRIORITIES.findIndex((priority) => priority === name)
  return rank < 0 ? PRIORITIES.length - 1 : rank
}
