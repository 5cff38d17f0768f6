import type { Redis } from 'ioredis'
import type { FeedDrill } from '../market/feed-drill.ts'

const keyOf = (feed: string): string => `drill:feed:${feed}`

/** Drills that are going on in the whole installation. They end by themselves, so that no feed stays cut. */
export class FeedDrills {
  readonly #redis: Redis

  constructor(redis: Redis) {
    this.#redis = redis
  }

  async begin({ feed, how, seconds }: FeedDrill): Promise<void> {
    await this.#redis.set(keyOf(feed), how, 'EX', seconds)
  }

  /** False where none was going on. */
  async end(feed: string): Promise<boolean> {
    return (await this.#redis.del(keyOf(feed))) === 1
  }

  /** How a vendor's streams are cut now; undefined where they are not. */
  async of(feed: string): Promise<FeedDrill['how'] | undefined> {
    const how = await this.#redis.get(keyOf(feed))
    return how === 'down' || how === 'mute' ? how : undefined
  }
}
