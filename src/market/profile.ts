import { Type, type Static } from 'typebox'
import { Country } from './country.ts'
import { ExchangeName, Mic } from './exchange.ts'
import { InstrumentKind } from './instrument-kind.ts'
import { Provenance } from './provenance.ts'
import { Sector } from './sector.ts'

/** Who issues an instrument and what it is. */
export const Profile = Type.Object(
  {
    symbol: Type.String(),
    name: Type.Optional(Type.String()),
    kind: Type.Optional(InstrumentKind),
    description: Type.Optional(Type.String()),
    mic: Type.Optional(Mic),
    exchange: Type.Optional(ExchangeName),
    currency: Type.Optional(Type.String({ description: 'Of the listing, ISO 4217' })),
    country: Type.Optional(Country),
    sector: Type.Optional(Sector),
    industry: Type.Optional(Type.String()),
    website: Type.Optional(Type.String()),
    employees: Type.Optional(Type.Integer()),
    marketCap: Type.Optional(Type.Number()),
    beta: Type.Optional(Type.Number()),
    dividendYieldPercent: Type.Optional(Type.Number()),
    peRatio: Type.Optional(Type.Number()),
    eps: Type.Optional(Type.Number({ description: 'Trailing twelve months' })),
    sharesOutstanding: Type.Optional(Type.Number()),
    ipoDate: Type.Optional(Type.String({ description: 'YYYY-MM-DD' })),
    cik: Type.Optional(Type.String()),
    isin: Type.Optional(Type.String()),
    cusip: Type.Optional(Type.String()),
    officers: Type.Optional(
      Type.Array(Type.Object({ name: Type.String(), title: Type.Optional(Type.String()) }), { maxItems: 50 })
    ),
    provenance: Provenance
  },
  { $id: 'Profile' }
)
export type Profile = Static<typeof Profile>
