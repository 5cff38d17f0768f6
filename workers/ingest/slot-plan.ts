import { planSlots, type HeldSlots } from '../../src/demand/planner.ts'
import { PRIORITIES, streamOf, symbolOf, type Want } from '../../src/demand/want.ts'
import type { TopicName } from '../../src/market/event.ts'
import type { Feed, SlotBound } from '../../src/streams/feed.ts'
import { neededFor } from './needs.ts'

/** Where a plan allows all, this bounds what one connection is asked for. */
const MAX_TOPICS = 50_000
const UNBOUNDED = 'unbounded'

/** Which topics a feed is asked for, within what its plan allows, and which have to do without. */
export class SlotPlan {
  #held: HeldSlots = new Map()
  /** What is asked for with each slot: a topic, or all of a symbol's that share a bound. */
  #topics = new Map<string, ReadonlySet<TopicName>>()
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
    const topics = new Map<string, Set<TopicName>>()
    for (const want of wanted) {
      for (const topic of neededFor(want.topic)) {
        if (!feed.serves(topic)) continue
        const key = slotOf(feed, topic)
        topics.set(key, (topics.get(key) ?? new Set()).add(topic))
        needed.set(key, strongerOf(needed.get(key), { ...want, topic: key }))
      }
    }
    const slots = new Map(feed.slots.map((bound) => [bound.streams.join('+'), bound.topics - reserved(feed, bound)]))
    const { held, refused } = planSlots({
      wanted: needed,
      held: this.#held,
      slots: new Map([...slots, [UNBOUNDED, MAX_TOPICS]]),
      now
    })
    const topicsOf = (slot: string) => [...(topics.get(slot) ?? this.#topics.get(slot) ?? [])]
    const planned = new Set([...held.keys()].flatMap(topicsOf))
    const without = new Set(refused.flatMap(topicsOf))
    this.#topics = new Map([...held.keys()].map((slot) => [slot, new Set(topicsOf(slot))]))
    this.#held = held
    return { topics: planned, refused: without }
  }
}

/** The canary has its slots before anybody else. */
function reserved(feed: Feed, { streams }: SlotBound): number {
  const bounded = feed.canary?.topics.filter((topic) => streams.includes(streamOf(topic))) ?? []
  return new Set(bounded.map((topic) => slotOf(feed, topic))).size
}

/** What a topic has a place in: the planner reads the bound as a stream, and a topic or a symbol as what is wanted of it. */
function slotOf(feed: Feed, topic: TopicName): string {
  const bound = feed.slots.find(({ streams }) => streams.includes(streamOf(topic)))
  if (!bound) return `${UNBOUNDED}:${topic}`
  return `${bound.streams.join('+')}:${bound.per === 'symbol' ? symbolOf(topic) : topic}`
}

function strongerOf(held: Want | undefined, next: Want): Want {
  if (!held) return next
  const difference = PRIORITIES.indexOf(next.priority) - PRIORITIES.indexOf(held.priority)
  if (difference === 0) return { ...held, leases: held.leases + next.leases }
  return difference < 0 ? next : held
}
