import type { TopicName } from '../market/event.ts'
import type { Feed } from './feed.ts'
import type { GapEvents } from './growing-gap.ts'
import type { Mapped } from './mapper.ts'
import type { StreamStatus } from './stream-status.ts'

/** What a supervisor tells whoever owns it. */
export type SupervisorEvents = GapEvents & {
  /** What a frame came to. */
  mapped(mapped: Mapped, feed: Feed): void
  /** The state, or the feed, is another one. */
  changed(status: StreamStatus): void
  /** What is carried, or refused, is something else: all of it, by now. `late`: what of it comes late. */
  carrying(
    carried: ReadonlySet<TopicName>,
    refused: ReadonlyMap<TopicName, string>,
    feed: Feed,
    late: ReadonlySet<TopicName>
  ): void
  notice(text: string, feed: Feed): void
}
