import type { Hub } from './hub.ts'
import type { Failure } from './protocol.ts'
import { topicNames } from './subject.ts'
import { subjectNamed, type Group } from './subscription-request.ts'
import type { Topic } from './topic.ts'
import type { UserUsage } from './users.ts'

/** Different topics that one process lets be subscribed to, by all users together. */
const MAX_HELD_TOPICS = 300_000

/** What a request comes to: how many subscriptions more, and how many of them nobody in this process has yet. */
export type Increase = { readonly asked: number; readonly unheld: number }

export function increaseOf(
  { topics }: Hub,
  { group, names, has }: { group: Group; names: readonly string[]; has: (topic: Topic) => boolean }
): Increase {
  const wanted = new Set(
    names.flatMap((name) => {
      const subject = subjectNamed(group, name)
      return subject ? topicNames(subject) : [name]
    })
  )
  let asked = 0
  let unheld = 0
  for (const name of wanted) {
    const topic = topics.find(name)
    if (topic && has(topic)) continue
    asked++
    if (!topic?.holders) unheld++
  }
  return { asked, unheld }
}

/** Why a request for so many more is refused; undefined where it is not. */
export function refusalOf(
  { topics }: Hub,
  { subscriptions: held }: UserUsage,
  { asked, unheld, limit }: Increase & { readonly limit: number }
): Failure | undefined {
  if (held + asked > limit) {
    const message = `A user may hold ${limit} subscriptions; nothing was subscribed`
    return { code: 'SUBSCRIPTION_LIMIT', message, details: { limit, held, asked } }
  }
  if (topics.held + unheld <= MAX_HELD_TOPICS) return undefined
  const message = `This process carries no more than ${MAX_HELD_TOPICS} different topics; nothing was subscribed: try another process`
  return { code: 'TOPIC_LIMIT', message, details: { limit: MAX_HELD_TOPICS, asked: unheld } }
}
