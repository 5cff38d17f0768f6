import { compareOrders } from '../market/order.ts'
import { isNegative, type Entry } from './entry.ts'
import type { Policy } from './policy.ts'

/** See Policy. */
export type OrderOf<T> = NonNullable<Policy<T>['order']>

/**
 * Whether an entry comes before another one of its key, and must not take its place: by the order of their values where
 * there is one, else by when they were received. That a thing does not exist has no order but its time.
 */
export function comesBefore<T>(entry: Entry<T>, other: Entry<T>, orderOf: OrderOf<T> | undefined): boolean {
  if (!orderOf || isNegative(entry) || isNegative(other)) return entry.receivedAt < other.receivedAt
  return compareOrders(orderOf(entry.value), orderOf(other.value)) < 0
}
