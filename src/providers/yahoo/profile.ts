import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { countryNamed } from '../../market/country.ts'
import { exchangeMembers } from '../../market/exchange.ts'
import type { Profile } from '../../market/profile.ts'
import { sectorNamed } from '../../market/sector.ts'
import { withoutAbsent } from '../../market/absent.ts'
import { currencyUnit, finite, positive, provenanceOf, textOf, websiteOf } from '../parse.ts'
import { ProviderError } from '../provider.ts'
import { salvage } from '../salvage.ts'
import { kindOf } from './kinds.ts'
import { percentOf } from './prices.ts'
import type { YahooClient } from './client.ts'
import { capitalisationOf, fetchSummary, type Summary } from './summary.ts'
import { valuationOf } from './valuation.ts'
import { listOf, WireText } from './wire.ts'

const MODULES = ['assetProfile', 'quoteType', 'price', 'summaryDetail', 'defaultKeyStatistics'] as const
/** The symbol and the provenance, which every profile has. */
const EMPTY_MEMBERS = 2
const MAX_OFFICERS = 50
const MAX_DESCRIPTION_LENGTH = 8000

export async function fetchProfile(
  client: YahooClient,
  symbol: string,
  signal: AbortSignal,
  now: () => number
): Promise<Profile> {
  const profile = parseProfile(symbol, await fetchSummary(client, symbol, MODULES, signal), now())
  // An empty profile would stand in the way of the next provider's.
  if (Object.keys(profile).length <= EMPTY_MEMBERS) {
    throw new ProviderError('yahoo', 'not_covered', `yahoo has nothing to say of ${symbol}`)
  }
  return profile
}

/** The first trade that Yahoo has is not the listing's first, so `ipoDate` stays absent. */
function parseProfile(symbol: string, summary: Summary, receivedAt: number): Profile {
  const { assetProfile, quoteType, price, summaryDetail, defaultKeyStatistics: statistics } = summary
  const names = [price.longName, quoteType.longName, assetProfile.name, price.shortName, quoteType.shortName]
  const { peRatio, epsTrailing } = valuationOf(symbol, summary)
  const employees = positive(assetProfile.fullTimeEmployees)
  return withoutAbsent({
    symbol,
    name: names.map((name) => textOf(name)).find((name) => name !== undefined),
    kind: kindOf(price.quoteType ?? quoteType.quoteType),
    description: textOf(assetProfile.longBusinessSummary ?? assetProfile.description, MAX_DESCRIPTION_LENGTH),
    ...exchangeMembers(symbol, textOf(price.exchange), textOf(quoteType.exchange), textOf(price.exchangeName)),
    currency: currencyUnit(price.currency ?? summaryDetail.currency).currency,
    country: countryNamed(textOf(assetProfile.country)),
    sector: sectorNamed(textOf(assetProfile.sector)),
    industry: textOf(assetProfile.industry),
    website: websiteOf(assetProfile.website),
    employees: employees === undefined ? undefined : Math.round(employees),
    marketCap: capitalisationOf(symbol, summary),
    beta: finite(summaryDetail.beta) ?? finite(statistics.beta),
    dividendYieldPercent: percentOf(summaryDetail.dividendYield ?? summaryDetail.yield),
    peRatio,
    eps: epsTrailing,
    sharesOutstanding: positive(statistics.sharesOutstanding),
    officers: officersOf(assetProfile.companyOfficers),
    provenance: provenanceOf('yahoo', { feed: 'composite', receivedAt })
  })
}

function officersOf(list: unknown): Profile['officers'] {
  const officers = listOf(list).flatMap((entry) => {
    const wire = salvage(Officer, entry)
    const name = textOf(wire?.name)?.replaceAll(/\s+/g, ' ')
    const title = textOf(wire?.title)
    return name === undefined ? [] : [{ name, ...(title !== undefined && { title }) }]
  })
  return officers.length > 0 ? officers.slice(0, MAX_OFFICERS) : undefined
}

const Officer = Compile(Type.Object({ name: WireText, title: WireText }))
