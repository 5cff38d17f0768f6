// https://www.alphavantage.co/documentation/#company-overview
import { Type, type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { countryNamed } from '../../market/country.ts'
import { exchangeMembers } from '../../market/exchange.ts'
import type { InstrumentKind } from '../../market/instrument-kind.ts'
import type { Profile } from '../../market/profile.ts'
import { sectorNamed } from '../../market/sector.ts'
import { withoutAbsent } from '../../market/absent.ts'
import { currencyUnit, provenanceOf, rounded, textOf, websiteOf } from '../parse.ts'
import { PROVIDER, refused, type AlphaVantageClient } from './client.ts'
import { isAbout, type Listing } from './listing.ts'
import { numberOf, positiveOf } from './wire-value.ts'

const MAX_DESCRIPTION_LENGTH = 10_000

const KINDS = new Map<string, InstrumentKind>([
  ['common stock', 'equity'],
  ['etf', 'etf'],
  ['mutual fund', 'fund']
])

export async function profile(
  client: AlphaVantageClient,
  symbol: string,
  listing: Listing,
  signal: AbortSignal,
  now: () => number
): Promise<Profile> {
  const wire = await client.ask('OVERVIEW', { symbol: listing.wire }, WireOverviews, symbol, signal)
  if (!isAbout(listing, wire.Symbol)) throw refused('bad_payload', `sent another company than ${symbol}`)
  const employees = positiveOf(wire['FullTimeEmployees'])
  return {
    symbol,
    ...withoutAbsent({
      name: textOf(wire['Name']),
      kind: KINDS.get(textOf(wire['AssetType'])?.toLowerCase() ?? ''),
      description: textOf(wire['Description'], MAX_DESCRIPTION_LENGTH),
      ...exchangeMembers(symbol, textOf(wire['Exchange'])),
      currency: currencyUnit(textOf(wire['Currency'])).currency,
      country: countryNamed(textOf(wire['Country'])),
      sector: sectorNamed(textOf(wire['Sector'])),
      industry: textOf(wire['Industry']),
      website: websiteOf(wire['OfficialSite']),
      employees: employees === undefined ? undefined : Math.round(employees),
      marketCap: positiveOf(wire['MarketCapitalization']),
      beta: numberOf(wire['Beta']),
      dividendYieldPercent: percentOf(wire['DividendYield']),
      peRatio: positiveOf(wire['PERatio']),
      eps: numberOf(wire['EPS']),
      sharesOutstanding: positiveOf(wire['SharesOutstanding']),
      cik: textOf(wire['CIK'])
    }),
    provenance: provenanceOf(PROVIDER, { feed: 'composite', receivedAt: now() })
  }
}

/** The vendor's ratios are fractions: a yield of 5.29 % is `0.0529`. */
function percentOf(text: unknown): number | undefined {
  const fraction = numberOf(text)
  return rounded(fraction === undefined ? undefined : fraction * 100, 6)
}

/** Some sixty members, all texts; which of them come differs from company to company. */
const WireOverview = Type.Intersect([
  Type.Object({ Symbol: Type.String() }),
  Type.Record(Type.String(), Type.Unknown())
])
export type WireOverview = Static<typeof WireOverview>

const WireOverviews = Compile(WireOverview)
