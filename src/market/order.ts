import { parseInstantNs } from './instant-ns.ts'
import type { Feed, Provenance, ValueState } from './provenance.ts'
import type { Quote } from './quote.ts'

/**
 * Where a value stands among all values of its symbol. Orders are compared number by number, the first that differs
 * decides, so that a script or a query can compare them too:
 *
 * 0. event time, epoch milliseconds
 * 1. nanoseconds within that millisecond
 * 2. the vendor's sequence; -1 where it has none, for a stream with a number tells more of an instant than a poll without
 * 3. rank of the source
 * 4. receive time, epoch milliseconds
 * 5. the source's name as a number: two processes may get two vendors' values in the same millisecond, and must agree
 * 6. how far the state has gone: a value turns closed, then stale, without being received again
 */
export type ValueOrder = readonly [number, number, number, number, number, number, number]

/**
 * Whether a quote comes after the one that is held. Of any two quotes of a symbol whose orders differ, in whichever order and
 * process they are seen, one supersedes the other and not the reverse.
 */
export function supersedes(held: Quote, next: Quote): boolean {
  return compareOrders(orderOf(next), orderOf(held)) > 0
}

/**
 * Whether a quote that is told takes the place of the one that is held: always, unless that one comes after it. Of the same order
 * the later word counts: a quote that is composed of ticks keeps the order of its last trade while bid, offer and halts change.
 */
export const takesPlace = (held: Quote, told: Quote): boolean => !supersedes(told, held)

/** An instant that cannot be read comes before all others. */
export function orderOf({
  asOf,
  sequence = -1,
  provenance
}: Pick<Quote, 'asOf' | 'sequence' | 'provenance'>): ValueOrder {
  const { ms, ns } = parseInstantNs(asOf) ?? UNREADABLE
  const { source, state, receivedAt } = provenance
  return [ms, ns, sequence, sourceRank(provenance), Date.parse(receivedAt), numberOfName(source), STATE_ORDER[state]]
}

/** Negative where the first comes before the second, positive where it comes after it, 0 where they have one place. */
export function compareOrders(a: readonly number[], b: readonly number[]): number {
  for (let index = 0; index < a.length; index++) {
    const difference = a[index]! - b[index]!
    if (difference !== 0) return difference
  }
  return 0
}

const UNREADABLE = { ms: Number.MIN_SAFE_INTEGER, ns: 0 }

/** Of the same instant, the one who sees the whole market is right before who sees one venue. */
const STREAM_RANK: Readonly<Record<Feed, number>> = {
  consolidated: 4,
  opra: 4,
  sandbox: 4,
  composite: 3,
  iex: 2,
  overnight: 2,
  boats: 2,
  otc: 2,
  indicative: 1,
  delayed: 0
}
const POLL_RANK = 0

/**
 * A live stream comes before a poll, and the whole market before one venue, and that before what is delayed. Of polls of
 * the same instant the last one counts, whoever answered: it shows that the value still stands, while the vendor that
 * told it first may be away.
 */
function sourceRank({ feed, delivery, delayedBySeconds = 0 }: Provenance): number {
  return delivery === 'stream' && delayedBySeconds === 0 ? STREAM_RANK[feed] : POLL_RANK
}

const STATE_ORDER: Readonly<Record<ValueState, number>> = { live: 0, delayed: 1, suspect: 2, closed: 3, stale: 4 }

const numbers = new Map<string, number>()
/** Sources are a handful of vendors and combinations of them. */
const MAX_NAMES = 1000

/** FNV-1a, 32 bits. */
function numberOfName(name: string): number {
  const known = numbers.get(name)
  if (known !== undefined) return known
  let hash = 0x811c9dc5
  for (const byte of Buffer.from(name)) hash = Math.imul(hash ^ byte, 0x01000193)
  if (numbers.size < MAX_NAMES) numbers.set(name, hash >>> 0)
  return hash >>> 0
}
