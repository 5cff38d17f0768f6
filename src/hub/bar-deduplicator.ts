import type { LogEntry } from '../log/log-entry.ts'
import { RecordKind } from '../log/record.ts'
import { barKeyOf, barOrderOf, supersedesBar, type BarOrder } from '../market/bar-order.ts'
import type { BarUpdate } from '../market/event.ts'

/** Of a topic. Of more, those that were told longest ago are forgotten, and told again if they come again. */
const MAX_BARS = 64

/**
 * What was told of the bars of one topic lately. Whoever makes bars tells them again after a crash, because it cannot know
 * what arrived.
 */
export class BarDeduplicator {
  readonly #orders = new Map<string, BarOrder>()

  /** Whether an event is to be told; what is no bar always is. */
  isNews(entry: LogEntry, index: number): boolean {
    if (entry.kind(index) !== RecordKind.bar) return true
    const { data } = entry.event(index) as BarUpdate
    const key = barKeyOf(data)
    const order = barOrderOf(data)
    const held = this.#orders.get(key)
    if (held && !supersedesBar(held, order)) return false
    this.#orders.delete(key)
    this.#orders.set(key, order)
    const [oldest] = this.#orders.keys()
    if (this.#orders.size > MAX_BARS) this.#orders.delete(oldest!)
    return true
  }
}
