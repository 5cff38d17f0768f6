import { encodingAnswer } from '../cache/entry.ts'
import type { BarRequest, BarSeries } from '../market/bar.ts'
import type { IndicatorRequest, IndicatorSet } from '../market/indicator.ts'
import type { Answer, Asker, MarketData } from '../market/market-data.ts'
import { inSlices } from '../slices.ts'
import { findPatterns, PATTERN_WARM_UP_BARS } from './candle-patterns.ts'
import {
  barsWithThoseBefore,
  barsWithWarmUp,
  computeIndicators,
  onlyIndicator,
  resolveIndicators
} from './indicator-series.ts'

type TechnicalAnalysis = Pick<MarketData, 'indicators' | 'indicator' | 'patterns'>

/** What is computed of bars, as fresh as they are. */
export function createTechnicalAnalysis(
  askBars: (request: BarRequest, asker?: Asker) => Promise<Answer<BarSeries>>
): TechnicalAnalysis {
  async function askIndicators<T>(
    { indicators, bars }: IndicatorRequest,
    asker: Asker | undefined,
    shape: (set: IndicatorSet) => T
  ): Promise<Answer<T>> {
    const resolved = resolveIndicators(indicators)
    const series = await askBars(barsWithWarmUp(resolved, bars, Date.now()), asker)
    return inSlices(
      (function* () {
        const set = yield* computeIndicators(resolved, series.value, bars)
        return yield* encodingAnswer(shape(set), series)
      })()
    )
  }

  return {
    indicators: (request, asker) => askIndicators(request, asker, (set) => set),
    indicator: (request, asker) => askIndicators(request, asker, onlyIndicator),
    async patterns({ names, bars }, asker) {
      const series = await askBars(barsWithThoseBefore(PATTERN_WARM_UP_BARS, bars, Date.now()), asker)
      return inSlices(
        (function* () {
          return yield* encodingAnswer(yield* findPatterns(names, series.value, bars), series)
        })()
      )
    }
  }
}
