import type { StoryPage } from '../../../client/client.ts'
import { api } from '../../api.ts'
import { Panel, type Within } from '../../panel.ts'
import { storyList } from '../../story-list.ts'

/** They fit a first screen. */
const MAX_STORIES = 8
const RENEW_EVERY_MS = 5 * 60_000

/** The newest stories of the market as a whole. */
class MarketNews extends Panel<StoryPage> {
  protected override readonly heading = 'News'
  protected override readonly renewMs = RENEW_EVERY_MS

  protected override ask(within: Within) {
    return api().get('/api/v1/market/news', { query: { limit: MAX_STORIES }, ...within })
  }

  protected override provenance({ provenance, items }: StoryPage) {
    return provenance ?? items[0]?.provenance
  }

  protected override nothingIn({ items, error }: StoryPage) {
    return items.length === 0 ? (error?.message ?? 'Nobody listed a story yet') : undefined
  }

  protected override body({ items }: StoryPage) {
    return storyList(items, { withSymbols: true })
  }
}

customElements.define('qw-market-news', MarketNews)
