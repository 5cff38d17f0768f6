import { Type, type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { exchangeMembers } from '../../market/exchange.ts'
import { kindOfSymbol } from '../../market/instrument-kind.ts'
import type { Quote } from '../../market/quote.ts'
import { withoutAbsent } from '../../market/absent.ts'
import { isoOf } from '../../market/time.ts'
import {
  epochMs,
  finite,
  finiteOrPercent,
  notNegative,
  positive,
  provenanceOf,
  rounded,
  textOf,
  UNIT_UNKNOWN,
  type CurrencyUnit
} from '../parse.ts'
import type { QuoteAnswer } from '../provider.ts'
import { quoteAnswer } from '../quote-answer.ts'
import { newestOf } from '../repeated-quotes.ts'
import { notCovered, type Fmp } from './client.ts'
import { listingOf, type Listing } from './listing.ts'

/**
 * From 1 up, exchanges quote shares and indices in at most four decimals; a fifth is the vendor's own noise (343.57001
 * for 343.57). Converted pence have two more.
 */
const MAX_DECIMALS = 4
const NOISE = 1.1e-5
const FLOAT32_PRECISION = 1.2e-7
/** What is quoted there is a pair, and its price not in the currency of a share that is spelled alike. */
const PAIR_EXCHANGES = new Set(['FOREX', 'CRYPTO', 'COMMODITY'])

/** Quotes by canonical symbol; symbols that the vendor does not know, or has no price of, are missing. */
export async function loadQuotes(fmp: Fmp, symbols: readonly string[], signal: AbortSignal): Promise<QuoteAnswer> {
  const listings = symbols.flatMap((symbol) => listingOf(symbol) ?? [])
  if (listings.length === 0) throw notCovered(symbols.join(', '))

  const rows = await loadRows(fmp, listings, signal)
  const byWire = Map.groupBy(rows, (row) => row.symbol.toUpperCase())
  const receivedAt = fmp.now()
  const read = async (listing: Listing) => {
    const told = byWire.get(listing.wire) ?? []
    const unit = told.length > 0 ? await fmp.unitOf(listing, signal) : undefined
    const quote = newestOf(told.flatMap((row) => parseQuote(row, listing, unit, receivedAt) ?? []))
    return { symbol: listing.symbol, quote, price: told[0]?.price }
  }
  return quoteAnswer('fmp', await Promise.all(listings.map(read)))
}

/** Free keys may not use the batch endpoint. */
async function loadRows(fmp: Fmp, listings: readonly Listing[], signal: AbortSignal): Promise<WireQuote[]> {
  if (fmp.plan === 'standard') {
    const symbols = listings.map(({ wire }) => wire).join(',')
    return fmp.rows('batch-quote', { symbols }, WireQuotes, signal)
  }
  const single = listings.map(({ wire }) => fmp.rows('quote', { symbol: wire }, WireQuotes, signal))
  return (await Promise.all(single)).flat()
}

/** The quote in a row, or undefined where the row has no price. `unit` is undefined where the vendor does not tell it. */
export function parseQuote(
  row: WireQuote,
  { symbol, isPair }: Listing,
  unit: CurrencyUnit | undefined,
  receivedAt: number
): Quote | undefined {
  const perMajor = unit?.perMajor ?? 1
  const isOfPair = isPair || PAIR_EXCHANGES.has(row.exchange ?? '')
  const isNoisy = !isOfPair && (positive(row.price) ?? 0) >= 1
  const decimals = perMajor === 1 ? MAX_DECIMALS : MAX_DECIMALS + 2
  const clean = (value: number | undefined) => (isNoisy ? withoutNoise(value, decimals) : value)
  const major = (value: number | undefined) => clean(value === undefined ? undefined : value / perMajor)

  const price = major(positive(row.price))
  if (price === undefined) return undefined
  const previousClose = major(positive(row.previousClose))
  const change = major(finite(row.change)) ?? (previousClose && clean(price - previousClose))
  const changePercent = percentIn(row) ?? percentOf(price, change)
  // Seconds in quotes, milliseconds in trades.
  const asOf = epochMs(positive(row.timestamp))
  return withoutAbsent({
    symbol,
    name: textOf(row.name),
    kind: kindOfSymbol(symbol),
    price,
    change,
    changePercent,
    previousClose,
    open: major(positive(row.open)),
    dayHigh: major(positive(row.dayHigh)),
    dayLow: major(positive(row.dayLow)),
    yearHigh: major(positive(row.yearHigh)),
    yearLow: major(positive(row.yearLow)),
    // For an index 0 means that none is counted; a share that has not traded yet has really traded 0.
    volume: symbol.startsWith('^') ? positive(row.volume) : notNegative(row.volume),
    // Not where prices are in pence: whether this member is too, the vendor does not tell.
    marketCap: unit?.perMajor === 1 ? positive(row.marketCap) : undefined,
    currency: isPair || !isOfPair ? unit?.currency : undefined,
    ...exchangeMembers(symbol, textOf(row.exchange)),
    asOf: isoOf(asOf ?? receivedAt),
    provenance: provenanceOf('fmp', {
      feed: 'composite',
      receivedAt,
      state: unit && asOf !== undefined ? undefined : 'suspect',
      notes: [
        unit ? unit.note : UNIT_UNKNOWN,
        asOf === undefined ? 'the vendor tells no time: asOf is when it answered' : undefined
      ]
    })
  })
}

/** Rounded where that takes nothing off but what single precision cannot tell apart. */
function withoutNoise(value: number | undefined, decimals: number): number | undefined {
  const short = rounded(value, decimals)
  if (value === undefined || short === undefined) return undefined
  return Math.abs(value - short) <= Math.max(NOISE, Math.abs(value) * FLOAT32_PRECISION) ? short : value
}

/** One number under three names: quotes and profiles, movers and older answers, daily rows. */
export function percentIn(row: {
  changePercentage?: unknown
  changesPercentage?: unknown
  changePercent?: unknown
}): number | undefined {
  return finiteOrPercent(row.changePercentage ?? row.changesPercentage ?? row.changePercent)
}

function percentOf(price: number, change: number | undefined): number | undefined {
  if (change === undefined || price === change) return undefined
  return rounded((change / (price - change)) * 100, 5)
}

const Num = Type.Optional(Type.Union([Type.Number(), Type.Null()]))
/** A number; in older answers a text, at times with its sign. */
export const Percent = Type.Optional(Type.Unknown())

export const WireQuote = Type.Object({
  symbol: Type.String({ minLength: 1 }),
  price: Type.Unknown(),
  name: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  change: Num,
  changePercentage: Percent,
  changesPercentage: Percent,
  changePercent: Percent,
  volume: Num,
  dayLow: Num,
  dayHigh: Num,
  yearHigh: Num,
  yearLow: Num,
  marketCap: Num,
  open: Num,
  previousClose: Num,
  exchange: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  timestamp: Num
})
export type WireQuote = Static<typeof WireQuote>

export const WireQuotes = Compile(WireQuote)
