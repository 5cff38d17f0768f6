import type { News } from '../../client/client.ts'
import { api } from '../api.ts'
import { Panel, type Within } from '../panel.ts'
import { storyList } from '../story-list.ts'

const MAX_STORIES = 20

/** What is written about a symbol, with the tone of each story. */
class NewsPanel extends Panel<News> {
  protected override readonly heading = 'News'

  protected override ask(within: Within) {
    const query = { limit: MAX_STORIES }
    return api().get('/api/v1/market/news/{symbol}', { path: { symbol: this.subject }, query, ...within })
  }

  protected override provenance({ provenance }: News) {
    return provenance
  }

  protected override nothingIn({ items }: News) {
    return items.length === 0 ? `No source has a story about ${this.subject}.` : undefined
  }

  protected override body({ items }: News) {
    return storyList(items)
  }
}

customElements.define('qw-news', NewsPanel)
