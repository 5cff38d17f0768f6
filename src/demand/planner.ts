import type { TopicName } from '../market/event.ts'
import { PRIORITIES, streamOf, type Want } from './want.ts'

/** So long a topic keeps the slot that it was given, whoever else comes: symbols that move to and fro are of no use. */
const HELD_AT_LEAST_MS = 60_000
/** And so long after nobody wants it any more: a page that is loaded again finds it as it was. */
const LINGERS_MS = 60_000
/** Of equal priority a topic takes another's slot only where more than so many times as many want it. */
const STRONGER_BY = 2

/** A slot that a topic has: since when, and when it was wanted last; milliseconds of the clock of `now`. */
export type Slot = { readonly since: number; readonly wantedAt: number }
export type HeldSlots = ReadonlyMap<TopicName, Slot>

export type PlanRequest = {
  /** What is wanted of each topic now. */
  readonly wanted: ReadonlyMap<TopicName, Want>
  readonly held: HeldSlots
  /** How many topics of each stream the vendor carries; of a stream that is not named none. */
  readonly slots: ReadonlyMap<string, number>
  /** Milliseconds. */
  readonly now: number
}

export type Plan = {
  readonly subscribe: readonly TopicName[]
  readonly unsubscribe: readonly TopicName[]
  /** Wanted, and without a slot. */
  readonly refused: readonly TopicName[]
  /** To be given to the next plan, once that is done. */
  readonly held: HeldSlots
}

/**
 * Gives a vendor's slots to what is wanted most: by priority, then by how many want it. Whoever has a slot keeps it for a
 * minute, and then until somebody stronger needs it, who has a higher priority or is wanted by more than twice as many. What nobody
 * wants any more keeps its slot for a minute too, unless it had it for long and somebody else needs it.
 */
export function planSlots({ wanted, held, slots, now }: PlanRequest): Plan {
  const subscribe: TopicName[] = []
  const unsubscribe: TopicName[] = []
  const refused: TopicName[] = []
  const next = new Map<TopicName, Slot>()
  const byStream = Map.groupBy(new Set([...held.keys(), ...wanted.keys()]), streamOf)
  for (const [stream, topics] of byStream) {
    const claims = topics.flatMap((topic) => claimOf(topic, { wanted, held, now }) ?? []).toSorted(byStrength)
    const winners = new Map(claims.slice(0, slots.get(stream) ?? 0).map((claim) => [claim.topic, claim]))
    for (const topic of topics) {
      const winner = winners.get(topic)
      const slot = held.get(topic)
      if (winner) next.set(topic, { since: slot?.since ?? now, wantedAt: winner.wantedAt })
      else if (wanted.has(topic)) refused.push(topic)
      if (winner && !slot) subscribe.push(topic)
      else if (!winner && slot) unsubscribe.push(topic)
    }
  }
  return { subscribe, unsubscribe, refused, held: next }
}

type Claim = {
  readonly topic: TopicName
  readonly wantedAt: number
  /** Greater first, number by number. */
  readonly strength: readonly number[]
}

/** Undefined where nobody wants it, or has wanted it lately. */
function claimOf(topic: TopicName, { wanted, held, now }: Omit<PlanRequest, 'slots'>): Claim | undefined {
  const want = wanted.get(topic)
  const slot = held.get(topic)
  const wantedAt = want ? now : (slot?.wantedAt ?? -Infinity)
  if (now - wantedAt >= LINGERS_MS) return undefined
  const isKept = slot !== undefined && now - slot.since < HELD_AT_LEAST_MS
  const rank = want ? PRIORITIES.length - PRIORITIES.indexOf(want.priority) : 0
  const weight = (want?.leases ?? 0) * (slot ? STRONGER_BY : 1)
  return { topic, wantedAt, strength: [isKept ? 1 : 0, rank, weight, slot ? 1 : 0] }
}

function byStrength(a: Claim, b: Claim): number {
  for (const [at, strength] of a.strength.entries()) {
    const difference = b.strength[at]! - strength
    if (difference !== 0) return difference
  }
  return a.topic < b.topic ? -1 : 1
}
