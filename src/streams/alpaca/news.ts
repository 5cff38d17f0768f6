import { withoutAbsent } from '../../market/absent.ts'
import type { NewsItem } from '../../market/news.ts'
import { parseSymbol } from '../../market/symbol.ts'
import { parseInstantNs } from '../../market/instant-ns.ts'
import { isoOf } from '../../market/time.ts'
import { FieldError, idIn, optionalTextIn, textIn, type Wire } from '../fields.ts'

const MAX_TITLE_LENGTH = 500
const MAX_SUMMARY_LENGTH = 4000
const MAX_SYMBOLS = 200

/** A story as the vendor's agency wrote it. A later version comes again under the same id. */
export function newsOf(wire: Wire): NewsItem {
  const url = textIn(wire, 'url')
  if (!/^https?:\/\//.test(url) || !URL.canParse(url)) throw new FieldError('url', 'is no address')
  const published = parseInstantNs(textIn(wire, 'created_at'))
  if (!published) throw new FieldError('created_at', 'is no instant')
  const { symbols } = wire
  if (!Array.isArray(symbols)) throw new FieldError('symbols', 'is no list')
  const canonical = symbols
    .slice(0, MAX_SYMBOLS)
    .flatMap((spelling: unknown) => (typeof spelling === 'string' ? (parseSymbol(spelling) ?? []) : []))
  return withoutAbsent<NewsItem>({
    id: `alpaca-${idIn(wire, 'id')}`,
    title: textIn(wire, 'headline').slice(0, MAX_TITLE_LENGTH),
    url,
    publisher: optionalTextIn(wire, 'source'),
    summary: optionalTextIn(wire, 'summary')?.slice(0, MAX_SUMMARY_LENGTH),
    publishedAt: isoOf(published.ms),
    symbols: [...new Set(canonical)]
  })
}
