import { Type, type Static } from 'typebox'
import { Country } from './country.ts'
import { ExchangeName, Mic } from './exchange.ts'
import { InstrumentKind } from './instrument-kind.ts'
import { Provenance } from './provenance.ts'

export const SearchMatch = Type.Object({
  symbol: Type.String(),
  name: Type.Optional(Type.String()),
  kind: Type.Optional(InstrumentKind),
  mic: Type.Optional(Mic),
  exchange: Type.Optional(ExchangeName),
  currency: Type.Optional(Type.String()),
  country: Type.Optional(Country)
})
export type SearchMatch = Static<typeof SearchMatch>

/** Best match first. */
export const SearchResult = Type.Object(
  { query: Type.String(), matches: Type.Array(SearchMatch), provenance: Provenance },
  { $id: 'SearchResult' }
)
export type SearchResult = Static<typeof SearchResult>
