import { Type, type Static } from 'typebox'
import { InstrumentKind } from './profile.ts'
import { Provenance } from './provenance.ts'

export const SearchMatch = Type.Object({
  symbol: Type.String(),
  name: Type.Optional(Type.String()),
  kind: Type.Optional(InstrumentKind),
  exchange: Type.Optional(Type.String()),
  currency: Type.Optional(Type.String()),
  country: Type.Optional(Type.String())
})
export type SearchMatch = Static<typeof SearchMatch>

/** Best match first. */
export const SearchResult = Type.Object(
  { query: Type.String(), matches: Type.Array(SearchMatch), provenance: Provenance },
  { $id: 'SearchResult' }
)
export type SearchResult = Static<typeof SearchResult>
