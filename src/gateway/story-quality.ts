import type { MarketNews } from '../market/news.ts'
import type { Judgement } from './quality.ts'

/** Vendors' clocks and ours differ, and some date a story by the minute in which it is to appear. */
const FUTURE_TOLERANCE_MS = 10 * 60_000

/** Leaves out stories dated in the future, which would head the news for as long as that lasts. `now` in epoch ms. */
export function judgeNews<Listed extends MarketNews>(news: Listed, now: number): Judgement<Listed> {
  const items = news.items.filter(({ publishedAt }) => Date.parse(publishedAt) <= now + FUTURE_TOLERANCE_MS)
  const count = news.items.length - items.length
  if (count === 0) return { value: news, doubts: [] }
  const note = `${count} stories left out: they are dated in the future`
  const provenance = { ...news.provenance, notes: [...(news.provenance.notes ?? []), note] }
  return { value: { ...news, items, provenance }, doubts: [] }
}
