import { createHash } from 'node:crypto'
import { Type, type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { countryNamed } from '../../market/country.ts'
import { exchangeMembers } from '../../market/exchange.ts'
import type { InstrumentKind } from '../../market/instrument-kind.ts'
import type { MarketNews, News, NewsItem } from '../../market/news.ts'
import type { Profile } from '../../market/profile.ts'
import type { SearchMatch, SearchResult } from '../../market/search.ts'
import { sectorNamed } from '../../market/sector.ts'
import { withoutAbsent } from '../../market/absent.ts'
import { isoOf } from '../../market/time.ts'
import { currencyUnit, finite, positive, provenanceOf, textOf, webAddress, websiteOf } from '../parse.ts'
import { ProviderError } from '../provider.ts'
import { oncePer } from '../rows.ts'
import { dateIn, instantIn } from '../session-dates.ts'
import { coveredListing, type Fmp } from './client.ts'
import { canonicalOf } from './listing.ts'

const MAX_DESCRIPTION = 5000
const MAX_NEWS = 250

export async function loadProfile(fmp: Fmp, symbol: string, signal: AbortSignal): Promise<Profile> {
  const { wire, mixedUnits } = coveredListing(symbol)
  const [row] = await fmp.rows('profile', { symbol: wire }, WireProfiles, signal)
  if (!row) throw new ProviderError('fmp', 'not_found', `fmp does not know ${symbol}`)
  const unit = currencyUnit(row.currency)
  const isInMajorUnit = unit.isCertain && unit.perMajor === 1 && (unit.currency !== undefined || !mixedUnits)
  return withoutAbsent({
    symbol,
    name: textOf(row.companyName),
    kind: kindOf(row),
    description: textOf(row.description, MAX_DESCRIPTION),
    // `exchange` is the short name; in older answers it was the long one, and the short one had its own member.
    ...exchangeMembers(symbol, textOf(row.exchangeShortName) ?? textOf(row.exchange)),
    currency: unit.currency,
    country: countryNamed(textOf(row.country)),
    sector: sectorNamed(textOf(row.sector)),
    industry: textOf(row.industry),
    website: websiteOf(row.website),
    employees: employeesIn(row.fullTimeEmployees),
    marketCap: isInMajorUnit ? (positive(row.marketCap) ?? positive(row.mktCap)) : undefined,
    beta: finite(row.beta),
    ipoDate: dateIn(row.ipoDate),
    cik: textOf(row.cik),
    isin: textOf(row.isin),
    cusip: textOf(row.cusip),
    officers:
      textOf(row.ceo) === undefined ? undefined : [{ name: textOf(row.ceo)!, title: 'Chief Executive Officer' }],
    provenance: provenanceOf('fmp', { feed: 'composite', receivedAt: fmp.now() })
  })
}

function kindOf({ isEtf, isFund, exchangeShortName, exchange }: WireProfile): InstrumentKind {
  if (isEtf) return 'etf'
  if (isFund) return 'fund'
  return KIND_BY_EXCHANGE.get(exchangeShortName ?? exchange ?? '') ?? 'equity'
}

/** A number written as text: "164000". */
function employeesIn(text: string | number | null | undefined): number | undefined {
  const count = typeof text === 'string' ? Number(text.replaceAll(',', '')) : text
  return Number.isInteger(count) ? positive(count) : undefined
}

/** No stories may mean that the vendor does not know the symbol: it answers both alike. */
export async function loadNews(fmp: Fmp, symbol: string, limit: number, signal: AbortSignal): Promise<News> {
  const { wire } = coveredListing(symbol)
  return { symbol, ...(await listedStories(fmp, 'news/stock', { symbols: wire }, limit, signal)) }
}

/** What it lists of stocks; its `news/general-latest` has politics as well, and names no symbols. */
export const loadMarketNews = (fmp: Fmp, limit: number, signal: AbortSignal): Promise<MarketNews> =>
  listedStories(fmp, 'news/stock-latest', {}, limit, signal)

async function listedStories(
  fmp: Fmp,
  path: string,
  of: { symbols?: string },
  limit: number,
  signal: AbortSignal
): Promise<MarketNews> {
  const query = { ...of, limit: Math.min(limit, MAX_NEWS), page: 0 }
  const rows = await fmp.rows(path, query, WireStories, signal)
  // A story that names several symbols comes once for each.
  const stories = Map.groupBy(rows, ({ url }) => url)
  const items = [...stories.values()].flatMap((ofStory) => parseStory(ofStory) ?? [])
  return {
    items: items.sort((one, other) => (one.publishedAt > other.publishedAt ? -1 : 1)).slice(0, limit),
    provenance: provenanceOf('fmp', { feed: 'composite', receivedAt: fmp.now() })
  }
}

function parseStory(rows: readonly WireStory[]): NewsItem | undefined {
  const { url, title, publisher, site, text, publishedDate } = rows[0]!
  // Wall time of New York, whatever the symbol's exchange.
  const publishedAt = instantIn('America/New_York', publishedDate)
  const [headline, address] = [textOf(title), webAddress(url)]
  if (publishedAt === undefined || headline === undefined || address === undefined) return undefined
  return withoutAbsent({
    id: createHash('sha256').update(url).digest('hex').slice(0, 16),
    title: headline,
    url: address,
    publisher: textOf(publisher) ?? textOf(site),
    summary: textOf(text, MAX_DESCRIPTION),
    publishedAt: isoOf(publishedAt),
    symbols: [...new Set(rows.flatMap(({ symbol }) => (symbol && canonicalOf(symbol)) || []))]
  })
}

/** By symbol; by name where no symbol fits. */
export async function loadMatches(fmp: Fmp, query: string, limit: number, signal: AbortSignal): Promise<SearchResult> {
  const bySymbol = await fmp.rows('search-symbol', { query, limit }, WireMatches, signal)
  const rows = bySymbol.length > 0 ? bySymbol : await fmp.rows('search-name', { query, limit }, WireMatches, signal)
  const matches = oncePer(
    rows.flatMap((row) => parseMatch(row) ?? []),
    ({ symbol }) => symbol
  )
  if (matches.length === 0) throw new ProviderError('fmp', 'not_found', `fmp found nothing for "${query}"`)
  return {
    query,
    matches: matches.slice(0, limit),
    provenance: provenanceOf('fmp', { feed: 'composite', receivedAt: fmp.now() })
  }
}

function parseMatch(row: WireMatch): SearchMatch | undefined {
  const exchange = row.exchange ?? row.exchangeShortName
  const symbol = canonicalOf(row.symbol, exchange)
  // Many rows of this vendor have a symbol; those of a search also say whose it is.
  if (symbol === undefined || (textOf(row.name) ?? textOf(exchange)) === undefined) return undefined
  return withoutAbsent({
    symbol,
    name: textOf(row.name),
    kind: KIND_BY_EXCHANGE.get(exchange ?? ''),
    ...exchangeMembers(symbol, textOf(exchange)),
    currency: currencyUnit(row.currency).currency
  })
}

const KIND_BY_EXCHANGE = new Map<string, InstrumentKind>([
  ['CRYPTO', 'crypto'],
  ['FOREX', 'fx'],
  ['INDEX', 'index']
])

const Text = Type.Optional(Type.Union([Type.String(), Type.Null()]))
const Num = Type.Optional(Type.Union([Type.Number(), Type.Null()]))
const Flag = Type.Optional(Type.Union([Type.Boolean(), Type.Null()]))

const WireProfile = Type.Object({
  symbol: Type.String({ minLength: 1 }),
  companyName: Type.Union([Type.String(), Type.Null()]),
  description: Text,
  exchange: Text,
  exchangeShortName: Text,
  currency: Text,
  country: Text,
  sector: Text,
  industry: Text,
  website: Text,
  fullTimeEmployees: Type.Optional(Type.Union([Type.String(), Type.Number(), Type.Null()])),
  marketCap: Num,
  mktCap: Num,
  beta: Num,
  ipoDate: Text,
  cik: Text,
  isin: Text,
  cusip: Text,
  ceo: Text,
  isEtf: Flag,
  isFund: Flag
})
type WireProfile = Static<typeof WireProfile>
const WireProfiles = Compile(WireProfile)

const WireStory = Type.Object({
  symbol: Text,
  publishedDate: Type.String(),
  title: Type.String(),
  url: Type.String({ pattern: '^https?://' }),
  publisher: Text,
  site: Text,
  text: Text
})
type WireStory = Static<typeof WireStory>
const WireStories = Compile(WireStory)

const WireMatch = Type.Object({
  symbol: Type.String({ minLength: 1 }),
  name: Text,
  currency: Text,
  exchange: Text,
  exchangeShortName: Text
})
type WireMatch = Static<typeof WireMatch>
const WireMatches = Compile(WireMatch)
