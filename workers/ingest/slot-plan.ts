import { planSlots, type HeldSlots } from '../../src/demand/planner.ts'
import { PRIORITIES, streamOf, symbolOf, type Want } from '../../src/demand/want.ts'
import type { TopicName } from '../../src/market/event.ts'
import type { Feed } from '../../src/streams/feed.ts'
import { neededFor } from './needs.ts'

/** Where a plan allows all, this bounds what one connection is asked for. */
const MAX_TOPICS = 50_000
const UNBOUNDED = 'unbounded'

/** Which topics a feed is asked for, within what its plan allows, and which have to do without. */
export class SlotPlan {
  #held: HeldSlots = new Map()
  #feed: Feed | undefined

  /**
   * `wanted` by topics of ours, `now` in milliseconds. Streams that share a bound compete for it: the planner sees each
   * bound as one stream.
   */
  plan(feed: Feed, wanted: Iterable<Want>, now: number): { topics: Set<TopicName>; refused: Set<TopicName> } {
    // Another feed has other slots.
    if (feed !== this.#feed) this.#held = new Map()
    this.#feed = feed
    const needed = new Map<TopicName, Want>()
    for (const want of wanted) {
      for (const topic of neededFor(want.topic)) {
        if (!feed.serves(topic)) continue
        const key = `${boundOf(feed, topic)}:${topic}`
        needed.set(key, strongerOf(needed.get(key), { ...want, topic: key }))
      }
    }
    const slots = new Map(
      feed.slots.map(({ streams, topics }) => [streams.join('+'), topics - reserved(feed, streams)])
    )
    const { held, refused } = planSlots({
      wanted: needed,
      held: this.#held,
      slots: new Map([...slots, [UNBOUNDED, MAX_TOPICS]]),
      now
    })
    this.#held = held
    return { topics: new Set([...held.keys()].map(symbolOf)), refused: new Set(refused.map(symbolOf)) }
  }
}

/** The canary has its slots before anybody else. */
const reserved = (feed: Feed, streams: readonly string[]): number =>
  feed.canary?.topics.filter((topic) => streams.includes(streamOf(topic))).length ?? 0

function boundOf(feed: Feed, topic: TopicName): string {
  const bound = feed.slots.find(({ streams }) => streams.includes(streamOf(topic)))
  return bound ? bound.streams.join('+') : UNBOUNDED
}

function strongerOf(held: Want | undefined, next: Want): Want {
  if (!held) return next
  const difference = PRIORITIES.indexOf(next.priority) - PRIORITIES.indexOf(held.priority)
  if (difference === 0) return { ...held, leases: held.leases + next.leases }
  return difference < 0 ? next : held
}
