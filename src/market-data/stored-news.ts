import type { Archive } from '../market/archive.ts'
import { toneOfStory, type StoredStory, type StoryPlace } from '../market/news.ts'

/** What is read of Postgres of stories. */
export type NewsReads = {
  readonly news: { newest(limit: number, after: StoryPlace | undefined): Promise<StoredStory[]> }
}

/** The stories that vendors listed for any symbol. */
export function createStoredNews({ news }: NewsReads): Pick<Archive, 'stories'> {
  return {
    async stories({ limit, after }) {
      const found = await news.newest(limit + 1, after)
      const stories = found.slice(0, limit).map((story) => ({ ...story, tone: toneOfStory(story) }))
      return { stories, hasMore: found.length > limit }
    }
  }
}
