import { quoteTypeOf } from './kinds.ts'
import { currencyUnit, finite, UNIT_UNKNOWN, type CurrencyUnit } from '../parse.ts'

/** What single precision, in which Yahoo keeps prices, can tell apart. */
const FLOAT32_DIGITS = 7
const MAX_DECIMALS = 10
/** Sizes that single precision tells apart by decimals, of which it knows no more than these. */
const SMALLEST_IN_DECIMALS = 0.01
const LARGEST_IN_DECIMALS = 2 ** 23
const MAX_SCALE = 1e8
/** London, Johannesburg, Tel Aviv and Kuwait: prices in hundredths beside prices in whole units. */
const IN_MIXED_UNITS = /\.(L|IL|JO|TA|KW)$/

/** Oil for May 2020 cost -37.63 dollars; ^IRX, the yield of bills, was below zero in March 2020. */
const BELOW_ZERO = new Set(['FUTURE', 'INDEX'])

/** Reads one instrument's prices: into the major unit of its currency, and rid of the noise that Yahoo's floats carry. */
export type PriceReader = CurrencyUnit & {
  /** A price; undefined where there is none, or where Yahoo wrote 0 for none. */
  price(value: unknown): number | undefined
  /** A difference between prices, in which 0 means no change. Given to as many decimals as `beside` has. */
  change(value: unknown, ...beside: unknown[]): number | undefined
}

export type Priced = { symbol: string; currency?: string | null; quoteType?: string | null }

export function priceReader({ symbol, currency, quoteType }: Priced): PriceReader {
  const told = currencyUnit(currency)
  const isInDoubt = !currency && IN_MIXED_UNITS.test(symbol)
  const unit = isInDoubt ? { ...told, isCertain: false, note: UNIT_UNKNOWN } : told
  const toMajor = (value: number) => (unit.perMajor === 1 ? value : tidy(value / unit.perMajor, 12))
  return {
    ...unit,
    price(value) {
      const known = finite(value)
      const isPrice = known !== undefined && (known > 0 || (known < 0 && BELOW_ZERO.has(quoteTypeOf(quoteType) ?? '')))
      return isPrice ? toMajor(withoutFloatNoise(known)) : undefined
    },
    change(value, ...beside) {
      const known = finite(value)
      if (known === undefined) return undefined
      const decimals = Math.max(2, ...beside.map((price) => decimalsOf(withoutFloatNoise(finite(price) ?? 0))))
      return toMajor(Number(known.toFixed(Math.min(decimals, MAX_DECIMALS))))
    }
  }
}

/**
 * Undoes the widening of a single-precision number: 13.237000465393066 was 13.237. It is the shortest decimal that
 * single precision cannot tell from the value, so no digit that Yahoo knew is lost; a number that was never single
 * precision stays as it is.
 */
export function withoutFloatNoise(value: number): number {
  if (Math.fround(value) !== value) return value
  const size = Math.abs(value)
  if (size >= SMALLEST_IN_DECIMALS && size < LARGEST_IN_DECIMALS) {
    // The fewest decimals are the fewest digits; of single precision all of these products are exact.
    for (let scale = 1; scale <= MAX_SCALE; scale *= 10) {
      const shorter = Math.round(size * scale) / scale
      if (Math.fround(shorter) === size) return value < 0 ? -shorter : shorter
    }
  }
  for (let digits = 1; digits <= 9; digits++) {
    const shorter = Number(value.toPrecision(digits))
    if (Math.fround(shorter) === value) return shorter
  }
  return value
}

/** The product of a price and a factor, to the digits that the price had. */
export function scaled(price: number, factor: number): number {
  return factor === 1 ? price : tidy(price * factor, FLOAT32_DIGITS)
}

/** A fraction as a percentage: 0.0041 as 0.41. */
export function percentOf(fraction: unknown): number | undefined {
  const known = finite(fraction)
  return known === undefined ? undefined : tidy(known * 100, 12)
}

function tidy(value: number, digits: number): number {
  return Number(value.toPrecision(digits))
}

function decimalsOf(value: number): number {
  const text = String(value)
  return text.includes('e') ? MAX_DECIMALS : (text.split('.')[1]?.length ?? 0)
}
