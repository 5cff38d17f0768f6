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
import { provenanceOf, textOf, webAddress, websiteOf } from '../parse.ts'
import { ProviderError } from '../provider.ts'
import { oncePer, partOf } from '../rows.ts'
import { salvage } from '../salvage.ts'
import { instantIn } from '../session-dates.ts'
import { canonicalOf, coveredSymbol, CURRENCY, type Tiingo } from './client.ts'

const MAX_DESCRIPTION = 5000
const MAX_NEWS = 1000

/** Name and description; with a plan that includes fundamentals also the sector, the industry and the website. */
export async function loadProfile(tiingo: Tiingo, symbol: string, signal: AbortSignal): Promise<Profile> {
  const wire = coveredSymbol(symbol)
  const path = `/tiingo/daily/${encodeURIComponent(wire)}`
  const [answer, companies] = await Promise.all([
    tiingo.json(path, {}, signal),
    tiingo.plan === 'free'
      ? []
      : partOf(tiingo.rows('/tiingo/fundamentals/meta', { tickers: wire }, WireCompanies, signal))
  ])
  const listing = salvage(WireListing, answer)
  if (listing?.ticker.toUpperCase() !== wire)
    throw new ProviderError('tiingo', 'bad_payload', `tiingo sent no listing at ${path}`)
  const company = Array.isArray(companies) ? companies.find(({ ticker }) => ticker.toUpperCase() === wire) : undefined
  return withoutAbsent({
    symbol,
    name: textOf(listing.name),
    description: textOf(listing.description, MAX_DESCRIPTION),
    ...exchangeMembers(symbol, textOf(listing.exchangeCode)),
    currency: CURRENCY,
    sector: sectorNamed(soldText(company?.sector)),
    industry: soldText(company?.industry),
    website: websiteOf(soldText(company?.companyWebsite)),
    provenance: provenanceOf('tiingo', { feed: 'composite', receivedAt: tiingo.now() })
  })
}

/** What a plan does not include stands there as the text "Field not available for free/evaluation". */
function soldText(value: unknown): string | undefined {
  const text = textOf(value)
  return text?.startsWith('Field not available') ? undefined : text
}

export async function loadNews(tiingo: Tiingo, symbol: string, limit: number, signal: AbortSignal): Promise<News> {
  const tickers = coveredSymbol(symbol).toLowerCase()
  return { symbol, ...(await loadStories(tiingo, { tickers }, limit, signal)) }
}

export const loadMarketNews = (tiingo: Tiingo, limit: number, signal: AbortSignal): Promise<MarketNews> =>
  loadStories(tiingo, {}, limit, signal)

async function loadStories(
  tiingo: Tiingo,
  of: { tickers?: string },
  limit: number,
  signal: AbortSignal
): Promise<MarketNews> {
  // Twice as many as wanted, for one story comes several times.
  const query = { ...of, limit: Math.min(limit * 2, MAX_NEWS) }
  const rows = await tiingo.rows('/tiingo/news', query, WireStories, signal)
  const items = rows
    .flatMap((row) => parseStory(row) ?? [])
    .sort((one, other) => (one.publishedAt > other.publishedAt ? -1 : 1))
  return {
    items: oncePerStory(items).slice(0, limit),
    provenance: provenanceOf('tiingo', { feed: 'composite', receivedAt: tiingo.now() })
  }
}

/** Each site that prints a story gives it another id and address, under the same title. */
function oncePerStory(items: readonly NewsItem[]): NewsItem[] {
  const stories = Map.groupBy(items, ({ title }) => title.toLowerCase().replaceAll(/\s+/g, ' '))
  return [...stories.values()].map((copies) => ({
    ...copies[0]!,
    symbols: [...new Set(copies.flatMap(({ symbols }) => symbols))]
  }))
}

function parseStory(row: WireStory): NewsItem | undefined {
  // In UTC, says the vendor, and as a rule the text says so too.
  const publishedAt = instantIn('UTC', row.publishedDate)
  const [id, title, url] = [textOf(String(row.id)), textOf(row.title), webAddress(row.url)]
  if (publishedAt === undefined || !id || !title || !url) return undefined
  return withoutAbsent({
    id,
    title,
    url,
    publisher: textOf(row.source),
    summary: textOf(row.description, MAX_DESCRIPTION),
    publishedAt: isoOf(publishedAt),
    symbols: (row.tickers ?? []).flatMap((ticker) => (typeof ticker === 'string' && canonicalOf(ticker)) || [])
  })
}

/** Listings that still trade come first. */
export async function loadMatches(
  tiingo: Tiingo,
  query: string,
  limit: number,
  signal: AbortSignal
): Promise<SearchResult> {
  const rows = await tiingo.rows('/tiingo/utilities/search', { query, limit }, WireMatches, signal)
  const ranked = rows.toSorted((one, other) => Number(one.isActive === false) - Number(other.isActive === false))
  // A ticker that was used again after its company went is there twice.
  const matches = oncePer(
    ranked.flatMap((row) => parseMatch(row) ?? []),
    ({ symbol }) => symbol
  )
  if (matches.length === 0) throw new ProviderError('tiingo', 'not_found', `tiingo found nothing for "${query}"`)
  return {
    query,
    matches: matches.slice(0, limit),
    provenance: provenanceOf('tiingo', { feed: 'composite', receivedAt: tiingo.now() })
  }
}

function parseMatch(row: WireMatch): SearchMatch | undefined {
  const symbol = canonicalOf(row.ticker)
  if (symbol === undefined || (row.name ?? row.assetType ?? row.countryCode ?? undefined) === undefined)
    return undefined
  const country = countryNamed(textOf(row.countryCode))
  return withoutAbsent({
    symbol,
    name: textOf(row.name),
    kind: KIND_BY_ASSET.get(row.assetType?.toLowerCase() ?? ''),
    country,
    currency: country === 'US' ? CURRENCY : undefined
  })
}

const KIND_BY_ASSET = new Map<string, InstrumentKind>([
  ['stock', 'equity'],
  ['etf', 'etf'],
  ['mutual fund', 'fund']
])

const Text = Type.Optional(Type.Union([Type.String(), Type.Null()]))

const WireListing = Compile(
  Type.Object({ ticker: Type.String({ minLength: 1 }), name: Text, description: Text, exchangeCode: Text })
)

const WireCompanies = Compile(
  Type.Object({ ticker: Type.String({ minLength: 1 }), sector: Text, industry: Text, companyWebsite: Text })
)

const WireStory = Type.Object({
  id: Type.Union([Type.Number(), Type.String()]),
  publishedDate: Type.String(),
  title: Type.String(),
  url: Type.String({ pattern: '^https?://' }),
  source: Text,
  description: Text,
  tickers: Type.Optional(Type.Union([Type.Array(Type.Unknown()), Type.Null()]))
})
type WireStory = Static<typeof WireStory>
const WireStories = Compile(WireStory)

const WireMatch = Type.Object({
  ticker: Type.String({ minLength: 1 }),
  name: Text,
  assetType: Text,
  countryCode: Text,
  isActive: Type.Optional(Type.Union([Type.Boolean(), Type.Null()]))
})
type WireMatch = Static<typeof WireMatch>
const WireMatches = Compile(WireMatch)
