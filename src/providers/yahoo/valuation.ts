import { withoutAbsent } from '../../market/absent.ts'
import { currencyOf, finite, positive, rounded } from '../parse.ts'
import { priceReader, type PriceReader } from './prices.ts'
import type { Summary } from './summary.ts'

/** How far a ratio may lie from the one that its parts give: a price moves on while the ratio stands. */
const RATIO_TOLERANCE = 0.1
/** Between the usual ratio of a price to earnings and a hundred times that: one above it may be of pence and pounds. */
const DOUBTFUL_EARNINGS_RATIO = 150
const DECIMALS = 6

export type Valuation = {
  readonly peRatio?: number
  readonly forwardPeRatio?: number
  readonly epsTrailing?: number
  readonly priceToBook?: number
  readonly bookValuePerShare?: number
  readonly enterpriseValue?: number
}

/**
 * What a share is worth beside its price, amounts in the major unit of the price's currency. Yahoo divides prices by book
 * values of another currency, prices in pence by book values in pounds, and tells earnings of shares that are priced in
 * pence in pence or in pounds: what cannot be told apart is left out.
 */
export function valuationOf(symbol: string, summary: Summary): Valuation {
  const { price, summaryDetail, defaultKeyStatistics: statistics, financialData } = summary
  const prices = priceReader({ symbol, currency: price.currency ?? summaryDetail.currency })
  const reportedIn = currencyOf(financialData.financialCurrency)
  const isForeign = reportedIn !== undefined && prices.currency !== undefined && reportedIn !== prices.currency
  const told: Valuation = withoutAbsent({
    peRatio: finite(summaryDetail.trailingPE),
    forwardPeRatio: finite(summaryDetail.forwardPE) ?? finite(statistics.forwardPE),
    epsTrailing: finite(statistics.trailingEps),
    ...(!isForeign && {
      priceToBook: finite(statistics.priceToBook),
      bookValuePerShare: finite(statistics.bookValue),
      enterpriseValue: finite(statistics.enterpriseValue)
    })
  })
  if (prices.isCertain && prices.perMajor === 1) return told
  return ofMinorUnit(told, positive(price.regularMarketPrice), prices)
}

/** `price` in the vendor's unit. */
function ofMinorUnit(told: Valuation, price: number | undefined, { perMajor, isCertain }: PriceReader): Valuation {
  const { peRatio, forwardPeRatio, epsTrailing, priceToBook, bookValuePerShare, enterpriseValue } = told
  if (!isCertain) return withoutAbsent({ peRatio: usual(peRatio), forwardPeRatio: usual(forwardPeRatio) })
  const isOfPrice = (ratio: number | undefined, perShare: number | undefined, divisor: number) =>
    price !== undefined && ratio && perShare ? near(ratio, price / divisor / perShare) : false
  const known = usual(peRatio)
  return withoutAbsent({
    peRatio: known,
    forwardPeRatio: usual(forwardPeRatio),
    epsTrailing: isOfPrice(known, epsTrailing, 1)
      ? rounded(epsTrailing! / perMajor, DECIMALS)
      : isOfPrice(known, epsTrailing, perMajor)
        ? epsTrailing
        : undefined,
    // Statements, and so book values, are in the major unit.
    priceToBook: isOfPrice(priceToBook, bookValuePerShare, 1)
      ? rounded(priceToBook! / perMajor, DECIMALS)
      : priceToBook,
    bookValuePerShare,
    enterpriseValue
  })
}

function usual(ratio: number | undefined): number | undefined {
  return ratio !== undefined && Math.abs(ratio) < DOUBTFUL_EARNINGS_RATIO ? ratio : undefined
}

function near(ratio: number, expected: number): boolean {
  return Math.abs(ratio - expected) <= Math.abs(expected) * RATIO_TOLERANCE
}
