import type { Bar } from '../market/bar.ts'
import { mayFallBelowZero } from '../market/instrument-kind.ts'

/** Whether a bar of a vendor's past can be: one that cannot would stand in the place of what the stream missed. */
export function isPossibleBar(symbol: string, { open, high, low, close, volume }: Omit<Bar, 'start'>): boolean {
  const isAnySign = mayFallBelowZero(symbol)
  const arePrices = [open, high, low, close].every(
    (price) => Number.isFinite(price) && (price > 0 || (price < 0 && isAnySign))
  )
  const isRange = low <= Math.min(open, close) && high >= Math.max(open, close)
  return arePrices && isRange && (volume === undefined || volume >= 0)
}
