import type { BarSeries } from '../market/bar.ts'
import type { Split } from '../market/corporate-action.ts'
import type { HoursOf } from '../market/market-hours.ts'
import { withRunningMarked } from '../market/running-bar.ts'
import type { VendorSeries } from '../providers/provider.ts'
import { inSlices } from '../slices.ts'
import { judgeBars } from './bar-quality.ts'
import type { Judgement } from './quality.ts'
import { mayHideSplit, withSplits } from './series-splits.ts'

/**
 * Judges a series by every rule, in slices, and marks the bar that still runs. Where it may hide a split that its vendor
 * does not list, it is held against those that others list. `now` in epoch milliseconds.
 */
export async function judgeSeries(
  told: VendorSeries,
  { now, hoursOf }: { now: number; hoursOf: HoursOf },
  splitsOf: () => Promise<readonly Split[]>
): Promise<Judgement<BarSeries>> {
  const splits = mayHideSplit(told) ? await splitsOf() : []
  const { value, doubts } = await inSlices(judgeBars(withSplits(told, splits), now, hoursOf))
  return { value: withRunningMarked(value, hoursOf(value.symbol)?.calendar), doubts }
}
