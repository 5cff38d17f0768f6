import { RecordKind } from '../log/record.ts'
import { quoteAt, type Place } from '../log/superseded.ts'
import { compareOrders, orderOf, type ValueOrder } from '../market/order.ts'
import type { EventRef, Topic } from './topic.ts'

/**
 * Two processes that get quotes of one symbol append them within so long: of older entries none comes behind a newer one.
 */
export const REORDERED_WITHIN_MS = 10_000

/** What a client was shown last of each topic of quotes, to tell which events it must not be shown any more. */
export class SupersededFilter {
  /** Orders, not events: those would keep their entries in memory. */
  readonly #shown = new Map<Topic, ValueOrder>()

  /** The events that may be shown, in order. */
  keep(events: readonly EventRef[]): readonly EventRef[] {
    return events.filter((event) => {
      if (!isQuote(event)) return true
      const order = orderAt(event)
      const shown = this.#shown.get(event.topic)
      if (shown && compareOrders(order, shown) < 0) return false
      this.#shown.set(event.topic, order)
      return true
    })
  }
}

export const isQuote = ({ entry, index }: Place): boolean => entry.kind(index) === RecordKind.quote

const orderAt = (place: Place): ValueOrder => orderOf(quoteAt(place))
