import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { exchangeMembers } from '../../market/exchange.ts'
import type { SearchMatch, SearchResult } from '../../market/search.ts'
import { parseSymbol } from '../../market/symbol.ts'
import { withoutAbsent } from '../../market/absent.ts'
import { provenanceOf, textOf } from '../parse.ts'
import { ProviderError } from '../provider.ts'
import { oncePer } from '../rows.ts'
import { salvage } from '../salvage.ts'
import { kindOf } from './kinds.ts'
import type { YahooClient } from './client.ts'
import { memberOf, WireText } from './wire.ts'

export const SEARCH_URL = 'https://query2.finance.yahoo.com/v1/finance/search'

export async function fetchSearch(
  client: YahooClient,
  query: string,
  limit: number,
  signal: AbortSignal,
  now: () => number
): Promise<SearchResult> {
  const answer = await client.ask(
    { url: SEARCH_URL, query: { q: query, quotesCount: limit, newsCount: 0, enableFuzzyQuery: false } },
    signal
  )
  const rows = memberOf(answer, 'quotes')
  if (!Array.isArray(rows)) throw new ProviderError('yahoo', 'bad_payload', 'yahoo sent no list of matches')
  const matches = oncePer(
    rows.flatMap((row) => matchOf(row) ?? []),
    ({ symbol }) => symbol
  )
  if (matches.length === 0) throw new ProviderError('yahoo', 'not_found', 'yahoo finds nothing')
  return {
    query,
    matches: matches.slice(0, limit),
    provenance: provenanceOf('yahoo', { feed: 'composite', receivedAt: now() })
  }
}

/** Undefined for what is found beside instruments: companies that are not listed have no symbol. */
function matchOf(row: unknown): SearchMatch | undefined {
  const wire = salvage(Match, row)
  const symbol = wire && parseSymbol(wire.symbol)
  if (!wire || symbol === undefined) return undefined
  return withoutAbsent({
    symbol,
    name: textOf(wire.longname) ?? textOf(wire.shortname),
    kind: kindOf(wire.quoteType),
    ...exchangeMembers(symbol, textOf(wire.exchange), textOf(wire.exchDisp))
  })
}

const Match = Compile(
  Type.Object({
    symbol: Type.String(),
    longname: WireText,
    shortname: WireText,
    quoteType: WireText,
    exchange: WireText,
    exchDisp: WireText
  })
)
