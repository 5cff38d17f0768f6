import { compareOrders } from '../market/order.ts'
import type { Answer } from '../market/market-data.ts'
import type { NegativeEntry } from './entry.ts'
import type { Policy } from './policy.ts'

/** What has a place among all of its key: an answer, or less of it. */
type Placed<T> = Pick<Answer<T>, 'value' | 'receivedAt'> | NegativeEntry

/** See Policy. */
export type OrderOf<T> = NonNullable<Policy<T>['order']>

/**
 * Whether an entry comes before another one of its key, and must not take its place: by the order of their values where
 * there is one, else by when they were received. That a thing does not exist has no order but its time.
 */
export function comesBefore<T>(entry: Placed<T>, other: Placed<T>, orderOf: OrderOf<T> | undefined): boolean {
  if (!orderOf || 'absent' in entry || 'absent' in other) return entry.receivedAt < other.receivedAt
  return compareOrders(orderOf(entry.value), orderOf(other.value)) < 0
}
