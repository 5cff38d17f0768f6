import { BarBuilder } from './bar-builder.ts'
import type { BarChange } from './bar-change.ts'

/**
 * What a builder that goes on from what `BarBuilder.save` gave has yet to tell. While their interval runs, bars are written
 * only every few seconds; what is saved with each batch has all of its trades.
 */
export function unwrittenBars(saved: Float64Array): BarChange[] {
  const builder = new BarBuilder()
  builder.addSeries(saved)
  return builder.flush({ heardUntil: () => -Infinity, endOfDay: () => Infinity, provisional: true })
}
