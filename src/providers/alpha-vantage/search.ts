// https://www.alphavantage.co/documentation/#symbolsearch
import { Type, type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { exchangeMembers } from '../../market/exchange.ts'
import type { InstrumentKind } from '../../market/instrument-kind.ts'
import type { SearchMatch, SearchResult } from '../../market/search.ts'
import { withoutAbsent } from '../../market/absent.ts'
import { currencyUnit, provenanceOf, textOf } from '../parse.ts'
import { fittingRows, oncePer } from '../rows.ts'
import { PROVIDER, refused, type AlphaVantageClient } from './client.ts'
import { canonicalOf, listingOf } from './listing.ts'
import { memberOf } from './wire-value.ts'

const KINDS = new Map<string, InstrumentKind>([
  ['equity', 'equity'],
  ['etf', 'etf'],
  ['mutual fund', 'fund']
])

/** Instruments whose symbol or name resembles the query; listings of exchanges that we cannot spell are left out. */
export async function search(
  client: AlphaVantageClient,
  query: string,
  limit: number,
  signal: AbortSignal,
  now: () => number
): Promise<SearchResult> {
  const found = await findMatches(client, query, signal)
  const matches = oncePer(
    found.flatMap((each) => parseMatch(each) ?? []),
    ({ symbol }) => symbol
  )
  if (matches.length === 0) throw refused('not_found', `found nothing for "${query}"`)
  return {
    query,
    matches: matches.slice(0, limit),
    provenance: provenanceOf(PROVIDER, { feed: 'composite', receivedAt: now() })
  }
}

/** The vendor's own rows, best first. */
export async function findMatches(
  client: AlphaVantageClient,
  query: string,
  signal: AbortSignal
): Promise<WireMatch[]> {
  const body = await client.ask('SYMBOL_SEARCH', { keywords: query }, WireAnswer, `the search "${query}"`, signal)
  return fittingRows(PROVIDER, `the search "${query}"`, body.bestMatches, WireMatches)
}

function parseMatch(wire: WireMatch): SearchMatch | undefined {
  const text = (name: string) => textOf(memberOf(wire, name))
  const symbol = canonicalOf(text('symbol') ?? '')
  const listing = symbol && listingOf(symbol)
  if (!listing) return undefined
  const name = text('name')
  const kind = KINDS.get(text('type')?.toLowerCase() ?? '')
  const { currency } = currencyUnit(text('currency'))
  return {
    symbol,
    country: listing.exchange.country!,
    ...(name && { name }),
    ...(kind && { kind }),
    ...withoutAbsent(exchangeMembers(symbol)),
    ...(currency && { currency })
  }
}

/** `1. symbol`, `2. name`, `3. type`, `4. region`, `8. currency`, `9. matchScore` and opening hours; all texts. */
const WireMatch = Type.Record(Type.String(), Type.Unknown())
type WireMatch = Static<typeof WireMatch>

const WireMatches = Compile(WireMatch)

const WireAnswer = Compile(Type.Object({ bestMatches: Type.Array(Type.Unknown()) }))
