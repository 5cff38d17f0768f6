import { LRUCache } from 'lru-cache'
import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import type { HoursOf } from '../../market/market-hours.ts'
import { createHttpClient, type Query } from '../http.ts'
import { currencyUnit, type CurrencyUnit } from '../parse.ts'
import { ProviderError } from '../provider.ts'
import { fittingRows } from '../rows.ts'
import { isRecord, type Wire } from '../salvage.ts'
import { readArray, type FmpPlan } from './answer.ts'
import { listingOf, type Listing } from './listing.ts'

const MAX_REMEMBERED_UNITS = 5000

/** What every capability of this provider works with. */
export type Fmp = {
  readonly plan: FmpPlan
  /**
   * The readable rows of an endpoint under `/stable`; none for a symbol that the vendor does not know.
   * Rejects with ProviderError, or with the signal's reason.
   */
  rows<Row>(path: string, query: Query, wire: Wire<Row>, signal: AbortSignal): Promise<Row[]>
  /** The unit of a listing's prices, or undefined where the vendor does not tell it. */
  unitOf(listing: Listing, signal: AbortSignal): Promise<CurrencyUnit | undefined>
  now(): number
  readonly hoursOf: HoursOf
  close(): Promise<void>
}

export type FmpOptions = {
  apiKey: string
  /** What comes before `/stable`. */
  baseUrl?: string
  timeoutMs: number
  plan: FmpPlan
  now?: () => number
  /** When markets are open. */
  hoursOf: HoursOf
}

export function createFmp(options: FmpOptions): Fmp {
  const { apiKey, baseUrl = 'https://financialmodelingprep.com', timeoutMs, plan } = options
  const { now = Date.now, hoursOf } = options
  // The key goes into a header, not into the query, so that no URL in any log can carry it.
  const http = createHttpClient({ provider: 'fmp', baseUrl, headers: { apikey: apiKey }, timeoutMs })
  const units = new LRUCache<string, CurrencyUnit>({ max: MAX_REMEMBERED_UNITS })

  const rows: Fmp['rows'] = async (path, query, wire, signal) => {
    const answer = await http.get(`/stable/${path}`, query, signal)
    const rows = readArray(answer, plan)
    const own = rows.filter((row) => isOf(query.symbol, row))
    if (rows.length > 0 && own.length === 0) throw otherSymbol(query.symbol)
    return fittingRows('fmp', path, own, wire)
  }

  return {
    plan,
    rows,
    async unitOf({ wire, currency, mixedUnits }, signal) {
      if (!mixedUnits) return currencyUnit(currency)
      const known = units.get(wire)
      if (known) return known
      const code = await currencyOf(rows, wire, signal)
      if (!code) return undefined
      const unit = currencyUnit(code)
      if (!unit.isCertain) return undefined
      units.set(wire, unit)
      return unit
    },
    now,
    hoursOf,
    close: () => http.close()
  }
}

/**
 * Quotes and bars carry no currency; a profile does. It is asked only for the few exchanges whose listings trade in
 * hundredths of a currency beside whole ones, where a guess would be wrong by a factor of 100.
 */
async function currencyOf(rows: Fmp['rows'], wire: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    const [profile] = await rows('profile', { symbol: wire }, WireCurrency, signal)
    return profile?.currency
  } catch (error) {
    if (error instanceof ProviderError && (error.kind === 'not_covered' || error.kind === 'bad_payload'))
      return undefined
    throw error
  }
}

/** Whether a row may be of the symbol that was asked for: many rows do not name theirs. */
function isOf(asked: Query[string], row: unknown): boolean {
  const named = isRecord(row) ? row.symbol : undefined
  return typeof asked !== 'string' || typeof named !== 'string' || named.toUpperCase() === asked.toUpperCase()
}

function otherSymbol(asked: Query[string]): ProviderError {
  return new ProviderError('fmp', 'bad_payload', `fmp sent rows of other symbols than ${asked}`)
}

/** How the vendor spells a canonical symbol. Throws ProviderError('not_covered') for what it cannot be asked. */
export function coveredListing(symbol: string): Listing {
  const listing = listingOf(symbol)
  if (!listing) throw notCovered(symbol)
  return listing
}

export function notCovered(what: string): ProviderError {
  return new ProviderError('fmp', 'not_covered', `fmp does not cover ${what}`)
}

const WireCurrency = Compile(Type.Object({ currency: Type.String({ minLength: 3 }) }))
