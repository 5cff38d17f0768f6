import { indianDerivative, isEquityDerivative, underlyingNamed } from './indian-derivative.ts'
import { underlyingOfRoot } from './option-roots.ts'

/** What an option's canonical symbol tells. */
export type OptionNamed = {
  /** Canonical; undefined where the contract was adjusted, or is on a future. */
  readonly underlying: string | undefined
  readonly side: 'call' | 'put'
  readonly strike: number
  /** YYYY-MM-DD. */
  readonly expiry: string
}

/** As the OCC spells it, without padding. A digit ends the root of a contract that a split or a merger adjusted. */
const OCC = /^([A-Z]{1,5}[A-Z0-9]?)(\d\d)(\d\d)(\d\d)([CP])(\d{8})$/
/** The OCC writes strikes in thousandths. */
const STRIKE_UNIT = 1000

/** The root of a symbol as the OCC spells it; undefined for all else. */
export const occRoot = (symbol: string): string | undefined => OCC.exec(symbol)?.[1]

/** Undefined for what is no option. */
export function optionNamed(symbol: string): OptionNamed | undefined {
  const [, root, year, month, day, right, strike] = OCC.exec(symbol) ?? []
  if (root !== undefined) {
    return {
      underlying: underlyingOfRoot(root),
      side: right === 'C' ? 'call' : 'put',
      strike: Number(strike) / STRIKE_UNIT,
      expiry: `20${year}-${month}-${day}`
    }
  }
  const derivative = indianDerivative(symbol)
  if (derivative?.right === undefined || derivative.strike === undefined) return undefined
  const { right: side, strike: price, expiry } = derivative
  const underlying = isEquityDerivative(derivative) ? underlyingNamed(derivative.root) : undefined
  return { underlying, side, strike: price, expiry }
}
