import { EntryBuilder } from '../../src/log/entry-builder.ts'
import { WrittenTopics } from '../../src/log/topic-name.ts'
import type { MarketEvent } from '../../src/market/event.ts'

const topics = new WrittenTopics(1)
const builder = new EntryBuilder()

/** Events as one entry of the log. */
export function entryOf(events: readonly MarketEvent[]): Buffer {
  for (const event of events) builder.add(event, topics.of(event))
  const entry = builder.finish()
  builder.clear()
  return entry
}
