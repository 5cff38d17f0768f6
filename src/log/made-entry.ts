import type { MarketEvent } from '../market/event.ts'
import { EntryBuilder } from './entry-builder.ts'
import { readEntry } from './entry.ts'
import type { EntryPlace, LogEntry } from './log-entry.ts'
import { WrittenTopics } from './topic-name.ts'

/** Makes entries that stand in no log, for those who deliver what they read. */
export class EntryMaker {
  readonly #topics = new WrittenTopics(1)
  readonly #builder = new EntryBuilder()

  /** Events as an entry at a place. Throws RangeError for an event that is too large. */
  entryOf(events: readonly MarketEvent[], place: EntryPlace): LogEntry {
    this.#builder.clear()
    for (const event of events) this.#builder.add(event, this.#topics.of(event))
    return readEntry(place, this.#builder.finish())
  }
}
