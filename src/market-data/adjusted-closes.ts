import { encodingAnswer } from '../cache/entry.ts'
import type { BarSeries, HistoricalSeries } from '../market/bar.ts'
import type { Answer } from '../market/market-data.ts'
import { inSlices, mapping } from '../slices.ts'

/** Bars with the closes of another series of the same symbol and interval beside their own, by the start of each. */
export function besideCloses(series: Answer<BarSeries>, closes: Answer<BarSeries>): Promise<Answer<HistoricalSeries>> {
  return inSlices(
    (function* () {
      const { adjusted, provenance, bars } = closes.value
      const byStart = new Map(bars.map(({ start, close }) => [start, close]))
      const value: HistoricalSeries = {
        ...series.value,
        bars: yield* mapping(series.value.bars, (bar) => {
          const adjustedClose = byStart.get(bar.start)
          return { ...bar, ...(adjustedClose !== undefined && { adjustedClose }) }
        }),
        adjustedCloses: { adjusted, provenance }
      }
      return yield* encodingAnswer(value, {
        receivedAt: Math.min(series.receivedAt, closes.receivedAt),
        freshUntil: Math.min(series.freshUntil, closes.freshUntil),
        staleUntil: Math.min(series.staleUntil, closes.staleUntil)
      })
    })()
  )
}
