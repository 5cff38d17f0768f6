import { kindOfSymbol } from './instrument-kind.ts'
import type { Quote } from './quote.ts'

/** Below it one digit is no price: the rupiah has been told as 0.0001 of a euro, which was 0.0000578. */
const SMALLEST_SURE_RATE = 0.001

/** Whether a rate is rounded to a step as large as itself. Shares do trade at 0.0001, which is a step of their exchange. */
export function isRoundedRate(
  price: number,
  { symbol, kind = kindOfSymbol(symbol) }: Pick<Quote, 'symbol' | 'kind'>
): boolean {
  if (kind !== 'fx' && kind !== 'crypto') return false
  return price > 0 && price < SMALLEST_SURE_RATE && Number(price.toPrecision(1)) === price
}
