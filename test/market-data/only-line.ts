import type { IndicatorSet } from '../../src/market/indicator.ts'
import { onlyIndicator } from '../../src/market-data/indicator-series.ts'
import { finished } from '../support/finished.ts'

/** The only indicator of a set that is computed, its points as a list. */
export function onlyLine(computing: Generator<void, IndicatorSet>) {
  const { points, ...line } = onlyIndicator(finished(computing))
  return { ...line, points: [...points] }
}
