import { computedPrice, currencyUnit, textOf, type CurrencyUnit } from '../parse.ts'
import type { AlphaVantageClient } from './client.ts'
import type { Listing } from './listing.ts'
import { findMatches } from './search.ts'
import { memberOf } from './wire-value.ts'

/** Listings whose unit is remembered; at the limit all are forgotten, and asked again as they are needed. */
const MAX_REMEMBERED = 5000

/** London's ordinary unit, where the vendor's search does not list the symbol. */
const LONDON_PENCE = currencyUnit('GBX')

export type PriceUnit = CurrencyUnit & {
  /** The vendor did not say the unit: a price in it may be off by a factor of 100. */
  readonly assumed: boolean
}

/**
 * The unit of a listing's prices. No price function of the vendor names it, and London lists some lines in pence and
 * some in pounds, dollars or euros: only the symbol search tells, once per symbol (one more request, then remembered).
 */
export function createPriceUnits(client: AlphaVantageClient) {
  const remembered = new Map<string, CurrencyUnit>()

  return async ({ wire, exchange: { currency } }: Listing, signal: AbortSignal): Promise<PriceUnit> => {
    if (currency) return { ...currencyUnit(currency), assumed: false }
    const known = remembered.get(wire)
    if (known) return { ...known, assumed: false }

    const matches = await findMatches(client, wire, signal)
    const match = matches.find((each) => memberOf(each, 'symbol') === wire)
    const code = match && memberOf(match, 'currency')
    const unit = currencyUnit(textOf(code))
    if (unit.currency === undefined) return { ...LONDON_PENCE, assumed: true }
    if (remembered.size >= MAX_REMEMBERED) remembered.clear()
    remembered.set(wire, unit)
    return { ...unit, assumed: false }
  }
}

export const UNIT_ASSUMED = 'the vendor does not tell the unit of this listing; pence are assumed'

/** A price in the major unit, without the binary noise of the division. */
export function inMajorUnit(value: number, unit: Pick<CurrencyUnit, 'perMajor'>): number
export function inMajorUnit(value: number | undefined, unit: Pick<CurrencyUnit, 'perMajor'>): number | undefined
export function inMajorUnit(value: number | undefined, { perMajor }: Pick<CurrencyUnit, 'perMajor'>) {
  if (value === undefined || perMajor === 1) return value
  return computedPrice(value / perMajor)
}
